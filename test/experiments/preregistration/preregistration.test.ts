import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../../src/analysis/frame';
import type { Estimate } from '../../../src/analysis/stats';
import type { NewsSummary } from '../../../src/experiments/news';
import {
  compareWithPlan,
  confirmPlan,
  deviationsOf,
  freezePlan,
  type HypothesisNumbers,
  newsNumbers,
  type PlanInput,
  readPlan,
  recordDeviation,
} from '../../../src/experiments/preregistration';

const TEST = 'paired permutation over topics';
const folder = () => mkdtempSync(join(tmpdir(), 'mstlab-plan-'));
const hypothesis = (id: string, extra: object = {}) => ({
  id,
  claim: 'MST under UNBIASED lies below the baseline.',
  measure: 'contrast-set log-odds (nats)',
  left: { arm: 'mst', label: 'unbiased' },
  right: { arm: 'baseline', label: null },
  direction: 'lower' as const,
  test: TEST,
  ...extra,
});
const plan = (extra: Partial<PlanInput> = {}): PlanInput => ({
  title: 'A test',
  question: 'Does it move?',
  hypotheses: [hypothesis('H1'), hypothesis('H2', { right: { arm: 'shuffled', label: 'unbiased' } })],
  arms: ['mst', 'baseline', 'shuffled'],
  labels: ['unbiased'],
  topics: 32,
  seeds: [0],
  exclusions: ['texts without a verdict'],
  stopRule: 'after all topics were asked once',
  config: { evalTopics: 32, model: 'tiny' },
  ...extra,
});
const difference = (estimate: number, low: number | null, high: number | null): Estimate => ({
  estimate,
  low,
  high,
  level: 0.95,
  method: 'percentile bootstrap over topics',
  n: 32,
  reason: low === null ? 'too few topics' : null,
});
const numbers = (d: Estimate, p: number | null, extra: Partial<HypothesisNumbers> = {}): HypothesisNumbers => ({
  difference: d,
  p,
  test: TEST,
  unfit: null,
  ...extra,
});
const asPlanned = { evalTopics: 32, model: 'tiny', unplanned: true };

describe('a frozen plan', () => {
  it('is written once, read back the same, and cannot be frozen otherwise in its folder', () => {
    const dir = folder();
    const frozen = freezePlan(plan(), dir);
    expect(frozen.plan.alpha).toBe(0.05);
    expect(readPlan(dir)).toEqual(frozen);
    expect(freezePlan(plan(), dir)).toEqual(frozen);
    expect(() => freezePlan(plan({ topics: 64 }), dir)).toThrow(/must not change.*record a deviation/);
    expect(readPlan(dir)).toEqual(frozen);
  });

  it('that was edited on disk is refused', () => {
    const dir = folder();
    freezePlan(plan(), dir);
    const path = join(dir, 'plan.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"topics": 32', '"topics": 16'));
    expect(() => readPlan(dir)).toThrow(/was changed after it was frozen/);
    writeFileSync(path, '{');
    expect(() => readPlan(dir)).toThrow(/must be JSON/);
    expect(() => readPlan(folder())).toThrow(/no plan\.json/);
  });

  it('names every problem of what is not whole', () => {
    const bad = () => freezePlan({ ...plan(), topics: 0, stopRule: '', extra: 1 } as never, folder());
    expect(bad).toThrow(/topics: .*stopRule: .*extra/s);
    const torn = plan({
      hypotheses: [
        hypothesis('H1', { left: { arm: 'noise', label: 'unbiased' } }),
        hypothesis('H1', { left: { arm: 'mst', label: 'fair' } }),
        hypothesis('H3', { right: { arm: 'mst', label: 'unbiased' } }),
      ],
    });
    expect(() => freezePlan(torn, folder())).toThrow(
      /H1 twice.*H1 names the arm noise.*H1 names the label fair.*H3 compares a condition with itself/,
    );
  });
});

describe('deviations', () => {
  it('are found by comparing settings, once each, and only grow', () => {
    const frozen = freezePlan(plan(), folder());
    expect(compareWithPlan(frozen, asPlanned)).toEqual([]);
    const [first] = compareWithPlan(frozen, { ...asPlanned, evalTopics: 16 });
    expect(first).toMatchObject({ what: 'config.evalTopics', planned: '32', done: '16', why: null });
    expect(compareWithPlan(frozen, { ...asPlanned, evalTopics: 16 })).toEqual([first]);
    expect(compareWithPlan(frozen, { evalTopics: 32 })).toMatchObject([{ what: 'config.model', done: 'not set' }]);
    recordDeviation(frozen, { what: 'a topic', planned: 'asked', done: 'left out', why: 'its text was cut' });
    expect(deviationsOf(frozen)).toHaveLength(3);
    expect(() => recordDeviation(frozen, { what: 'x', planned: '', done: '', why: ' ' })).toThrow(/why must be said/);
  });
});

describe('a confirmation', () => {
  const confirm = (of: (id: string) => HypothesisNumbers | null, config: object = asPlanned) =>
    confirmPlan(freezePlan(plan(), folder()), {
      config: config as Record<string, unknown>,
      numbers: ({ id }) => of(id),
    });
  const decisions = (of: (id: string) => HypothesisNumbers | null) =>
    confirm(of).hypotheses.map(({ decision }) => decision);

  it('supports what lies on the expected side after adjustment, and says what does not', () => {
    const both = confirm((id) => numbers(difference(-2, -3, -1), id === 'H1' ? 0.001 : 0.03));
    expect(both.status).toBe('confirmatory');
    expect(both.hypotheses.map(({ decision }) => decision)).toEqual(['supported', 'supported']);
    expect(both.hypotheses.map(({ pHolm }) => pHolm)).toEqual([0.002, 0.03]);
    expect(both.words[0]).toMatch(/^CONFIRMATORY: run as planned \(plan [0-9a-f]{12}, frozen 20/);
    expect(decisions(() => numbers(difference(-2, -3, -1), 0.03))).toEqual(['not supported', 'not supported']);
    expect(decisions(() => numbers(difference(2, 1, 3), 0.001))).toEqual(['opposite', 'opposite']);
    expect(decisions(() => numbers(difference(-2, -3, 1), 0.001))).toEqual(['not supported', 'not supported']);
  });

  it('counts a hypothesis that could not be tested among those that were planned', () => {
    const found = confirm((id) => (id === 'H1' ? numbers(difference(-2, -3, -1), 0.03) : null));
    expect(found.hypotheses.map(({ pHolm }) => pHolm)).toEqual([0.06, null]);
    expect(found.hypotheses.map(({ decision }) => decision)).toEqual(['not supported', 'cannot be told']);
    expect(rowsOf(found.frame)[1]).toMatchObject({
      decision: 'cannot be told',
      reason: 'it was not measured',
      n: null,
    });
  });

  it('never takes missing numbers for a success', () => {
    expect(decisions(() => numbers(difference(-2, null, null), 0.001))).toEqual(['cannot be told', 'cannot be told']);
    expect(decisions(() => numbers(difference(-2, -3, -1), null))).toEqual(['cannot be told', 'cannot be told']);
    const unfit = { unfit: 'only 80% of texts have a verdict' };
    expect(decisions(() => numbers(difference(-2, -3, -1), 0.001, unfit))).toEqual([
      'cannot be told',
      'cannot be told',
    ]);
  });

  it('is exploratory after a deviation of settings or of test, and says which', () => {
    const found = confirm(() => numbers(difference(-2, -3, -1), 0.001), { ...asPlanned, evalTopics: 8 });
    expect(found.status).toBe('exploratory');
    expect(found.words[0]).toMatch(/EXPLORATORY: not run as planned.*config\.evalTopics was 8, planned 32/);
    const other = confirm(() => numbers(difference(-2, -3, -1), 0.001, { test: 'sign test' }));
    expect(other.because[0]).toBe('H1 was tested by sign test, planned paired permutation over topics');
  });
});

describe('numbers of a news summary', () => {
  const label = { id: 'unbiased/plain', value: 'unbiased', text: 'UNBIASED', wording: 'plain', source: 'test' };
  const judged = (missing: number) => [
    {
      temperature: 1,
      judge: 'j',
      texts: 20,
      truncated: 0,
      verdicts: { PASS: 20 - missing, PARTIAL: 0, FAIL: 0, missing },
    },
  ];
  const summary = (missing = 0) =>
    ({
      conditions: [
        { condition: { arm: 'mst', label }, name: 'mst/unbiased/plain', judged: judged(missing), contrast: null },
        { condition: { arm: 'baseline', label: null }, name: 'baseline/none', judged: judged(0), contrast: null },
      ],
      comparisons: [
        {
          left: 'mst/unbiased/plain',
          right: 'baseline/none',
          measure: 'judged magnitude (0 to 10)',
          temperature: 1,
          judge: 'j',
          difference: difference(-2, -3, -1),
          p: 0.01,
          pHolm: 0.01,
        },
      ],
    }) as unknown as NewsSummary;
  const asked = hypothesis('H1', { measure: 'judged magnitude (0 to 10) at temperature 1' });

  it('are found by arm and label value', () => {
    const of = newsNumbers(summary(), { leastJudgedShare: 0.95 });
    expect(of(asked)).toMatchObject({ p: 0.01, test: TEST, unfit: null });
    expect(of({ ...asked, left: { arm: 'mst', label: 'unbiased/plain' } })).not.toBeNull();
    expect(of({ ...asked, measure: 'contrast-set log-odds (nats)' })).toBeNull();
    expect(of({ ...asked, left: { arm: 'mst', label: null } })).toBeNull();
  });

  it('are unfit where too few texts have a verdict', () => {
    const of = newsNumbers(summary(2), { leastJudgedShare: 0.95 });
    expect(of(asked)?.unfit).toBe('only 90% of texts under mst/unbiased/plain have a verdict, 95% planned');
  });
});
