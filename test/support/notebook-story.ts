import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { type NotebookRun, type ParameterValue, runNotebook } from '../../kernel-plugins/notebook-runner';
import { exerciseCounts, withSolutions } from '../notebooks/solved-exercises';
import { type Cell, cellsOf, pictures, printed, TENSORFLOW_BANNER } from './notebook-cells';

/** A notebook that was executed through the real kernel, its exercises followed by their solutions. */
export interface Story {
  readonly run: NotebookRun;
  readonly cells: readonly Cell[];
  /** All that its cells printed. */
  readonly text: string;
  readonly pictures: number;
  /** Exercises of the notebook, each run as its stub and as its solution. */
  readonly exercises: number;
  /** The folder of runs that it used. */
  readonly runs: string;
}

/** Executes a notebook in a folder of its own, with an empty folder of runs unless one is given. */
export async function tellStory(
  path: string,
  options: {
    readonly parameters?: Readonly<Record<string, ParameterValue>>;
    readonly timeoutSeconds?: number;
    readonly runs?: string;
  } = {},
): Promise<Story> {
  const folder = mkdtempSync(join(tmpdir(), 'mstlab-story-'));
  const runs = options.runs ?? join(folder, 'runs');
  process.env.MSTLAB_RUNS = runs;
  const { path: copy, exercises } = withSolutions(path, folder);
  const out = join(folder, `executed-${basename(path)}`);
  const run = await runNotebook(copy, {
    out,
    parameters: options.parameters ?? {},
    timeoutSeconds: options.timeoutSeconds ?? 600,
    allowStderr: TENSORFLOW_BANNER,
  });
  const cells = cellsOf(out);
  return { run, cells, text: printed(cells), pictures: pictures(cells), exercises, runs };
}

/** The laws of every executed notebook: no problem, the figures of the committed one, stubs that fail and solutions that pass. */
export function tellsCleanly(story: () => Story, path: string): void {
  it('runs from top to bottom without an error, a lost output or a figure without its PNG', () => {
    expect(story().run.problems).toEqual([]);
    expect(story().pictures).toBe(pictures(cellsOf(path)));
  });

  it('says of each exercise that it is not solved, goes on, and takes its solution', () => {
    const { exercises, text } = story();
    expect(exerciseCounts(text)).toEqual({ solved: exercises, unsolved: exercises });
  });
}

/** The laws of every committed notebook. `says` is printed by an execution at the committed settings alone. */
export function isCommittedExecuted(path: string, says: string | RegExp): void {
  const cells = cellsOf(path);
  const code = cells.filter((cell) => cell.cell_type === 'code');

  it('was executed from top to bottom at its committed settings, its exercises unsolved', () => {
    expect(printed(cells)).toMatch(says);
    expect(code.map((cell) => cell.execution_count)).toEqual(code.map((_, index) => index + 1));
    expect(exerciseCounts(printed(cells)).solved).toBe(0);
  });

  it('holds no error, shows figures as PNG, and is under 1 MB', () => {
    const outputs = cells.flatMap((cell) => cell.outputs ?? []);
    expect(outputs.filter(({ output_type }) => output_type === 'error')).toEqual([]);
    const figures = outputs.filter(({ data }) => data?.['application/vnd.plotly.v1+json'] !== undefined);
    expect(figures.filter(({ data }) => data?.['image/png'] === undefined)).toEqual([]);
    expect(statSync(path).size).toBeLessThan(1_000_000);
  });

  it('names no folder of the machine that executed it', () => {
    expect(readFileSync(path, 'utf8')).not.toMatch(/\/(?:home|root|tmp|work|Users)\//);
  });
}

/** The laws of every experiment's notebook: the common sections in their order, and a counterpart of each of the article's figures. */
export function isExperiment(path: string, figures: readonly string[]): void {
  const prose = cellsOf(path)
    .flatMap(({ cell_type, source }) => (cell_type === 'markdown' ? [[source].flat().join('')] : []))
    .join('\n');

  it('has the sections of every experiment, in their order', () => {
    const headings = prose.match(/^## .*$/gm) ?? [];
    expect(headings.map((heading) => heading.replace(/^## \d · /, ''))).toEqual([
      'Question',
      'What is held fixed between arms',
      'What it costs',
      'Run',
      'Result',
      'Controls',
      'Threats',
      'What would change our mind',
    ]);
  });

  it('has a counterpart of each of the article’s figures', () => {
    for (const figure of figures) expect(prose, figure).toMatch(new RegExp(`[Ff]igures? .*${figure}`));
  });
}

/** Numbers that a text declares: each pattern's first group, as a number. Fails the test where one is not found. */
export function declared<N extends string>(text: string, patterns: Readonly<Record<N, RegExp>>): Record<N, number> {
  const found = Object.entries<RegExp>(patterns).map(([name, pattern]) => {
    const match = pattern.exec(text);
    expect(match, `the notebook declares ${name}`).not.toBeNull();
    return [name, Number(match![1].replace('−', '-'))];
  });
  return Object.fromEntries(found) as Record<N, number>;
}
