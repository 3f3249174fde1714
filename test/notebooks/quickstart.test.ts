import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type NotebookRun, runNotebook } from '../../kernel-plugins/notebook-runner';
import { listRuns } from '../../src/runs';
import { cellsOf, pictures, printed, TENSORFLOW_BANNER } from '../support/notebook-cells';

const PATH = join(__dirname, '../../notebooks/guide/01-quickstart.ipynb');
describe('the quickstart notebook, through the real kernel with the real model (preset smoke)', () => {
  let runs: string;
  let out: string;
  let first: NotebookRun;
  const execute = () =>
    runNotebook(PATH, { out, parameters: { preset: 'smoke' }, timeoutSeconds: 1500, allowStderr: TENSORFLOW_BANNER });

  beforeAll(async () => {
    runs = mkdtempSync(join(tmpdir(), 'mstlab-story-'));
    out = join(runs, 'quickstart.ipynb');
    process.env.MSTLAB_RUNS = join(runs, 'runs');
    first = await execute();
  }, 1_600_000);

  it('runs from top to bottom without an error, a lost output or a figure without its PNG', () => {
    expect(first.problems).toEqual([]);
    expect(pictures(cellsOf(out))).toBe(6);
  });

  it('trains three arms and measures every condition, and the wording typed at the end', () => {
    const kinds = listRuns(join(runs, 'runs')).runs.map(({ kind }) => kind);
    const count = (kind: string) => kinds.filter((found) => found === kind).length;
    expect(count('news-train')).toBe(3);
    expect(count('news-samples')).toBe(11);
    expect(count('news-contrast')).toBe(11 + 1);
    expect(printed(cellsOf(out))).toMatch(/checked: 16 rows in each arm/);
  });

  it('run again finds everything on disk and prints the same predictions', async () => {
    const before = printed(cellsOf(out));
    const again = await execute();
    expect(again.problems).toEqual([]);
    const after = printed(cellsOf(out));
    expect(after).toContain('Everything is on disk: nothing to train, nothing to measure.');
    const predictions = (text: string) => text.split('\n').filter((line) => /^(holds|FAILS|unknown) /.test(line));
    expect(predictions(after).length).toBeGreaterThanOrEqual(7);
    expect(predictions(after)).toEqual(predictions(before));
  }, 600_000);
});

describe('the committed quickstart notebook', () => {
  const cells = cellsOf(PATH);
  const code = cells.filter((cell) => cell.cell_type === 'code');

  it('was executed from top to bottom at preset quick', () => {
    expect(printed(cells)).toContain('news experiment, preset quick');
    expect(code.map((cell) => cell.execution_count)).toEqual(code.map((_, index) => index + 1));
  });

  it('shows its figures as PNG, holds no error and is under 1 MB', () => {
    expect(pictures(cells)).toBe(6);
    expect(cells.flatMap((cell) => cell.outputs ?? []).filter(({ output_type }) => output_type === 'error')).toEqual(
      [],
    );
    expect(statSync(PATH).size).toBeLessThan(1_000_000);
  });

  it('names no folder of the machine that executed it', () => {
    expect(readFileSync(PATH, 'utf8')).not.toMatch(/\/(?:home|root|tmp|work|Users)\//);
  });
});
