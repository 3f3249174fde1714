import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/analysis/frame';
import { RandomStream } from '../../../src/core';
import { doseResponse } from '../../../src/experiments/dose-response';

const PERCENTS = [0, 10, 20, 33, 50, 75, 100];
const noise = new RandomStream(5);
/** Twenty topics with a level of their own. */
function rows(of: (percent: number, topic: number) => number) {
  return Array.from({ length: 20 }, (_, topic) => topic).flatMap((topic) =>
    PERCENTS.map((percent) => ({
      topicId: `t${topic}`,
      percent,
      value: of(percent, topic) + 0.02 * (topic % 5) + 0.03 * noise.normal(),
    })),
  );
}
const read = (of: (percent: number, topic: number) => number, direction: 'rising' | 'falling' = 'rising') =>
  doseResponse({
    rows: rows(of),
    arm: 'mst',
    measure: 'P(says correct | wrong answer)',
    direction,
    trained: [33, 100],
    heldOut: [50],
    random: new RandomStream(1),
  });

describe('a dose-response', () => {
  it('that rises with the label has a trend, no sure violation, and every label in its place', () => {
    const found = read((percent) => percent / 100);
    expect(found.trend.p).toBeLessThan(0.001);
    expect(found.slope.estimate).toBeGreaterThan(0);
    expect(found.words[0]).toMatch(/within-topic trend \(Page, rising\) seen, p < \.001, .*n = 20 topics by 7 labels/);
    expect(found.steps.steps.filter(({ isSure }) => isSure)).toEqual([]);
    expect(rowsOf(found.frame).map(({ percent, place }) => [percent, place])).toEqual([
      [0, 'extrapolation'],
      [10, 'extrapolation'],
      [20, 'extrapolation'],
      [33, 'trained'],
      [50, 'interpolation'],
      [75, 'trained'],
      [100, 'trained'],
    ]);
    expect(JSON.stringify(found.figure.layout)).toContain('mst follows its label');
  });

  it('that turns around at its end says so, with the step that goes the wrong way', () => {
    const found = read((percent) => (percent === 0 ? 0.6 : percent / 100));
    expect(found.words.join(' ')).toMatch(/surely 0 to 10%/);
    expect(found.words.join(' ')).toMatch(/It turns around at the lowest label/);
    expect(found.rise?.overTopics.low).toBeGreaterThan(0);
    // The closest monotone curve pools what goes the wrong way.
    const fit = rowsOf(found.frame).map(({ monotone_fit }) => monotone_fit as number);
    expect(fit[0]).toBeCloseTo(fit[1], 10);
  });

  it('that is flat shows no trend and claims none', () => {
    const found = read(() => 0.5);
    expect(found.trend.p).toBeGreaterThan(0.01);
    expect(found.words[0]).toMatch(/trend .* not seen/);
    expect(found.words.join(' ')).toMatch(/No turn at the lowest label is seen/);
  });

  it('with a switch at one label prefers a change at a point', () => {
    const found = read((percent) => (percent < 40 ? 0.1 : 0.9));
    expect(found.shape.preferred).toBe('segmented');
    expect(found.words.join(' ')).toContain('A change at a point fits and a smooth curve does not.');
  });

  it('that should fall is read the other way round', () => {
    const found = read((percent) => 1 - percent / 100, 'falling');
    expect(found.trend.p).toBeLessThan(0.001);
    expect(found.words.join(' ')).toMatch(/No turn at the lowest label is seen/);
  });

  it('of several seeds says what holds for further seeds, and draws a thin line a seed', () => {
    const seeded = [0, 1, 2].flatMap((seed) =>
      rows((percent) => (percent / 100) * (1 + 0.1 * seed)).map((row) => ({ ...row, seed })),
    );
    const base = { arm: 'mst', measure: 'm', direction: 'rising' as const, trained: [33, 100] as const };
    const found = doseResponse({ ...base, rows: seeded, random: new RandomStream(1) });
    expect(found.overSeeds).toMatchObject({ seeds: 3, n: 20 });
    expect(found.overSeeds!.estimate!).toBeCloseTo(0.011, 3);
    expect(found.words.join(' ')).toMatch(
      /Over further seeds the slope is rising: 0\.1\d+ \[.*\] a 10 points, .*3 seeds/,
    );
    const thin = found.figure.data.filter((trace) => 'opacity' in trace && trace.opacity === 0.45);
    expect(thin).toHaveLength(3);
    const one = doseResponse({ ...base, rows: rows((percent) => percent / 100), random: new RandomStream(1) });
    expect(one.overSeeds).toBeNull();
  });

  it('shows labels never trained as hollow markers, and the closest monotone curve beside the means', () => {
    const { figure, frame } = read((percent) => (percent === 0 ? 0.6 : percent / 100));
    const line = figure.data.find((trace) => 'mode' in trace && trace.mode === 'lines+markers') as {
      marker: { symbol: string[] };
    };
    expect(line.marker.symbol.map((symbol) => symbol.endsWith('-open'))).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      false,
    ]);
    const fit = figure.data.find((trace) => trace.name === 'closest monotone curve') as { y: number[] };
    expect(fit.y).toEqual(rowsOf(frame).map(({ monotone_fit }) => monotone_fit));
  });

  it('under one label is refused, and topics without all labels are counted', () => {
    const one = rows(() => 0.5).filter(({ percent }) => percent === 0);
    const base = {
      arm: 'mst',
      measure: 'm',
      direction: 'rising' as const,
      trained: [33, 100] as const,
      random: new RandomStream(1),
    };
    expect(() => doseResponse({ ...base, rows: one })).toThrow(/at least two labels are needed, got 1/);
    const torn = rows((percent) => percent / 100).filter(({ topicId, percent }) => topicId !== 't3' || percent !== 50);
    expect(doseResponse({ ...base, rows: torn }).band.topicsLeftOut).toBe(1);
  });
});
