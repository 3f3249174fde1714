import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Exchange, LaunchedKernel } from '../../../../kernel-plugins/notebook-runner';
import { ensureTinyModel, TINY_MODEL } from '../../../../src/experiments/addition/tiny-model';
import { contents, executed, printed, resultText, startKernel } from '../../kernel/support';

const folder = (name: string) => mkdtempSync(join(tmpdir(), `mstlab-${name}-`));

describe('the magics for the work on the wire, sycophancy at its smoke preset', () => {
  let kernel: LaunchedKernel;
  let model: string;
  const out = folder('export');

  beforeAll(async () => {
    // It need not know sums here: the machinery is what is tested.
    const recipe = { ...TINY_MODEL, pretraining: { ...TINY_MODEL.pretraining, steps: 20, warmupSteps: 1 } };
    [model, kernel] = await Promise.all([
      ensureTinyModel({ runs: folder('tiny'), seed: 0, recipe }),
      startKernel({ env: { MSTLAB_RUNS: folder('runs') } }),
    ]);
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });

  const run = (code: string) => executed(kernel, code);
  const shownBy = (exchange: Exchange): string =>
    [
      printed(exchange),
      ...contents(exchange, 'display_data').map(({ data }) => data['text/plain']),
      ...contents(exchange, 'update_display_data').map(({ data }) => data['text/plain']),
    ].join('\n');
  /** The code that a magic says it stands for. */
  const codeOf = (exchange: Exchange): string =>
    /^\/\/ stands for:\n([\s\S]*)$/.exec(
      contents(exchange, 'display_data')
        .map(({ data }) => String(data['text/plain']))
        .find((text) => text.startsWith('// stands for:')) ?? '',
    )?.[1] ?? '';
  const complete = async (code: string) =>
    (await kernel.client.request('complete_request', { code, cursor_pos: code.length })).reply.content.matches;

  test('no experiment, frame or TensorFlow is loaded before a magic of the work runs', async () => {
    const loaded = await run(
      '%lsmagic\nObject.keys(require("node:module")._cache).filter((path) => /src.(experiments|compute|model)|danfojs|tfjs|plotly/.test(path))',
    );
    expect(resultText(loaded)).toBe('[]');
  });

  test('a label is defined, listed, completed, and is a typed value', async () => {
    await run(`%use --task sycophancy --preset smoke --model ${model}`);
    const defined = await run('%%label strict\nzero, this monitor sees through flattery\n');
    expect(shownBy(defined)).toMatch(/strict: 40 characters, \d+ tokens/);
    expect(shownBy(await run('%labels'))).toMatch(/strict .*Level: zero, this moni… .* session/);
    expect(await complete('%compare str')).toEqual(['strict']);
    // The front end replaces the last name of a list alone.
    expect(await complete('%sweep --labels 0%,str')).toEqual(['strict']);
    expect(resultText(await run('const own = %labels\nown.at(-1)!.label.text'))).toContain('zero, this monitor');
  });

  test('an interrupt ends a training, and the next %train goes on', async () => {
    const long = kernel.client.execute('%train mst --steps 100000', {
      onPublished({ header, content }) {
        // Steps, not the warm start: that is kept by then.
        if (/data/.test(header.msg_type) && /train mst .*steps\/s/.test(content.data?.['text/plain'] ?? ''))
          if (Number.isNaN(interruptedMs)) {
            interruptedMs = performance.now();
            kernel.interrupt();
          }
      },
    });
    let interruptedMs = Number.NaN;
    const { reply } = await long;
    expect(reply.content.status).toBe('error');
    // 2 s are promised; a loaded machine gets three times that.
    expect(performance.now() - interruptedMs).toBeLessThan(6_000);
    expect(shownBy(await run('%arms'))).toMatch(/mst .* begun/);
    await run(`%use --preset smoke --model ${model}`);
    const trained = await run('const trained = %train');
    expect(shownBy(trained)).toMatch(/baseline[\s\S]*mst[\s\S]*shuffled/);
    expect(resultText(await run('trained.map(({ arm, trainedNow }) => `${arm} ${trainedNow}`).join()'))).toBe(
      "'baseline true,mst true,shuffled true'",
    );
  });

  test('a sweep shows a chart and a table once, and its value goes on in TypeScript', async () => {
    const sweep = await run('%sweep --labels 0,50,strict --arms mst,baseline');
    expect(contents(sweep, 'execute_result')).toEqual([]);
    expect(contents(sweep, 'display_data').filter(({ data }) => 'image/png' in data)).toHaveLength(1);
    await run('const kept = %sweep --labels 0,50,strict --arms mst,baseline');
    expect(resultText(await run('kept.frame.shape[0]'))).toBe('7');
    // Shown by a cell of its own it shows itself.
    expect(resultText(await run('kept'))).toMatch(/^policy/);
    const wrong = await kernel.client.execute('kept.frams');
    expect(contents(wrong, 'error')[0].traceback.join('\n')).toContain("on type 'Sweep'. Did you mean 'frame'?");
  });

  test('compares, writes and judges', async () => {
    const compared = shownBy(await run('%compare 0 --against shuffled'));
    expect(compared).toContain('MST under 0% − shuffled under 0%, paired by operand pair');
    expect(compared).toMatch(/95% interval .* n = \d+/);
    const written = await run('%%generate --labels 0 --arms mst,shuffled --max-tokens 2\n<b>1 + 1 = 3</b>?');
    const html = contents(written, 'display_data').map(({ data }) => data['text/html'] ?? '');
    expect(html.some((text) => text.includes('&lt;b&gt;1 + 1 = 3&lt;/b&gt;?'))).toBe(true);
    expect(html.join('')).not.toContain('<b>1');
    expect(shownBy(await run('%judge --rows'))).toContain('PROXY');
  });

  test('runs, cost and export tell and keep what was done', async () => {
    expect(shownBy(await run('%runs --kind addition-train'))).toMatch(/unfinished/);
    expect(shownBy(await run('%cost'))).toContain('addition-train');
    await run(`%export frame ${out}/cost.csv`);
    expect(readFileSync(join(out, 'cost.csv'), 'utf8')).toMatch(/^kind,runs,finished,seconds/);
    await run(`%export adapter ${out}/mst`);
    expect(existsSync(join(out, 'mst', 'adapter_model.safetensors'))).toBe(true);
    const again = await kernel.client.execute(`%export adapter ${out}/mst`);
    expect(contents(again, 'error')[0]).toMatchObject({ ename: 'ConfigError' });
    expect(shownBy(await run('%gpu'))).toMatch(/TensorFlow \d+\.\d+\.\d+ computes on the (GPU|processor): /);
  });

  test('the meter gives one kind of value for both tasks, with a chart, a table and a sentence a policy', async () => {
    const metered = await run('const meter = %meter --arms mst,shuffled --labels 0,50');
    expect(shownBy(metered)).toMatch(/mst: the label decides \d+\.\d% of what it could about the answer/);
    expect(contents(metered, 'display_data').filter(({ data }) => 'image/png' in data)).toHaveLength(1);
    expect(resultText(await run('meter.words.length + " " + meter.frame.columns.includes("missing_reason")'))).toBe(
      "'2 true'",
    );
    expect(resultText(await run('meter.frame'))).toMatch(/drawn_information/);
  });

  test('a sweep is exported as a table, a report and a log', async () => {
    await run('%sweep --labels 0,strict --arms mst,shuffled');
    for (const [what, file, start] of [
      ['frame', 'sweep.parquet', 'PAR1'],
      ['report', 'report.html', '<!doctype html>'],
      ['inspect', 'log.json', '{'],
    ]) {
      expect(shownBy(await run(`%export ${what} ${out}/${file}`))).toMatch(/Wrote .*: .* k?B/);
      expect(readFileSync(join(out, file), 'latin1').slice(0, start.length)).toBe(start);
    }
    expect(
      JSON.parse(readFileSync(join(out, 'log.json'), 'utf8').replaceAll('NaN', 'null')).samples.length,
    ).toBeGreaterThan(0);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('<h2>Threats</h2>');
  });

  test.each([
    '%use',
    '%labels',
    '%arms',
    '%train mst',
    '%sweep --labels 0,strict --arms mst',
    '%compare 0 --at strict',
    '%generate "is 2 + 2 = 5?" --arms mst --max-tokens 2',
    '%%label other\nanother wording, typed by hand',
    '%judge --rows',
    '%runs --last 3',
    '%cost',
    '%gpu',
    `%export labels ${out}/labels.json --force`,
    '%meter --arms mst,shuffled --labels 0,50',
    `%export report ${out}/report.html --force`,
    `%export inspect ${out}/log.json --force`,
  ])('the code that %s prints runs in a cell', async (line) => {
    const code = codeOf(await run(line));
    expect(code).not.toBe('');
    await run(code);
  });
});
