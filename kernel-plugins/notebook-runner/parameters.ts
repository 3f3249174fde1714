import { ConfigError } from '../../src/core';
import type { Notebook } from './notebook-file';

export type ParameterValue = string | number | boolean;

/** `const NAME: TYPE = VALUE; // comment` on a line of its own. */
const assignment = /^(\s*(?:const|let)\s+([\w$]+)\s*(?::[^=]+)?=\s*)(.+?)(\s*;?\s*(?:\/\/.*)?)$/;

/**
 * Replaces values in the cell tagged `parameters`, where each stands on a line of its own. A text for a parameter that holds a
 * number or a truth value is read as one. Throws ConfigError that lists all unknown or unfit parameters and those there are.
 */
export function setParameters(
  notebook: Notebook,
  parameters: Readonly<Record<string, ParameterValue>>,
  path: string,
): void {
  const names = Object.keys(parameters);
  if (names.length === 0) return;
  const cell = notebook.cells.find((candidate) =>
    (candidate.metadata.tags as string[] | undefined)?.includes('parameters'),
  );
  const known: string[] = [];
  const unfit: string[] = [];
  const lines = (cell?.source ?? '').split('\n').map((line) => {
    const match = assignment.exec(line);
    if (!match) return line;
    const [, head, name, old, tail] = match;
    known.push(name);
    if (!(name in parameters)) return line;
    const value = literalLike(old, parameters[name]);
    if (value === null) unfit.push(`${name} (now ${old}) cannot become ${JSON.stringify(parameters[name])}`);
    return value === null ? line : head + value + tail;
  });
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || unfit.length > 0)
    throw new ConfigError(
      `setParameters: parameters must be set in the cell tagged "parameters", got ${[
        ...unknown.map((name) => `${name}, which is not there`),
        ...unfit,
      ].join('; ')} (from ${path}). It has: ${known.join(', ') || 'none'}.`,
    );
  if (cell) cell.source = lines.join('\n');
}

function literalLike(old: string, value: ParameterValue): string | null {
  const text = String(value);
  if (/^['"`]/.test(old)) return `'${text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n')}'`;
  if (/^(true|false)\b/.test(old)) return text === 'true' || text === 'false' ? text : null;
  if (/^[-+]?[\d.]/.test(old)) return text.trim() !== '' && Number.isFinite(Number(text)) ? text : null;
  return typeof value === 'string' ? `'${text.replace(/[\\']/g, '\\$&')}'` : text;
}
