import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/analysis/frame';
import type { MeasuredCondition, NewsExperiment, NewsSeed } from '../../../src/experiments';
import {
  articleFindingsFrame,
  newsFindings,
  seedSpreadFrame,
  seedsFigure,
  summariseSeeds,
} from '../../../src/experiments';
import { loadLabelSet } from '../../../src/labels';
import { pairsOfSweep, summariseOne } from './seed-rows';

const labelSet = loadLabelSet('news');
const unbiased = labelSet.get('unbiased');
const TOPICS = Array.from({ length: 9 }, (_, at) => `t${at}`);

/** Conditions whose judged bias is `level` plus a topic's part, and whose log-odds are ten times that. */
function measuredOf(levels: Readonly<Record<string, number>>, shift: number): MeasuredCondition[] {
  return Object.entries(levels).map(([arm, level]): MeasuredCondition => {
    const label = arm === 'baseline' ? null : unbiased;
    const condition = { arm: arm as 'mst', label };
    return {
      condition,
      samples: TOPICS.map((topic, at) => ({
        arm,
        label_value: label?.value ?? null,
        label_id: label?.id ?? null,
        topic_id: topic,
        domain: 'd',
        temperature: 0.7,
        text: 'a text',
        tokens: 3,
        truncated: false,
        judge: 'stub',
        magnitude_0_to_10: level + shift + (arm === 'mst' ? 0.01 * at : 0),
        direction: 0,
        verdict: level + shift > 7 ? 'FAIL' : 'PARTIAL',
        flags: '',
        reasoning: null,
        missing_reason: null,
      })),
      contrast: TOPICS.map((topic, at) => ({
        arm,
        label_value: label?.value ?? null,
        label_id: label?.id ?? null,
        topic_id: topic,
        strong_to_center_nats: 10 * (level + shift) + at,
      })),
    };
  });
}

const seedOf = (seed: number, measured: readonly MeasuredCondition[]): NewsSeed => ({
  news: { config: { seed }, pairsOf: pairsOfSweep, summarise: summariseOne(seed) } as unknown as NewsExperiment,
  measured,
});
const levels = { baseline: 6, mst: 5, shuffled: 6.5 };
const context = { labelSet, deploymentLabel: 'unbiased', isProxy: true, temperature: 0.7 };
const three = [0, 1, 2].map((seed) => seedOf(seed, measuredOf(levels, 0.2 * seed)));

describe('a summary over training seeds', () => {
  it('has the mean over seeds and topics, and what a seed does to all arms drops out of differences', () => {
    const summary = summariseSeeds(three);
    const mst = summary.conditions.find(({ name }) => name.startsWith('mst'))!;
    expect(mst.judged[0].magnitude.estimate).toBeCloseTo(5 + 0.2 + 0.04, 9);
    expect(mst.judged[0].texts).toBe(27);
    const [judged, contrast] = summary.comparisons.filter(
      ({ left, right }) => left.startsWith('mst') && right.startsWith('baseline'),
    );
    expect(judged.difference.estimate).toBeCloseTo(-1 + 0.04, 9);
    expect(judged.difference.seedMeans.map(({ value }) => Number(value.toFixed(6)))).toEqual([-0.96, -0.96, -0.96]);
    expect(judged.record).toMatchObject({ wins: 9, ties: 0, losses: 0 });
    expect(contrast.difference.estimate).toBeCloseTo(-10, 9);
  });

  it('does not depend on the order of the seeds', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(three, { minLength: 3 }), (runs) => {
        const [one, other] = [summariseSeeds(three), summariseSeeds(runs)];
        for (const [at, { difference, pHolm }] of one.comparisons.entries()) {
          expect(other.comparisons[at].difference.estimate).toBeCloseTo(difference.estimate!, 12);
          expect(other.comparisons[at].pHolm ?? -1).toBeCloseTo(pHolm ?? -1, 12);
        }
      }),
      { numRuns: 6 },
    );
  });

  it('of one seed has the estimates of its own summary and no interval, with the reason', () => {
    const summary = summariseSeeds([three[1]]);
    const own = summary.bySeed[0].summary;
    for (const [at, { difference }] of summary.comparisons.entries()) {
      expect(difference.estimate).toBeCloseTo(own.comparisons[at].difference.estimate!, 9);
      expect(difference.low).toBeNull();
      expect(difference.reason).toContain('1 of the 3 seeds');
    }
  });

  it('leaves out a condition that some seed was not asked under, and refuses a seed twice', () => {
    const fewer = [three[0], three[1], seedOf(2, measuredOf({ baseline: 6, mst: 5 }, 0))];
    expect(summariseSeeds(fewer).conditions.map(({ condition }) => condition.arm)).toEqual(['baseline', 'mst']);
    expect(() => summariseSeeds([three[0], three[0]])).toThrow(/one run a seed is needed, got 0, 0/);
    expect(() => summariseSeeds([])).toThrow(/got none/);
  });

  it('is drawn with a line a seed, and split into seeds, topics and rest', () => {
    const summary = summariseSeeds(three);
    expect(seedsFigure(summary, 'judged', context).alt).toContain('seed 2, minus');
    const [row] = rowsOf(seedSpreadFrame(summary));
    expect(row).toMatchObject({ left: 'mst/unbiased/editor', right: 'baseline/none' });
    expect(Object.keys(row)).toEqual(
      expect.arrayContaining(['seed_0', 'seed_1', 'seed_2', 'between_seeds', 'between_topics', 'rest']),
    );
  });
});

describe('the article’s numbers beside ours', () => {
  const findings = newsFindings(summariseSeeds(three), context);
  const of = (what: string) => findings.find((finding) => finding.what.startsWith(what))!;

  it('gives the reduction in percent of the control, positive where MST lies below', () => {
    const { here, article, agrees } = of('judged bias, MST at deployment below baseline');
    expect(article).toBe('53.9%');
    expect(here!.estimate).toBeCloseTo((100 * 0.96) / 6.2, 6);
    expect(here!.low === null || here!.low <= here!.estimate!).toBe(true);
    expect(agrees === null || agrees).toBe(true);
  });

  it('counts topics and FAIL with the article’s side of one half and its share', () => {
    expect(of('topics on which MST is below baseline')).toMatchObject({ article: '85.0%', agrees: true });
    expect(of('texts judged FAIL, MST')).toMatchObject({
      article: '0%',
      here: { estimate: 0, low: null },
      agrees: null,
    });
    const one = newsFindings(summariseSeeds([three[0]]).bySeed[0].summary, context);
    expect(one.find(({ what }) => what.startsWith('texts judged FAIL, MST'))).toMatchObject({ agrees: true });
  });

  it('calls every size unexplained that is not taken apart, in a frame without gaps in its columns', () => {
    const rows = rowsOf(articleFindingsFrame(findings));
    expect(rows.length).toBe(7);
    for (const row of rows) expect(row.explanation).toContain('unexplained');
  });
});
