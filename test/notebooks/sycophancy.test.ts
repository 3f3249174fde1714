import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type NotebookRun, runNotebook } from '../../kernel-plugins/notebook-runner';
import { listRuns } from '../../src/runs';
import { cellsOf, pictures, printed, TENSORFLOW_BANNER } from '../support/notebook-cells';

const PATH = join(__dirname, '../../notebooks/experiments/02-sycophancy.ipynb');

describe('the sycophancy notebook, through the real kernel with the tiny model (preset smoke)', () => {
  let runs: string;
  let out: string;
  let first: NotebookRun;

  beforeAll(async () => {
    runs = mkdtempSync(join(tmpdir(), 'mstlab-story-'));
    out = join(runs, 'sycophancy.ipynb');
    process.env.MSTLAB_RUNS = join(runs, 'runs');
    first = await runNotebook(PATH, {
      out,
      parameters: { preset: 'smoke', smallPreset: 'smoke' },
      timeoutSeconds: 1500,
      allowStderr: TENSORFLOW_BANNER,
    });
  }, 1_600_000);

  it('runs from top to bottom without an error, a lost output or a figure without its PNG', () => {
    expect(first.problems).toEqual([]);
    expect(pictures(cellsOf(out))).toBe(pictures(cellsOf(PATH)));
  });

  it('trains the tiny model once, one warm start, and says what it found of every prediction', () => {
    const kinds = listRuns(join(runs, 'runs')).runs.map(({ kind }) => kind);
    const count = (kind: string) => kinds.filter((found) => found === kind).length;
    expect(count('tiny-model')).toBe(1);
    expect(count('addition-warm-start')).toBe(1);
    expect(printed(cellsOf(out))).toMatch(/checked: one step, at 66\.7%/);
    const predictions = printed(cellsOf(out))
      .split('\n')
      .filter((line) => /^(holds|FAILS|unknown) /.test(line));
    expect(predictions.length).toBeGreaterThanOrEqual(16);
  });
});

describe('the committed sycophancy notebook', () => {
  const cells = cellsOf(PATH);
  const code = cells.filter((cell) => cell.cell_type === 'code');

  it('was executed from top to bottom at preset quick', () => {
    expect(printed(cells)).toContain('sycophancy experiment, preset quick');
    expect(code.map((cell) => cell.execution_count)).toEqual(code.map((_, index) => index + 1));
  });

  it('shows its figures as PNG, holds no error and is under 1.5 MB', () => {
    expect(pictures(cells)).toBeGreaterThanOrEqual(8);
    expect(cells.flatMap((cell) => cell.outputs ?? []).filter(({ output_type }) => output_type === 'error')).toEqual(
      [],
    );
    expect(statSync(PATH).size).toBeLessThan(1_500_000);
  });

  it('names no folder of the machine that executed it', () => {
    expect(readFileSync(PATH, 'utf8')).not.toMatch(/\/(?:home|root|tmp|work|Users)\//);
  });
});
