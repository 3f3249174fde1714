import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type NotebookRun, runNotebook } from '../../kernel-plugins/notebook-runner';
import { listRuns } from '../../src/runs';
import { SMOKE_PARAMETERS } from '../support/committed-notebooks';
import { cellsOf, pictures, printed, TENSORFLOW_BANNER } from '../support/notebook-cells';
import { exerciseCounts, withSolutions } from './solved-exercises';

const PATH = join(__dirname, '../../notebooks/guide/06-your-own-wording.ipynb');

describe('the notebook on wordings, through the real kernel with the real model (preset smoke)', () => {
  let runs: string;
  let out: string;
  let run: NotebookRun;
  let exercises: number;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mstlab-story-'));
    runs = join(folder, 'runs');
    out = join(folder, 'own-wording.ipynb');
    process.env.MSTLAB_RUNS = runs;
    const solved = withSolutions(PATH, folder);
    exercises = solved.exercises;
    run = await runNotebook(solved.path, {
      out,
      parameters: SMOKE_PARAMETERS['guide/06-your-own-wording.ipynb'],
      timeoutSeconds: 1500,
      allowStderr: TENSORFLOW_BANNER,
    });
  }, 1_600_000);

  it('runs from top to bottom without an error, a lost output or a figure without its PNG', () => {
    expect(run.problems).toEqual([]);
    expect(pictures(cellsOf(out))).toBe(pictures(cellsOf(PATH)));
  });

  it('says what training will take, trains the three arms that are not there, and tests the wordings on fresh topics', () => {
    expect(listRuns(runs).runs.filter(({ kind }) => kind === 'news-train')).toHaveLength(3);
    const text = printed(cellsOf(out));
    expect(text).toMatch(/Estimate from a measured step: about .*train baseline, mst, shuffled/);
    expect(text).toMatch(/of 2 finalists are shown to be below the reference on 8 fresh topics/);
    expect(text).toMatch(/6 wordings were tried/);
  });

  it('decides the frozen plan as planned, and calls a changed run exploratory', () => {
    const text = printed(cellsOf(out));
    const hash = /^plan ([0-9a-f]{12}), frozen/m.exec(text)?.[1];
    expect(text).toContain(`CONFIRMATORY: run as planned (plan ${hash}`);
    expect(text).toContain('H1 cannot be told: ');
    expect(text).toContain('EXPLORATORY: not run as planned');
    expect(text).toContain('config.evalTopics was 12, planned 4');
  });

  it('says of each exercise that it is not solved, goes on, and takes its solution', () => {
    expect(exercises).toBe(3);
    expect(exerciseCounts(printed(cellsOf(out)))).toEqual({ solved: 3, unsolved: 3 });
  });
});

describe('the committed notebook on wordings', () => {
  const cells = cellsOf(PATH);
  const code = cells.filter((cell) => cell.cell_type === 'code');

  it('was executed from top to bottom at preset quick, its exercises unsolved', () => {
    expect(printed(cells)).toContain('news experiment, preset quick');
    expect(code.map((cell) => cell.execution_count)).toEqual(code.map((_, index) => index + 1));
    expect(exerciseCounts(printed(cells))).toEqual({ solved: 0, unsolved: 3 });
  });

  it('has nonsense among its candidates, and says what it did', () => {
    expect(printed(cells)).toMatch(/“x” has \d+% of the effect that UNBIASED has against the baseline/);
    expect(printed(cells)).toContain('6 wordings were tried');
  });

  it('shows its figures as PNG, holds no error and is under 1 MB', () => {
    expect(pictures(cells)).toBe(5);
    expect(cells.flatMap((cell) => cell.outputs ?? []).filter(({ output_type }) => output_type === 'error')).toEqual(
      [],
    );
    expect(statSync(PATH).size).toBeLessThan(1_000_000);
  });

  it('names no folder of the machine that executed it', () => {
    expect(readFileSync(PATH, 'utf8')).not.toMatch(/\/(?:home|root|tmp|work|Users)\//);
  });
});
