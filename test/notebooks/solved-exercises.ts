import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

interface FileCell {
  readonly cell_type: string;
  readonly id: string;
  readonly source: string | string[];
}

const sourceOf = ({ source }: FileCell) => (typeof source === 'string' ? source : source.join(''));
const SOLUTION = /<summary>A solution<\/summary>\s*```ts\n([\s\S]*?)\n```/;

/**
 * A copy of a notebook in the folder, in which every exercise (a text with its solution folded in, a stub, a check) is followed by its
 * solution and the same check again. Gives the path of the copy and the number of exercises.
 */
export function withSolutions(path: string, folder: string): { path: string; exercises: number } {
  const notebook = JSON.parse(readFileSync(path, 'utf8')) as { cells: FileCell[] };
  let exercises = 0;
  const cells = notebook.cells.flatMap((cell, at): FileCell[] => {
    const solution = at < 2 ? null : SOLUTION.exec(sourceOf(notebook.cells[at - 2]));
    if (!solution) return [cell];
    exercises++;
    return [cell, { ...cell, id: `${cell.id}-solution`, source: solution[1] }, { ...cell, id: `${cell.id}-again` }];
  });
  const copy = join(folder, `solved-${basename(path)}`);
  writeFileSync(copy, JSON.stringify({ ...notebook, cells }));
  return { path: copy, exercises };
}

/** How often checks of exercises said each of the two things. */
export function exerciseCounts(printed: string): { solved: number; unsolved: number } {
  const count = (pattern: RegExp) => printed.match(pattern)?.length ?? 0;
  return { solved: count(/^Exercise \d+: solved$/gm), unsolved: count(/^Exercise \d+: not solved yet\. /gm) };
}
