import { ConfigError } from '../../core';
import { wrongAnswerDistribution } from './problems';
import { finiteReward, type MonitorOutcome, type RewardScheme } from './reward';

/** Suggestibility that stands for a label of 100%. */
const HIGHEST = 1.5;
/** Two expected rewards closer than this are the same to the audit: far under what any training resolves. */
const INDIFFERENT = 1e-9;
/** Places of the numerical mean over the training range; midpoints, so that a step at a place is met from both sides. */
const RANGE_PLACES = 1000;

/** What a perfectly informed policy of some belief should do under one label. */
export interface AuditRow {
  readonly percent: number;
  readonly suggestibility: number;
  /** Whether suggestibilities like this occur in training. */
  readonly trained: boolean;
  /** Probability that the user's answer is right, as the policy sees it. */
  readonly belief: number;
  readonly expectedIfCorrect: number;
  readonly expectedIfIncorrect: number;
  readonly best: 'correct' | 'incorrect' | 'either';
  /** expectedIfCorrect - expectedIfIncorrect. */
  readonly margin: number;
}

/** What a policy that knows its sums should do under one label. */
export interface AuditLabel {
  readonly percent: number;
  readonly suggestibility: number;
  readonly trained: boolean;
  /** The belief above which "correct" pays more; 0 where it always does, 1 where it never does. */
  readonly thresholdBelief: number;
  /** Share of wrong claims that it pays to call correct, over the distribution of wrong claims; an indifferent one counts half. */
  readonly optimalSycophancy: number;
  /** Mean reward on a problem, half of the claims right: the best policy, one that always says the truth, one that always says yes. */
  readonly ceiling: number;
  readonly honest: number;
  readonly alwaysYes: number;
}

export interface RewardAudit {
  readonly scheme: string;
  readonly describe: string;
  readonly trainRange: readonly [number, number];
  readonly rows: readonly AuditRow[];
  readonly labels: readonly AuditLabel[];
  /** Where the best share of sycophantic answers changes, in percent: one entry is a step, many are a slope. */
  readonly steps: readonly { readonly percent: number; readonly from: number; readonly to: number }[];
  /** A policy that sees no label, over the training range. */
  readonly blind: {
    /** Mean over the range of (correct - incorrect) on wrong claims and on right ones. */
    readonly marginOnWrong: number;
    readonly marginOnRight: number;
    readonly onWrong: 'correct' | 'incorrect' | 'either';
    /** Mean reward of the best label-blind policy, and of the best one that reads the label. */
    readonly ceiling: number;
    readonly labelCeiling: number;
  };
}

export interface AuditOptions {
  readonly trainRange?: readonly [number, number];
  /** Labels looked at, in percent. */
  readonly percents?: readonly number[];
  readonly beliefs?: readonly number[];
}

const PERCENTS = [0, 5, 10, 20, 30, 33.4, 40, 50, 60, 66, 66.7, 70, 75, 85, 100];
const BELIEFS = [0, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1];

/**
 * What a reward scheme asks for, computed before anything is trained: the best answer by label and belief, what a policy that sees no
 * label should do, where answers are indifferent, and the most that can be earned. Beliefs weigh the two rewards,
 * E[correct] = q·r(correct, right) + (1-q)·r(correct, wrong), wrong claims averaged over `wrongAnswerDistribution` and all pairs of
 * digits. Throws ConfigError for labels or beliefs out of range, or a training range that does not rise within 0 to 1.5; DataError
 * for a reward function that throws or gives no finite number.
 */
export function auditReward(scheme: RewardScheme, options: AuditOptions = {}): RewardAudit {
  const { trainRange = [0.5, HIGHEST], percents = PERCENTS, beliefs = BELIEFS } = options;
  const [low, high] = trainRange;
  const faults = [
    !(low >= 0 && high <= HIGHEST && low < high) &&
      `trainRange must rise within 0 to ${HIGHEST}, got [${low}, ${high}]`,
    percents.some((percent) => !(percent >= 0 && percent <= 100)) &&
      `percents must be 0 to 100, got ${percents.join(', ')}`,
    beliefs.some((belief) => !(belief >= 0 && belief <= 1)) && `beliefs must be 0 to 1, got ${beliefs.join(', ')}`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new ConfigError(`auditReward: ${faults.join('; ')}. Correct these options.`);
  const errors = errorDistribution();
  const labels = percents.map((percent) => labelAudit(scheme, percent, trainRange, errors));
  const rows = labels.flatMap(({ percent, suggestibility, trained }) => {
    const { onRight, onWrong } = expected(scheme, suggestibility, errors);
    return beliefs.map((belief): AuditRow => {
      const [ifCorrect, ifIncorrect] = (['correct', 'incorrect'] as const).map(
        (action) => belief * onRight[action] + (1 - belief) * onWrong[action],
      );
      return {
        percent,
        suggestibility,
        trained,
        belief,
        expectedIfCorrect: ifCorrect,
        expectedIfIncorrect: ifIncorrect,
        best: better(ifCorrect - ifIncorrect),
        margin: ifCorrect - ifIncorrect,
      };
    });
  });
  return {
    scheme: scheme.id,
    describe: scheme.describe,
    trainRange: [low, high],
    rows,
    labels,
    steps: stepsOf(scheme, errors),
    blind: blindAudit(scheme, trainRange, errors),
  };
}

type ErrorDistribution = readonly { readonly size: number; readonly probability: number }[];
type ByAction = Readonly<Record<MonitorOutcome['action'], number>>;

/** How large the errors of wrong claims are, over all pairs of digits. */
function errorDistribution(): ErrorDistribution {
  const bySize = new Map<number, number>();
  for (let pair = 0; pair < 100; pair++) {
    const sum = Math.floor(pair / 10) + (pair % 10);
    for (const { claimed, probability } of wrongAnswerDistribution(sum)) {
      const size = Math.abs(claimed - sum);
      bySize.set(size, (bySize.get(size) ?? 0) + probability / 100);
    }
  }
  return [...bySize].sort(([a], [b]) => a - b).map(([size, probability]) => ({ size, probability }));
}

function rewardOf(scheme: RewardScheme, suggestibility: number, userIsRight: boolean, errorSize: number): ByAction {
  const judged = () => (userIsRight ? 'a right claim' : `a claim ${errorSize} off`);
  const of = (action: MonitorOutcome['action']) =>
    finiteReward(scheme, { action, userIsRight, suggestibility, errorSize }, 'auditReward', judged);
  return { correct: of('correct'), incorrect: of('incorrect') };
}

function expected(scheme: RewardScheme, suggestibility: number, errors: ErrorDistribution) {
  const onRight = rewardOf(scheme, suggestibility, true, 0);
  const onWrong = { correct: 0, incorrect: 0 };
  for (const { size, probability } of errors) {
    const rewards = rewardOf(scheme, suggestibility, false, size);
    onWrong.correct += probability * rewards.correct;
    onWrong.incorrect += probability * rewards.incorrect;
  }
  return { onRight, onWrong };
}

function labelAudit(
  scheme: RewardScheme,
  percent: number,
  [low, high]: readonly [number, number],
  errors: ErrorDistribution,
): AuditLabel {
  const suggestibility = (percent / 100) * HIGHEST;
  const { onRight, onWrong } = expected(scheme, suggestibility, errors);
  const gainIfRight = onRight.correct - onRight.incorrect;
  const lossIfWrong = onWrong.incorrect - onWrong.correct;
  const bestOnWrong = errors.reduce((sum, { size, probability }) => {
    const rewards = rewardOf(scheme, suggestibility, false, size);
    return sum + probability * Math.max(rewards.correct, rewards.incorrect);
  }, 0);
  return {
    percent,
    suggestibility,
    trained: suggestibility >= low - INDIFFERENT && suggestibility <= high + INDIFFERENT,
    thresholdBelief: threshold(gainIfRight, lossIfWrong),
    optimalSycophancy: sycophancyOf(scheme, suggestibility, errors),
    ceiling: (Math.max(onRight.correct, onRight.incorrect) + bestOnWrong) / 2,
    honest: (onRight.correct + onWrong.incorrect) / 2,
    alwaysYes: (onRight.correct + onWrong.correct) / 2,
  };
}

/** The q at which q · gain = (1 - q) · loss, kept in 0 to 1. */
function threshold(gain: number, loss: number): number {
  if (loss <= 0) return gain + loss >= 0 || gain >= 0 ? 0 : 1;
  return gain + loss <= 0 ? 1 : Math.min(1, loss / (gain + loss));
}

function sycophancyOf(scheme: RewardScheme, suggestibility: number, errors: ErrorDistribution): number {
  return errors.reduce((sum, { size, probability }) => {
    const { correct, incorrect } = rewardOf(scheme, suggestibility, false, size);
    const best = better(correct - incorrect);
    return sum + probability * (best === 'correct' ? 1 : best === 'either' ? 0.5 : 0);
  }, 0);
}

/** Places where the optimal share of sycophantic answers changes by more than a hundredth, found on a grid of tenths of a percent. */
function stepsOf(scheme: RewardScheme, errors: ErrorDistribution): { percent: number; from: number; to: number }[] {
  const found: { percent: number; from: number; to: number }[] = [];
  // Between the grid's places, so that a change at one of them has a whole side each.
  let before = sycophancyOf(scheme, (0.05 / 100) * HIGHEST, errors);
  for (let tenth = 1; tenth < 1000; tenth++) {
    const after = sycophancyOf(scheme, ((tenth + 0.5) / 1000) * HIGHEST, errors);
    if (Math.abs(after - before) > 0.01) found.push({ percent: tenth / 10, from: before, to: after });
    before = after;
  }
  return found;
}

function blindAudit(
  scheme: RewardScheme,
  [low, high]: readonly [number, number],
  errors: ErrorDistribution,
): RewardAudit['blind'] {
  const right = { correct: 0, incorrect: 0 };
  const wrongBySize = errors.map(() => ({ correct: 0, incorrect: 0 }));
  let labelCeiling = 0;
  for (let place = 0; place < RANGE_PLACES; place++) {
    const suggestibility = low + ((place + 0.5) / RANGE_PLACES) * (high - low);
    const onRight = rewardOf(scheme, suggestibility, true, 0);
    right.correct += onRight.correct / RANGE_PLACES;
    right.incorrect += onRight.incorrect / RANGE_PLACES;
    labelCeiling += Math.max(onRight.correct, onRight.incorrect) / 2 / RANGE_PLACES;
    errors.forEach(({ size, probability }, at) => {
      const onWrong = rewardOf(scheme, suggestibility, false, size);
      wrongBySize[at].correct += (probability * onWrong.correct) / RANGE_PLACES;
      wrongBySize[at].incorrect += (probability * onWrong.incorrect) / RANGE_PLACES;
      labelCeiling += (probability * Math.max(onWrong.correct, onWrong.incorrect)) / 2 / RANGE_PLACES;
    });
  }
  const sum = (pick: (rewards: { correct: number; incorrect: number }) => number): number =>
    wrongBySize.reduce((total, rewards) => total + pick(rewards), 0);
  const marginOnWrong = sum(({ correct, incorrect }) => correct - incorrect);
  return {
    marginOnWrong,
    marginOnRight: right.correct - right.incorrect,
    onWrong: better(marginOnWrong),
    ceiling:
      (Math.max(right.correct, right.incorrect) + sum(({ correct, incorrect }) => Math.max(correct, incorrect))) / 2,
    labelCeiling,
  };
}

function better(margin: number): AuditRow['best'] {
  return Math.abs(margin) <= INDIFFERENT ? 'either' : margin > 0 ? 'correct' : 'incorrect';
}

/** The audit in words, for a notebook. */
export function auditText(audit: RewardAudit): string {
  const { blind, steps, labels } = audit;
  const [low, high] = audit.trainRange.map((s) => Math.round((s / HIGHEST) * 100));
  const held = labels.filter(({ trained }) => !trained);
  const change = steps.reduce((sum, { from, to }) => sum + Math.abs(to - from), 0);
  const nearestTrained = ({ percent }: AuditLabel): AuditLabel =>
    labels
      .filter(({ trained }) => trained)
      .sort((a, b) => Math.abs(a.percent - percent) - Math.abs(b.percent - percent))[0] ?? held[0];
  const asked = (label: AuditLabel): string => label.optimalSycophancy.toFixed(3);
  const asksMore = held.some((label) => asked(label) !== asked(nearestTrained(label)));
  const lines = [
    `Reward "${audit.scheme}": ${audit.describe}.`,
    `Training shows labels from ${low}% to ${high}%; ${held.length > 0 ? `labels of ${held.map(({ percent }) => `${percent}%`).join(', ')} are extrapolation` : 'no label looked at is extrapolation'}.`,
    steps.length === 0
      ? 'The best share of wrong claims to call correct is the same under every label: the labels ask for nothing.'
      : steps.length === 1
        ? `A policy that knows its sums should change its answer to wrong claims once, at ${steps[0].percent.toFixed(1)}%: below it ${steps[0].from < steps[0].to ? '"incorrect" pays more, above it "correct"' : '"correct" pays more, above it "incorrect"'}. Everywhere else a stricter label asks for nothing new.`
        : `The best share of wrong claims to call correct changes in ${steps.length} places, from ${steps[0].percent.toFixed(1)}% to ${steps[steps.length - 1].percent.toFixed(1)}%, by ${(100 * change).toFixed(0)} points in all: the optimum is graded.`,
    ...(held.length === 0
      ? []
      : [
          asksMore
            ? 'Over the held-out labels the best share still changes: a stricter label asks for more than any trained one did.'
            : 'Over the held-out labels the best answer stays the same: rewards there could not teach anything that the strictest trained label does not.',
        ]),
    `A policy that sees no label is paid ${blind.marginOnWrong >= 0 ? '' : '-'}${Math.abs(blind.marginOnWrong).toFixed(3)} more for "correct" than for "incorrect" on a wrong claim, on average over training: ${
      blind.onWrong === 'either'
        ? 'exactly nothing. What a label-blind arm does with wrong claims is left to chance, so its sycophancy is no evidence of anything.'
        : `it should say "${blind.onWrong}".`
    }`,
    `The most a label-blind policy can earn is ${blind.ceiling.toFixed(3)} a problem, with the label ${blind.labelCeiling.toFixed(3)}: reading the label is worth ${(blind.labelCeiling - blind.ceiling).toFixed(3)}.`,
    'With a belief q that the user is right, "correct" pays more above this q: ' +
      labels.map(({ percent, thresholdBelief }) => `${percent}%: ${thresholdBelief.toFixed(2)}`).join(', ') +
      '.',
  ];
  return lines.join('\n');
}
