/** A piece of TypeScript that stands for itself, such as `signal`. */
export class Code {
  constructor(readonly text: string) {}
}

/** A value as TypeScript that gives it: keys bare where they may be, missing ones left out. Text is quoted, so no text becomes code. */
export function codeOf(value: unknown): string {
  if (value instanceof Code) return value.text;
  if (Array.isArray(value)) return `[${value.map(codeOf).join(', ')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'undefined';
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return '{}';
  const key = (name: string) => {
    // Written bare or quoted it would set the prototype.
    if (name === '__proto__') return '["__proto__"]';
    return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
  };
  // `{ signal }` for `{ signal: signal }`.
  const member = ([name, item]: [string, unknown]) =>
    item instanceof Code && item.text === name ? name : `${key(name)}: ${codeOf(item)}`;
  return `{ ${entries.map(member).join(', ')} }`;
}

/** The options of a long call, with the cell's own signal and a progress bar. */
export function longCallCode(options: object): string {
  return codeOf({ ...options, signal: new Code('signal'), onProgress: new Code('progressBar()') });
}

/** Imports what the code of a long call and of its displays needs. */
export function notebookImport(...names: string[]): string {
  return `import { ${['progressBar', ...names].sort().join(', ')} } from 'mstlab/notebook';\n`;
}
