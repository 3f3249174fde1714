import { frameOfRows, type Row } from '../../analysis/frame';
import { type Estimate, holm } from '../../analysis/stats';
import { ConfigError } from '../../core';
import type { Label } from '../../labels';
import type { Comparison, NewsSummary } from '../news';
import { compareWithPlan, type Deviation, deviationsOf } from './deviations';
import type { FrozenPlan, Hypothesis } from './plan';

/** What was measured for a hypothesis. */
export interface HypothesisNumbers {
  /** left − right. */
  readonly difference: Estimate;
  readonly p: number | null;
  readonly test: string;
  /** Why these numbers must not decide, such as too few verdicts; null if nothing speaks against it. */
  readonly unfit: string | null;
}

export type Decision = 'supported' | 'opposite' | 'not supported' | 'cannot be told';

export interface DecidedHypothesis {
  readonly hypothesis: Hypothesis;
  readonly numbers: HypothesisNumbers | null;
  /** Adjusted by Holm over all hypotheses of the plan; one without a p counts as 1. */
  readonly pHolm: number | null;
  readonly decision: Decision;
  readonly reason: string;
}

/** A confirmatory result: what was planned, decided by the plan's rule, with what was done otherwise. */
export interface Confirmation {
  readonly status: 'confirmatory' | 'exploratory';
  /** Why it is exploratory; empty if it is not. */
  readonly because: readonly string[];
  readonly hypotheses: readonly DecidedHypothesis[];
  readonly deviations: readonly Deviation[];
  readonly words: readonly string[];
  /** A row a hypothesis. */
  readonly frame: ReturnType<typeof frameOfRows>;
}

/**
 * Decides every hypothesis of a frozen plan: supported if p after Holm over all of them is below alpha and the interval lies on the
 * expected side of 0; opposite if it lies on the other. Missing numbers are never a success. The result is marked exploratory if the
 * run's settings differ from the plan's, or numbers come from another test than the planned one.
 * `numbers` gives what was measured for a hypothesis, null where nothing was.
 */
export function confirmPlan(
  frozen: FrozenPlan,
  options: {
    readonly config: Readonly<Record<string, unknown>>;
    readonly numbers: (hypothesis: Hypothesis) => HypothesisNumbers | null;
  },
): Confirmation {
  const { plan } = frozen;
  const differing = compareWithPlan(frozen, options.config);
  const found = plan.hypotheses.map((hypothesis) => ({ hypothesis, numbers: options.numbers(hypothesis) }));
  const usable = found.map(({ numbers }) => (numbers && numbers.unfit === null ? numbers.p : null));
  // A hypothesis that could not be tested still counts among those that were planned.
  const adjusted = holm(usable.map((p) => p ?? 1));
  const hypotheses = found.map(({ hypothesis, numbers }, at): DecidedHypothesis => {
    const pHolm = usable[at] === null ? null : adjusted[at];
    return { hypothesis, numbers, pHolm, ...decide(hypothesis, numbers, pHolm, plan.alpha) };
  });
  const otherTests = found.filter(({ hypothesis, numbers }) => numbers && numbers.test !== hypothesis.test);
  const because = [
    ...differing.map(({ what, planned, done }) => `${what} was ${done}, planned ${planned}`),
    ...otherTests.map(
      ({ hypothesis, numbers }) => `${hypothesis.id} was tested by ${numbers!.test}, planned ${hypothesis.test}`,
    ),
  ];
  const status = because.length === 0 ? 'confirmatory' : 'exploratory';
  return {
    status,
    because,
    hypotheses,
    deviations: deviationsOf(frozen),
    words: wordsOf(status, because, hypotheses, frozen),
    frame: frameOf(hypotheses, status),
  };
}

/** The numbers of a news summary for a hypothesis: sides are found by arm and by label id or value. Throws ConfigError if several fit. */
export function newsNumbers(
  summary: NewsSummary,
  plan: Pick<FrozenPlan['plan'], 'leastJudgedShare'>,
): (hypothesis: Hypothesis) => HypothesisNumbers | null {
  const nameOf = ({ arm, label }: Hypothesis['left']) => {
    const names = summary.conditions
      .filter(({ condition }) => condition.arm === arm && fits(condition.label, label))
      .map(({ name }) => name);
    return [...new Set(names)];
  };
  return (hypothesis) => {
    const [left, right] = [nameOf(hypothesis.left), nameOf(hypothesis.right)];
    const found = summary.comparisons.filter(
      (one) => left.includes(one.left) && right.includes(one.right) && measureName(one) === hypothesis.measure,
    );
    if (found.length > 1)
      throw new ConfigError(
        `newsNumbers: one comparison must fit hypothesis ${hypothesis.id}, got ${found.length}: ${found.map((one) => `${one.left} − ${one.right}`).join('; ')}. Name labels by id.`,
      );
    if (found.length === 0) return null;
    const [comparison] = found;
    const { difference, p } = comparison;
    return { difference, p, test: 'paired permutation over topics', unfit: tooFewVerdicts(summary, comparison, plan) };
  };
}

/** As a plan names it: the measure, and for judged texts the temperature. */
export function measureName({ measure, temperature }: Pick<Comparison, 'measure' | 'temperature'>): string {
  return temperature === null ? measure : `${measure} at temperature ${temperature}`;
}

function tooFewVerdicts(
  summary: NewsSummary,
  { left, right, temperature }: Comparison,
  { leastJudgedShare }: Pick<FrozenPlan['plan'], 'leastJudgedShare'>,
): string | null {
  if (temperature === null) return null;
  const short = summary.conditions
    .filter(({ name }) => name === left || name === right)
    .flatMap(({ name, judged }) =>
      judged.filter((one) => one.temperature === temperature).map((one) => ({ name, one })),
    )
    .map(({ name, one }) => ({ name, share: (one.texts - one.verdicts.missing) / one.texts }))
    .filter(({ share }) => share < leastJudgedShare);
  return short.length === 0
    ? null
    : `only ${short.map(({ name, share }) => `${Math.floor(100 * share)}% of texts under ${name}`).join(' and ')} have a verdict, ${Math.round(100 * leastJudgedShare)}% planned`;
}

function fits(label: Label | null, named: string | null): boolean {
  if (label === null || named === null) return label === null && named === null;
  return label.id === named || label.value === named;
}

function decide(
  { direction }: Hypothesis,
  numbers: HypothesisNumbers | null,
  pHolm: number | null,
  alpha: number,
): { decision: Decision; reason: string } {
  if (numbers === null) return { decision: 'cannot be told', reason: 'it was not measured' };
  if (numbers.unfit !== null) return { decision: 'cannot be told', reason: numbers.unfit };
  const { estimate, low, high, reason } = numbers.difference;
  if (estimate === null || low === null || high === null || pHolm === null)
    return { decision: 'cannot be told', reason: reason ?? 'there is no interval or no p' };
  const range = `${estimate.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}], p ${pHolm < 0.001 ? '< .001' : pHolm.toFixed(3)} after Holm`;
  if (pHolm >= alpha || (low <= 0 && high >= 0)) return { decision: 'not supported', reason: range };
  const isLower = high < 0;
  const expected = direction === 'different' || (direction === 'lower') === isLower;
  return { decision: expected ? 'supported' : 'opposite', reason: range };
}

function wordsOf(
  status: Confirmation['status'],
  because: readonly string[],
  hypotheses: readonly DecidedHypothesis[],
  { hash, frozenAt }: FrozenPlan,
): string[] {
  const head =
    status === 'confirmatory'
      ? `CONFIRMATORY: run as planned (plan ${hash.slice(0, 12)}, frozen ${frozenAt}).`
      : `EXPLORATORY: not run as planned (plan ${hash.slice(0, 12)}): ${because.join('; ')}.`;
  return [
    head,
    ...hypotheses.map(
      ({ hypothesis, decision, reason }) => `${hypothesis.id} ${decision}: ${hypothesis.claim} ${reason}.`,
    ),
    'Anything else that is looked at in these data is exploratory.',
  ];
}

function frameOf(hypotheses: readonly DecidedHypothesis[], status: string) {
  const columns = [
    'hypothesis',
    'claim',
    'status',
    'decision',
    'difference',
    'low',
    'high',
    'n',
    'p',
    'p_holm',
    'test',
    'reason',
  ];
  return frameOfRows(
    hypotheses.map(
      ({ hypothesis, numbers, pHolm, decision, reason }): Row => ({
        hypothesis: hypothesis.id,
        claim: hypothesis.claim,
        status,
        decision,
        difference: numbers?.difference.estimate ?? null,
        low: numbers?.difference.low ?? null,
        high: numbers?.difference.high ?? null,
        n: numbers?.difference.n ?? null,
        p: numbers?.p ?? null,
        p_holm: pHolm,
        test: numbers?.test ?? null,
        reason,
      }),
    ),
    columns,
  );
}
