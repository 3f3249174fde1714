import { ConfigError } from '../../core';
import { studentQuantile } from './distributions';
import { type Estimate, missingEstimate, type TopicValue } from './estimate';
import { type ArmScores, armScores, type JudgedText } from './judge-error-scores';
import { pairedDifference } from './paired';
import { type BootstrapOptions, bootstrapSettings, meanOverTopics } from './topic-mean';

export interface JudgeErrorOptions extends BootstrapOptions {
  /** How far the judge is leaned on: 0 not at all (humans only), 1 fully. Default: the value of least variance. */
  readonly lambda?: number;
  /** Fewer topics with a human label than this, in an arm, get no correction. Default 8; never under 3. */
  readonly minLabelled?: number;
  /** Least and greatest value that the estimate can have; intervals are cut there. Default none. */
  readonly range?: readonly [number, number];
}

/** A judged mean or difference, with and without the judge's error in its interval. */
export interface JudgeErrorEstimate {
  /** From the judge's values as if they were true. */
  readonly judgeOnly: Estimate;
  /** From the human labels alone. */
  readonly humanOnly: Estimate;
  /** From both: the judge on all texts, its error from the labelled ones. */
  readonly corrected: Estimate;
  /** `corrected` where it has an interval, else `judgeOnly`. */
  readonly reported: Estimate;
  /** Why `reported` is the judge alone; null where it is not. */
  readonly fallback: string | null;
  /** Mean of judge − human over the labelled texts; of a difference, the error of the left arm minus that of the right. */
  readonly judgeError: Estimate;
  readonly lambda: number | null;
  /** Width of the corrected interval over that of the judge-only one: what judge error costs. Null where one is missing. */
  readonly widthRatio: number | null;
  /**
   * How far the judge's mean of the labelled texts lies from that of all, in standard errors. Labels must be a random
   * subset; beyond 3 they hardly are.
   */
  readonly subsetZ: number | null;
  readonly topics: number;
  readonly labelledTopics: number;
  readonly labelledTexts: number;
  /** Texts without a value of the judge, labelled or not: they enter nothing. */
  readonly missing: number;
}

const method = 'prediction-powered, t over topics';

/**
 * The mean over topics of what humans would say, from a judge on all texts and humans on a random subset:
 * θ = λ·F + (Y − λ·f), F the judge's mean over topics, Y and f the means of humans and judge over the labelled texts, each
 * text weighing 1 / (texts of its topic). Unbiased whatever the judge's error is; a good judge makes it narrow. The
 * variance sums each topic's influence on F, Y and f before squaring, so that texts of one topic may be alike and the
 * labelled texts are among all; λ is the value of least variance in 0 to 1. Student's t by Satterthwaite.
 * By simulation (test/analysis/stats/judge-error.slow.test.ts) it holds its level where the judge-only interval fails.
 * Null with a reason: too few labelled topics, or labels that show no error to estimate. float64.
 * Throws ConfigError for options out of range, DataError for NaN and infinities.
 * Source: Angelopoulos et al. 2023, Science 382, prediction-powered inference; Angelopoulos, Duchi and Zrnic 2023,
 * arXiv:2311.01453, section 6, for λ.
 */
export function meanWithJudgeError(texts: readonly JudgedText[], options: JudgeErrorOptions): JudgeErrorEstimate {
  const where = 'meanWithJudgeError';
  const arm = armScores(texts, null, where);
  return combined([{ ...arm, sign: 1 }], meanOverTopics(judgedValues(texts), options), options, where);
}

/**
 * The same for the mean difference left − right over the topics that both arms have: each arm's error is estimated from
 * its own labels, and a topic's influence on both arms is summed before squaring. An error that both arms share cancels
 * in `judgeOnly` too; one that differs between arms does not. Swapping the arms negates it. Throws as
 * `meanWithJudgeError`.
 */
export function differenceWithJudgeError(
  left: readonly JudgedText[],
  right: readonly JudgedText[],
  options: JudgeErrorOptions,
): JudgeErrorEstimate {
  const where = 'differenceWithJudgeError';
  const paired = pairedDifference(judgedValues(left), judgedValues(right), options);
  const shared = new Set(paired.pairs.map(({ topicId }) => topicId));
  const arms = [
    { ...armScores(left, shared, `${where}, left`), sign: 1 },
    { ...armScores(right, shared, `${where}, right`), sign: -1 },
  ];
  return combined(arms, paired, options, where);
}

function judgedValues(texts: readonly JudgedText[]): TopicValue[] {
  return texts.map(({ topicId, judged }) => ({ topicId, value: judged }));
}

interface SignedArm extends ArmScores {
  readonly sign: number;
}

function combined(
  arms: readonly SignedArm[],
  judgeOnly: Estimate,
  options: JudgeErrorOptions,
  where: string,
): JudgeErrorEstimate {
  const { level } = bootstrapSettings(options, where);
  const { minLabelled = 8, range, lambda: given } = options;
  const problems = [
    !(Number.isInteger(minLabelled) && minLabelled >= 3) &&
      `minLabelled must be a whole number from 3 up, got ${minLabelled}`,
    given !== undefined && !(given >= 0 && given <= 1) && `lambda must lie between 0 and 1, got ${given}`,
    range !== undefined && !(range[0] < range[1]) && `range must go from low to high, got ${range.join(' to ')}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new ConfigError(`${where}: ${problems.join('; ')}. Correct the options.`);
  const topics = arms[0].topics.length;
  const labelled = Math.min(...arms.map((arm) => arm.labelledTopics));
  const known = {
    judgeOnly: cut(judgeOnly, range),
    topics,
    labelledTopics: labelled,
    labelledTexts: arms.reduce((sum, arm) => sum + arm.labelledTexts, 0),
    missing: arms.reduce((sum, arm) => sum + arm.missing, 0),
  };
  const perArm = arms.length === 1 ? '' : ' in each arm';
  const tooFew =
    labelled === 0
      ? `no text with a human label${perArm}`
      : labelled < minLabelled
        ? `${labelled} of the ${minLabelled} topics with a human label${perArm} that a correction needs`
        : null;
  if (tooFew !== null) {
    const none = (of: Estimate['method']) => missingEstimate(of, level, labelled, tooFew);
    return {
      ...known,
      humanOnly: none('t over topics'),
      judgeError: none('t over topics'),
      corrected: none(method),
      reported: known.judgeOnly,
      fallback: tooFew,
      lambda: null,
      widthRatio: null,
      subsetZ: null,
    };
  }
  const total = (of: (arm: ArmScores) => number) => arms.reduce((sum, arm) => sum + arm.sign * of(arm), 0);
  const scores = (of: (arm: ArmScores, topic: number) => number) =>
    Float64Array.from({ length: topics }, (_, t) => total((arm) => of(arm, t)));
  const human = scores((arm, t) => arm.human[t]);
  const shift = scores((arm, t) => arm.judgeAll[t] - arm.judgeLabelled[t]);
  // Least variance of human + λ·shift; a judge that tells nothing gets 0 and leaves the humans alone.
  const best = dot(shift, shift) > 0 ? -dot(human, shift) / dot(shift, shift) : 0;
  const lambda = given ?? Math.min(1, Math.max(0, best));
  const tuned = given === undefined ? 1 : 0;
  // A weight that was fitted to the labels takes one more degree of each arm's spread.
  const inflation = (arm: ArmScores) => Math.sqrt((arm.labelledTopics - 1) / (arm.labelledTopics - 1 - tuned));
  const residual = (arm: ArmScores, t: number) => inflation(arm) * (arm.human[t] - lambda * arm.judgeLabelled[t]);
  const estimate = (atLambda: number): Estimate['estimate'] =>
    total((arm) => arm.humanMean + atLambda * (arm.judgeMean - arm.judgeLabelledMean));
  const corrected = interval(
    estimate(lambda)!,
    scores((arm, t) => residual(arm, t) + lambda * arm.judgeAll[t]),
    [
      ...arms.map((arm) => ({
        scores: arm.human.map((_, t) => residual(arm, t)),
        degrees: arm.labelledTopics - 1 - tuned,
      })),
      { scores: scores((arm, t) => lambda * arm.judgeAll[t]), degrees: Math.max(1, topics - 1) },
    ],
    { level, method, n: topics },
    arms.length,
  );
  const overLabelled = (value: number, of: (arm: ArmScores, t: number) => number): Estimate =>
    interval(
      value,
      scores(of),
      arms.map((arm) => ({
        scores: Float64Array.from({ length: topics }, (_, t) => of(arm, t)),
        degrees: arm.labelledTopics - 1,
      })),
      { level, method: 't over topics', n: labelled },
      arms.length,
    );
  const final = cut(corrected, range);
  const hasInterval = final.low !== null;
  const shiftSize = Math.sqrt(dot(shift, shift));
  return {
    ...known,
    humanOnly: cut(
      overLabelled(estimate(0)!, (arm, t) => arm.human[t]),
      range,
    ),
    judgeError: overLabelled(
      total((arm) => arm.judgeLabelledMean - arm.humanMean),
      (arm, t) => arm.judgeLabelled[t] - arm.human[t],
    ),
    corrected: final,
    reported: hasInterval ? final : known.judgeOnly,
    fallback: hasInterval ? null : final.reason,
    lambda,
    widthRatio:
      hasInterval && known.judgeOnly.low !== null
        ? (final.high! - final.low!) / (known.judgeOnly.high! - known.judgeOnly.low)
        : null,
    subsetZ: shiftSize > 0 ? total((arm) => arm.judgeLabelledMean - arm.judgeMean) / shiftSize : null,
  };
}

interface Part {
  readonly scores: Float64Array;
  readonly degrees: number;
}

/** Estimate ± t·√Σ score², with Satterthwaite's degrees over the parts; the first `errors` parts must have spread. */
function interval(
  estimate: number,
  scores: Float64Array,
  parts: readonly Part[],
  known: Pick<Estimate, 'level' | 'method' | 'n'>,
  errors: number,
): Estimate {
  const variances = parts.map((part) => dot(part.scores, part.scores));
  const bare = { estimate, low: null, high: null, ...known };
  const tiny = 1e-24 * Math.max(1, estimate ** 2);
  if (variances.slice(0, errors).some((variance) => !(variance > tiny)))
    return { ...bare, reason: 'the labelled texts show no spread, so how far they may err cannot be told' };
  const sum = variances.reduce((all, variance) => all + variance, 0);
  const degrees = sum ** 2 / variances.reduce((all, variance, at) => all + variance ** 2 / parts[at].degrees, 0);
  const half = studentQuantile((1 + known.level) / 2, degrees) * Math.sqrt(dot(scores, scores));
  if (!(half > 0)) return { ...bare, reason: 'the topics do not differ in it' };
  return { ...bare, low: estimate - half, high: estimate + half, reason: null };
}

function cut(estimate: Estimate, range: readonly [number, number] | undefined): Estimate {
  if (range === undefined || estimate.low === null || estimate.high === null) return estimate;
  const low = Math.max(range[0], estimate.low);
  const high = Math.min(range[1], estimate.high);
  if (low < high) return { ...estimate, low, high };
  return { ...estimate, low: null, high: null, reason: `the interval lies outside ${range[0]} to ${range[1]}` };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at];
  return sum;
}
