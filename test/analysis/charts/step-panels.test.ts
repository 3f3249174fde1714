import type { Data } from 'plotly.js';
import { describe, expect, it } from 'vitest';
import { type Figure, stepPanels } from '../../../src/analysis/charts';
import { ConfigError } from '../../../src/core';

type Trace = Data & {
  name?: string;
  x: number[];
  y: number[];
  yaxis?: string;
  showlegend?: boolean;
  line: { color: string };
};
const traces = (figure: Figure) => figure.data as unknown as Trace[];
const points = (values: readonly (number | null)[]) => values.map((value, at) => ({ step: at + 1, value }));
const rising = Array.from({ length: 50 }, (_, at) => at / 50);

describe('stepPanels', () => {
  it('draws a name in one colour in every panel and once in the legend', () => {
    const figure = stepPanels({
      title: 'A finding',
      panels: [
        {
          title: 'reward',
          lines: [
            { name: 'A', points: points([1, 2]) },
            { name: 'B', points: points([3]) },
          ],
        },
        { title: 'entropy', lines: [{ name: 'B', points: points([0.1]) }] },
      ],
    });
    const ofB = traces(figure).filter(({ name }) => name === 'B');
    expect(ofB.map(({ line }) => line.color)).toEqual([ofB[0].line.color, ofB[0].line.color]);
    expect(ofB.map(({ showlegend }) => showlegend)).toEqual([true, false]);
    expect(ofB.map(({ yaxis }) => yaxis)).toEqual(['y', 'y2']);
  });

  it('smooths what has many points, draws few as they are, and leaves out what was not measured', () => {
    const panels = [
      { title: 'often', lines: [{ name: 'A', points: points(rising) }] },
      { title: 'rarely', lines: [{ name: 'A', points: points([0.2, null, 0.4]) }] },
    ];
    const [thin, bold, few] = traces(stepPanels({ title: 'A finding', panels }));
    expect(thin.y).toEqual(rising);
    expect(bold.y.at(-1)).toBeLessThan(rising.at(-1)!);
    expect([few.x, few.y]).toEqual([
      [1, 3],
      [0.2, 0.4],
    ]);
  });

  it('says so where a panel has nothing, and names the last values for a reader without eyes', () => {
    const panels = [
      { title: 'reward', lines: [{ name: 'A', points: points([1, 1.25]) }] },
      { title: 'KL', lines: [{ name: 'A', points: points([null]) }] },
    ];
    const figure = stepPanels({ title: 'A finding', panels });
    expect(figure.layout.annotations?.map(({ text }) => text)).toContain('not measured');
    expect(figure.alt).toBe('A finding. reward, at the last step: A 1.25; KL, at the last step: not measured.');
  });

  it('goes from dark to light over names in order', () => {
    const lines = ['33%', '66%', '99%'].map((name) => ({ name, points: points([1]) }));
    const colours = traces(stepPanels({ title: 'A finding', names: 'ordered', panels: [{ title: 'all', lines }] })).map(
      ({ line }) => line.color,
    );
    expect(new Set(colours).size).toBe(3);
    expect(colours[0]).toBe('#440154');
  });

  it('draws no figure without a line', () => {
    expect(() => stepPanels({ title: 'A finding', panels: [] })).toThrow(ConfigError);
  });
});
