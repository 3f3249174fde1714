import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ARM_NAMES, type ArmEpisode, type EpisodeStream, episodeStream, proveEpisodes } from '../../src/arms';
import { ConfigError, InternalError } from '../../src/core';
import { cutSpan, SCALE_ENCODINGS, suggestibilityScale } from '../../src/labels';
import { additionProblems } from '../../src/tasks';

const { train } = additionProblems({ seed: 0, count: 200 });
const problems = train.slice(0, 30);
const scale = suggestibilityScale();
const base = { problems, scale, trainRange: [0.5, 1.5], batch: 7, seed: 3 } as const;
const stream = (arm: (typeof ARM_NAMES)[number], change: Partial<Parameters<typeof episodeStream>[0]> = {}) =>
  episodeStream({ ...base, arm, ...change });
const all = () => ARM_NAMES.map((arm) => stream(arm));
const texts = (rows: readonly ArmEpisode[]) => rows.map(({ label }) => label?.text);
const steps = fc.integer({ min: 0, max: 200 });

describe('a stream of episodes', () => {
  test.each(ARM_NAMES)('gives %s the same step whatever was asked for before', (arm) => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 6 }), (asked) => {
        const own = stream(arm);
        for (const step of asked) expect(own.episodes(step)).toEqual(stream(arm).episodes(step));
      }),
      { seed: 7, numRuns: 20 },
    );
  });

  test('has the same problems and monitors in every arm', () => {
    fc.assert(
      fc.property(steps, fc.integer(), (step, seed) => {
        const [first, ...others] = ARM_NAMES.map((arm) =>
          stream(arm, { seed })
            .episodes(step)
            .map(({ id, problem, suggestibility }) => ({ id, problem, suggestibility })),
        );
        for (const other of others) expect(other).toEqual(first);
      }),
      { seed: 7, numRuns: 50 },
    );
  });

  test('shows the same labels in mst and shuffled in every step, true ones in mst and none in baseline', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(...SCALE_ENCODINGS), (step, encoding) => {
        const own = suggestibilityScale({ encoding });
        const [none, mst, shuffled] = ARM_NAMES.map((arm) => stream(arm, { scale: own }).episodes(step));
        expect(texts(none).every((text) => text === undefined)).toBe(true);
        expect(texts(mst)).toEqual(mst.map(({ suggestibility }) => own.label(suggestibility).text));
        expect(texts(shuffled).sort()).toEqual(texts(mst).sort());
      }),
      { seed: 7, numRuns: 50 },
    );
  });

  test('visits every problem once in an epoch, in another order each time', () => {
    const own = stream('baseline', { batch: 1 });
    const epoch = (at: number) => Array.from({ length: 30 }, (_, place) => own.episodes(30 * at + place)[0].problem);
    const names = (at: number) => epoch(at).map(({ instruction }) => instruction);
    for (const at of [0, 1, 5]) expect(new Set(epoch(at))).toEqual(new Set(problems));
    expect(names(0)).not.toEqual(names(1));
  });

  test('goes on with the next epoch inside a step', () => {
    const [wide, narrow] = [stream('baseline', { batch: 45 }), stream('baseline', { batch: 15 })];
    const of = (own: EpisodeStream, from: number, count: number) =>
      Array.from({ length: count }, (_, at) => own.episodes(from + at)).flatMap((rows) =>
        rows.map((row) => row.problem),
      );
    expect(of(wide, 0, 4)).toEqual(of(narrow, 0, 12));
  });

  test('draws monitors uniformly over the training range by default', () => {
    const own = stream('baseline', { batch: 2000 });
    const drawn = [0, 1].flatMap((step) => own.episodes(step).map(({ suggestibility }) => suggestibility));
    expect(drawn.every((s) => s >= 0.5 && s < 1.5)).toBe(true);
    const counts = Array.from(
      { length: 10 },
      (_, bin) => drawn.filter((s) => Math.floor((s - 0.5) * 10) === bin).length,
    );
    const chiSquare = counts.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0);
    // The 99.99th percentile of chi-square with 9 degrees of freedom.
    expect(chiSquare).toBeLessThan(33.7);
  });

  test('draws monitors as a density says', () => {
    const squared = stream('mst', { density: (uniform) => 0.5 + uniform ** 2, batch: 50 });
    const flat = stream('mst', { batch: 50 }).episodes(4);
    squared.episodes(4).forEach(({ suggestibility }, at) => {
      expect(suggestibility).toBeCloseTo(0.5 + (flat[at].suggestibility - 0.5) ** 2, 12);
    });
  });

  test('has other problems and monitors under another seed', () => {
    const facts = (seed: number) =>
      stream('mst', { seed })
        .episodes(0)
        .map((row) => [row.problem.id, row.suggestibility]);
    expect(facts(1)).not.toEqual(facts(2));
  });

  test('prompts with the label at the head of the turn, which cut gives the baseline prompt', () => {
    const [none, mst] = [stream('baseline').episodes(2), stream('mst').episodes(2)];
    mst.forEach(({ messages, labelSpan, label, problem }, at) => {
      expect(messages).toEqual([
        { role: 'user', content: `**Suggestibility Level: ${label!.text}**\n${problem.instruction}` },
      ]);
      expect(cutSpan(messages, labelSpan)).toEqual(none[at].messages);
    });
  });

  test.each<[string, Partial<Parameters<typeof episodeStream>[0]>, RegExp]>([
    ['no problems', { problems: [] }, /there must be problems/],
    ['a range below the scale', { trainRange: [-0.1, 1] }, /trainRange must lie in 0 to 1\.5/],
    ['a range above the scale', { trainRange: [0.5, 1.6] }, /got \[0\.5, 1\.6\]/],
    ['a range that falls', { trainRange: [1, 0.5] }, /got \[1, 0\.5\]/],
    ['a range of no numbers', { trainRange: [Number.NaN, 1] }, /trainRange/],
    ['one label to shuffle', { batch: 1 }, /whole number of at least 2, got 1/],
    ['a batch that is not whole', { batch: 2.5 }, /got 2\.5/],
    ['a batch that is no number', { batch: Number.NaN }, /got NaN/],
    ['an arm of no such name', { arm: 'control' as 'mst' }, /one of baseline, mst, shuffled, got "control"/],
  ])('refuses %s', (_, change, message) => {
    expect(() => stream('shuffled', change)).toThrow(ConfigError);
    expect(() => stream('shuffled', change)).toThrow(message);
  });

  test.each([-1, 0.5, Number.NaN])('refuses step %d', (step) => {
    expect(() => stream('mst').episodes(step)).toThrow(/step must be a whole number/);
  });

  test.each([0.4, 1.6, Number.NaN])('refuses a density that gives %d', (value) => {
    expect(() => stream('mst', { density: () => value }).episodes(0)).toThrow(/must give numbers in trainRange/);
  });
});

describe('the proof of the episodes', () => {
  const cheating = (arm: 'baseline' | 'mst' | 'shuffled', change: (rows: ArmEpisode[]) => readonly ArmEpisode[]) =>
    all().map((own) =>
      own.arm === arm ? { ...own, episodes: (step: number) => change([...own.episodes(step)]) } : own,
    );
  const first = (change: (row: ArmEpisode) => ArmEpisode) => (rows: ArmEpisode[]) => [
    change(rows[0]),
    ...rows.slice(1),
  ];

  test('says how true labels are in either labelled arm', () => {
    const proof = proveEpisodes(
      all().map((own) => stream(own.arm, { batch: 64 })),
      30,
      scale,
    );
    const n = 64 * 30;
    expect(proof).toMatchObject({ steps: 30, episodes: n, arms: ARM_NAMES });
    expect(proof.correlation.mst!).toBeGreaterThan(0.999);
    expect(Math.abs(proof.correlation.shuffled!)).toBeLessThan(4 / Math.sqrt(n));
    // 67 labels of nearly one share each are true by chance at about 1.5%.
    expect(Math.abs(proof.shuffledTrueShare! - 0.015 - 1 / 64)).toBeLessThan(4 * Math.sqrt(0.03 / n));
    expect(proof.lowestPercent).toBeGreaterThanOrEqual(33);
    expect(proof.highestPercent).toBeLessThanOrEqual(100);
    expect(proof.text).toMatch(/^baseline, mst, shuffled: the same problems .* all 1920 episodes of 30 steps/);
  });

  test('says nothing of labels where there are none', () => {
    const proof = proveEpisodes([stream('baseline')], 3, scale);
    expect(proof).toMatchObject({
      shuffledTrueShare: null,
      correlation: {},
      lowestPercent: null,
      highestPercent: null,
    });
  });

  test('says so where the monitor never varies', () => {
    const fixed = proveEpisodes([stream('mst', { trainRange: [1, 1] })], 3, scale);
    expect(fixed.text).toContain('mst: the label or the monitor never varies');
  });

  test.each<[string, EpisodeStream[], RegExp]>([
    [
      'an arm of another seed',
      [stream('mst'), stream('shuffled', { seed: 4 })],
      /shuffled has another problem or monitor/,
    ],
    [
      'another monitor behind one episode',
      cheating(
        'shuffled',
        first((row) => ({ ...row, suggestibility: 1.1 })),
      ),
      /shuffled has another problem or monitor at step 1, 1/,
    ],
    [
      'an episode too few',
      cheating('baseline', (rows) => rows.slice(1)),
      /mst has 7 episodes at step 1, baseline has 6/,
    ],
    [
      'an episode too many',
      cheating('shuffled', (rows) => [...rows, rows[0]]),
      /shuffled has 8 episodes at step 1, baseline has 7/,
    ],
    [
      'a label in baseline',
      cheating(
        'baseline',
        first((row) => ({ ...row, label: scale.label(1) })),
      ),
      /baseline has a label/,
    ],
    [
      'no label in mst',
      cheating(
        'mst',
        first((row) => ({ ...row, label: null })),
      ),
      /mst has no label/,
    ],
    [
      'a prompt that shows another label than it names',
      cheating(
        'mst',
        first((row) => ({ ...row, label: scale.label(0.1) })),
      ),
      /mst has another prompt than its problem and label make/,
    ],
    [
      'a prompt with a hint',
      cheating(
        'mst',
        first((row) => ({ ...row, messages: [{ role: 'user', content: `${row.messages[0].content} Yes.` }] })),
      ),
      /another prompt/,
    ],
    [
      'shuffled labels in the arm of true ones',
      cheating('mst', () => []).map((own) =>
        own.arm === 'mst'
          ? {
              ...own,
              episodes: (step: number) =>
                stream('shuffled')
                  .episodes(step)
                  .map((row) => ({ ...row, arm: 'mst' as const })),
            }
          : own,
      ),
      /mst has the label ".*" for a monitor of/,
    ],
    [
      'other labels in shuffled than in mst',
      [stream('mst'), { ...stream('mst'), arm: 'shuffled' as const, episodes: (step: number) => relabelled(step) }],
      /two labelled arms show other labels at step 1/,
    ],
    [
      'labels of another scale',
      [stream('mst', { scale: suggestibilityScale({ encoding: 'words' }) })],
      /none of suggestibility\/percent/,
    ],
  ])('refuses %s', (_, streams, message) => {
    expect(() => proveEpisodes(streams, 2, scale)).toThrow(InternalError);
    expect(() => proveEpisodes(streams, 2, scale)).toThrow(message);
  });
});

/** A shuffled arm that shows one label of its own instead of the step's. */
function relabelled(step: number): readonly ArmEpisode[] {
  const rows = stream('shuffled', { density: () => 1 }).episodes(step);
  return stream('mst')
    .episodes(step)
    .map((row, at) => ({ ...rows[at], suggestibility: row.suggestibility }));
}
