import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Appends one step's record to a file of JSON lines. */
export function appendStepLine(path: string, line: { readonly step: number }): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `${JSON.stringify(line)}\n`);
}

/** The records of the first `steps` steps; later lines, written after the checkpoint that is resumed, are cut off. */
export function rewindStepLines<Line extends { readonly step: number }>(path: string, steps: number): Line[] {
  if (!existsSync(path)) return [];
  const kept: Line[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    // A kill can leave half a line; it belongs to a step after the checkpoint.
    const parsed = parseLine<Line>(line);
    if (parsed && parsed.step <= steps) kept.push(parsed);
  }
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
  renameSync(temporary, path);
  return kept;
}

function parseLine<Line>(line: string): Line | null {
  try {
    return line === '' ? null : (JSON.parse(line) as Line);
  } catch {
    return null;
  }
}
