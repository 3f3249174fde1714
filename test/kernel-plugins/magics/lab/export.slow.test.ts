import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { frameOf } from '../../../../src/analysis/frame';
import { type Sweep, Workbench } from '../../../../src/experiments';
import type { NewsExperiment } from '../../../../src/experiments/news';
import { madeUp, openTiny } from '../../../experiments/report/tiny-run';
import { type MagicBench, magicBench } from './support';

describe('%export of what was swept', () => {
  let news: NewsExperiment;
  let bench: MagicBench | null = null;
  beforeAll(async () => {
    news = await openTiny();
  });
  afterEach(() => bench?.close());
  afterAll(() => news.dispose());

  function open() {
    const lab = new Workbench({ runs: mkdtempSync(join(tmpdir(), 'mstlab-runs-')) });
    Object.assign(lab, { news: async () => news });
    bench = magicBench(() => lab);
    return { lab, bench };
  }
  const swept = () => ({ task: 'news', measured: madeUp(news) }) as unknown as Sweep;

  test('the newest table goes to Parquet by the path’s ending', async () => {
    const { lab, bench } = open();
    lab.remember(frameOf({ label: ['a', null], nats: [0.5, 1] }));
    const path = join(lab.runs, 'table.parquet');
    await bench.run(`%export frame ${path}`);
    expect(readFileSync(path).subarray(0, 4).toString()).toBe('PAR1');
    expect(readFileSync(path).subarray(-4).toString()).toBe('PAR1');
    expect(bench.code[0]).toContain(`await exportParquet(lab.lastFrame!, ${JSON.stringify(path)}, {})`);
    await expect(bench.run(`%export frame ${path}`)).rejects.toThrow(/nothing is overwritten without force/);
  });

  test('the newest sweep goes to a report that opens without a network', async () => {
    const { lab, bench } = open();
    lab.lastSweep = swept();
    const path = join(lab.runs, 'report.html');
    await bench.run(`%export report ${path}`);
    expect(readFileSync(path, 'utf8')).toMatch(/^<!doctype html>[\s\S]*<h2>Threats<\/h2>/);
    expect(bench.text()).toMatch(/Wrote .*report\.html: a report, \d+\.\d kB/);
    expect(bench.code[0]).toContain("import { exportReport, labReport } from 'mstlab/experiments';");
  });

  test('and to a log that Inspect reads', async () => {
    const { lab, bench } = open();
    lab.lastSweep = swept();
    const path = join(lab.runs, 'log.json');
    await bench.run(`%export inspect ${path}`);
    const log = JSON.parse(readFileSync(path, 'utf8').replaceAll('"value": NaN', '"value": null'));
    expect(log.samples).toHaveLength(madeUp(news).flatMap(({ samples }) => samples).length);
    expect(bench.code[0]).toContain("import { exportInspectLog, labInspectLog } from 'mstlab/experiments';");
  });

  test('without a sweep, or after settings changed, says which to run; a wrong ending or a file that is there is refused', async () => {
    const { lab, bench } = open();
    const path = join(lab.runs, 'kept.html');
    await expect(bench.run(`%export report ${path}`)).rejects.toThrow(
      /must be a sweep under the settings in use, got none/,
    );
    lab.lastSweep = swept();
    await bench.run('%use --preset smoke');
    await expect(bench.run(`%export inspect ${join(lab.runs, 'log.json')}`)).rejects.toThrow(
      /Run lab\.sweep or %sweep/,
    );
    lab.lastSweep = swept();
    await expect(bench.run(`%export inspect ${join(lab.runs, 'log.eval')}`)).rejects.toThrow(/must end in \.json/);
    writeFileSync(path, 'mine');
    await expect(bench.run(`%export report ${path}`)).rejects.toThrow(/nothing is overwritten without force/);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });
});
