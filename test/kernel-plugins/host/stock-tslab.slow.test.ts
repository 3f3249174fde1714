import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LaunchedKernel, launchKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, packageDir, printed } from '../kernel/support';

// What a person with an own tslab does: a folder of notebooks, and in it `node_modules/mstlab` as a link to the project.
describe('the display library in a stock tslab kernel', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-stock-'));
  const modules = join(packageDir, 'node_modules');
  let kernel: LaunchedKernel;

  beforeAll(async () => {
    mkdirSync(join(dir, 'node_modules'));
    symlinkSync(packageDir, join(dir, 'node_modules', 'mstlab'));
    const copy = join(dir, 'own', 'tslab');
    for (const part of ['bin', 'dist', 'package.json'])
      cpSync(join(modules, 'tslab', part), join(copy, part), { recursive: true });
    kernel = await launchKernel({
      argv: [process.execPath, join(copy, 'bin', 'tslab'), 'kernel', '--config-path', '{connection_file}'],
      env: { NODE_PATH: [join(modules, 'tslab', 'node_modules'), modules].join(delimiter) },
      cwd: dir,
      startTimeoutMs: 60_000,
    });
    const imports = 'clearOutput, display, displayBundle, progressBar, showFigure, showTexts';
    const { reply, published } = await kernel.client.execute(`import { ${imports} } from 'mstlab/notebook';`);
    expect(reply.content.status, JSON.stringify(published.map(({ content }) => content))).toBe('ok');
  });
  afterAll(async () => {
    await kernel?.shutdown();
    rmSync(dir, { recursive: true, force: true });
  });

  test('is one that is not ours', async () => {
    const { reply } = await kernel.client.request('kernel_info_request');
    expect(reply.content.implementation).not.toBe('mstlab');
  });

  test('shows a bundle as it is, bytes as base64', async () => {
    const exchange = await kernel.client.execute(
      "const rich = displayBundle({ data: { 'text/html': '<b>two</b>', 'image/png': new Uint8Array([1, 2]), 'text/plain': 'two' } })",
    );
    expect(contents(exchange, 'display_data').map(({ data }) => data)).toEqual([
      { 'text/html': '<b>two</b>', 'image/png': 'AQI=', 'text/plain': 'two' },
    ]);
  });

  test('updates a display in its place, also from a later cell', async () => {
    const [first] = contents(await kernel.client.execute("const shown = display('first')"), 'display_data');
    const updates = contents(await kernel.client.execute('await shown.update({ a: 1 })'), 'update_display_data');
    expect(first.transient.display_id).toBeTruthy();
    expect(updates).toMatchObject([{ data: { 'text/plain': '{ a: 1 }' }, transient: first.transient }]);
  });

  test('honours a value that shows itself', async () => {
    const exchange = await kernel.client.execute(
      `const own = display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<i>own</i>' }) })`,
    );
    expect(contents(exchange, 'display_data')[0].data).toEqual({ 'text/html': '<i>own</i>' });
  });

  test('keeps a progress bar in one place', async () => {
    const exchange = await kernel.client.execute(`const bar = progressBar({ everyMs: 0 });
for (const done of [1, 2, 3]) bar({ what: 'train mst', done, total: 3, unit: 'steps' });`);
    const [first, ...others] = contents(exchange, 'display_data');
    const updates = contents(exchange, 'update_display_data');
    expect(others).toEqual([]);
    expect(updates.map(({ transient }) => transient)).toEqual([first.transient, first.transient]);
    expect(updates[1].data['text/plain']).toContain('3/3 steps');
  });

  test('draws a figure as a chart and a picture, and escapes texts', async () => {
    const figure = await kernel.client.execute(
      "const chart = await showFigure({ data: [{ type: 'bar', x: ['mst'], y: [1] }], layout: {}, alt: 'one bar' })",
    );
    const [{ data, metadata }] = contents(figure, 'display_data');
    expect(data['application/vnd.plotly.v1+json'].data[0].x).toEqual(['mst']);
    expect(Buffer.from(data['image/png'], 'base64').subarray(1, 4).toString()).toBe('PNG');
    expect(metadata).toEqual({ 'image/png': { alt: 'one bar' } });
    const texts = await kernel.client.execute(
      "const written = await showTexts([{ heading: 'mst', text: '<b>bold</b>' }])",
    );
    expect(contents(texts, 'display_data')[0].data['text/html']).toContain('&lt;b&gt;bold');
  });

  test('has the types of the library: a wrong call does not run', async () => {
    const { reply, published } = await kernel.client.execute('display(1, { displayId: 2 })');
    expect(reply.content.status).toBe('error');
    const exchange = { msgId: '', reply, published };
    expect(printed(exchange, 'stderr')).toContain("Type 'number' is not assignable to type 'string'");
  });
});
