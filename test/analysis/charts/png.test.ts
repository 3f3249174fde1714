import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { armBars, type Figure, figurePng } from '../../../src/analysis/charts';
import { startRasteriser } from '../../../src/analysis/charts/figure-png';
import { ConfigError, InternalError } from '../../../src/core';

const estimate = { estimate: 2, low: 1, high: 4, level: 0.95, method: 'Wilson score', n: 9, reason: null } as const;
const figure = (title: string) =>
  armBars({ title, measure: 'score', bars: [{ arm: 'mst', condition: 'unbiased', estimate }] });
const rasteriser = startRasteriser();
afterAll(() => rasteriser.close());

/** Width and height that a PNG's header states. */
function sizeOf(png: Buffer): number[] {
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
}

describe('a figure as PNG, without a browser', () => {
  it('is 848 px wide and as high as the layout', async () => {
    const one = figure('A finding');
    expect(sizeOf(await rasteriser.png(one))).toEqual([848, one.layout.height]);
  });
  it('same figure, same bytes; another title, other bytes', async () => {
    const [a, b, c] = await Promise.all([figure('one'), figure('one'), figure('two')].map(rasteriser.png));
    expect(a.equals(b)).toBe(true);
    expect(a.equals(c)).toBe(false);
  });
  it('draws its texts: without them the picture differs', async () => {
    const one = figure('A finding');
    const silent: Figure = { ...one, layout: { ...one.layout, annotations: [] } };
    expect((await rasteriser.png(one)).length).toBeGreaterThan(1.1 * (await rasteriser.png(silent)).length);
  });
  it('a figure that Plotly cannot draw is an error with its words, and the next one is drawn', async () => {
    const bad = { data: [null as never], layout: { height: 300 } };
    const refused = rasteriser.png(bad).catch((error: Error) => error);
    const [error, next] = await Promise.all([refused, rasteriser.png(figure('after'))]);
    expect(error).toBeInstanceOf(InternalError);
    expect(String(error)).toMatch(/Plotly could not draw the figure: .*Error/);
    expect(sizeOf(next)[0]).toBe(848);
  });
  it('data that is no list is an error that says so', async () => {
    await expect(rasteriser.png({ data: 'none' as never, layout: { height: 9 } })).rejects.toThrow(
      /list of traces, got string/,
    );
  });
  it('a figure without a height is an error that says so', async () => {
    await expect(figurePng({ data: [], layout: {} })).rejects.toThrow(ConfigError);
    await expect(figurePng({ data: [], layout: {} })).rejects.toThrow(/layout.height.*undefined/);
  });
  it('the main thread stays free while it draws', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await Promise.all([1, 2, 3, 4].map((at) => rasteriser.png(figure(`busy ${at}`))));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(8);
  });
  it('after its thread ended, a call says so', async () => {
    const other = startRasteriser();
    await other.png(figure('x'));
    await other.close();
    await expect(other.png(figure('y'))).rejects.toThrow(/drawing thread ended/);
  });
  it('the thread does not keep a finished process alive', () => {
    const file = join(__dirname, '../../../src/analysis/charts/rasteriser.js');
    const script = `const { Worker } = require('node:worker_threads'); const w = new Worker(${JSON.stringify(file)}); w.unref(); setTimeout(() => console.log('done'), 50);`;
    expect(execFileSync(process.execPath, ['-e', script], { timeout: 20_000 }).toString()).toContain('done');
  });
});
