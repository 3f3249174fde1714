import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type NotebookRun, runNotebook } from '../../kernel-plugins/notebook-runner';
import { SMOKE_PARAMETERS } from '../support/committed-notebooks';
import { cellsOf, pictures, printed, TENSORFLOW_BANNER } from '../support/notebook-cells';
import { exerciseCounts, withSolutions } from './solved-exercises';

const PATH = join(__dirname, '../../notebooks/guide/05-judging-blind.ipynb');

describe('the notebook on judging blind, through the real kernel (twelve topics)', () => {
  let out: string;
  let run: NotebookRun;
  let exercises: number;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mstlab-story-'));
    out = join(folder, 'judging-blind.ipynb');
    const solved = withSolutions(PATH, folder);
    exercises = solved.exercises;
    // Neither key nor address of a server: a request that were sent would fail the cell.
    for (const name of ['ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL', 'MSTLAB_KEY_FILE']) delete process.env[name];
    run = await runNotebook(solved.path, {
      out,
      parameters: SMOKE_PARAMETERS['guide/05-judging-blind.ipynb'],
      timeoutSeconds: 280,
      allowStderr: TENSORFLOW_BANNER,
    });
  }, 300_000);

  it('runs from top to bottom without a key, an error, a lost output or a figure without its PNG', () => {
    expect(run.problems).toEqual([]);
    expect(pictures(cellsOf(out))).toBe(2);
  });

  it('finds the canary in no request of a blind judge and in every one that shows the label', () => {
    const text = printed(cellsOf(out));
    expect(text).toContain('blind: the canary is in 0 of 60 requests');
    expect(text).toContain('copies not cut out: in 20 of 60; label shown on purpose: in 60 of 60');
    expect(text).toContain('checked: the ledger is empty');
  });

  it('measures an improvement that is not in the texts, and stops at the gate', () => {
    const text = printed(cellsOf(out));
    expect(Number(/an improvement of ([\d.]+) points/.exec(text)?.[1])).toBeGreaterThan(0.5);
    expect(text).toContain('UNBLINDED');
    expect(text).toContain('strong_right: 6 of 12 (missing: 6 the judge refused)');
  });

  it('says of each exercise that it is not solved, goes on, and takes its solution', () => {
    expect(exercises).toBe(3);
    expect(exerciseCounts(printed(cellsOf(out)))).toEqual({ solved: 3, unsolved: 3 });
  });
});

describe('the committed notebook on judging blind', () => {
  const cells = cellsOf(PATH);
  const code = cells.filter((cell) => cell.cell_type === 'code');

  it('was executed from top to bottom on all calibration topics, its exercises unsolved', () => {
    expect(printed(cells)).toContain('360 texts on 72 topics');
    expect(code.map((cell) => cell.execution_count)).toEqual(code.map((_, index) => index + 1));
    expect(exerciseCounts(printed(cells))).toEqual({ solved: 0, unsolved: 3 });
  });

  it('shows its figures as PNG, holds no error and is under 1 MB', () => {
    expect(pictures(cells)).toBe(2);
    expect(cells.flatMap((cell) => cell.outputs ?? []).filter(({ output_type }) => output_type === 'error')).toEqual(
      [],
    );
    expect(statSync(PATH).size).toBeLessThan(1_000_000);
  });

  it('names no folder of the machine that executed it', () => {
    expect(readFileSync(PATH, 'utf8')).not.toMatch(/\/(?:home|root|tmp|work|Users)\//);
  });
});
