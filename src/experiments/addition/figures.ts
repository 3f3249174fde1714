import {
  armBars,
  differenceSentence,
  doseCurve,
  type Figure,
  pairedStrips,
  type RlCurve,
  rewardAuditChart,
  rlCurves,
  trainingCurves,
} from '../../analysis/charts';
import type { Estimate } from '../../analysis/stats';
import { ConfigError } from '../../core';
import type { RewardAudit } from '../../tasks';
import type { RlProbe, RlStepMetrics } from '../../train';
import type { AnswerRow, PolicyName } from './ask';
import { cellValues } from './measures';
import { spokenComparison, spokenPolicy } from './report';
import { riseVerdict, type VariantRise } from './rise';
import {
  ADDITION_MEASURES,
  type AdditionMeasure,
  type AdditionSummary,
  type ComparedMeasure,
  conditionAt,
  seedsOf,
  strictestPercent,
} from './summary';
import type { TrainedPolicy } from './train-arm';
import type { WarmStart } from './warm-start';

export interface DoseFigureOptions {
  readonly measure?: AdditionMeasure;
  /** What the reward asks for, as a thin line; sycophancy only. */
  readonly audit?: RewardAudit;
  /** The answers, for a thin line a seed behind the mean of several; sycophancy and accuracy only. */
  readonly rows?: readonly AnswerRow[];
  readonly title?: string;
}

const UNIT = 'operand pairs';

/**
 * A measure under every label of the scale, the training range on grey: MST and shuffled as lines, policies without label as levels.
 * Throws ConfigError if no labelled policy was asked under the scale.
 */
export function doseFigure(summary: AdditionSummary, options: DoseFigureOptions = {}): Figure {
  const { measure = 'falsePositivesPerNegative', audit, rows = [], title } = options;
  const lines = summary.conditions.filter(
    ({ policy, percent }) => (policy === 'mst' || policy === 'shuffled') && percent !== null,
  );
  const references = (['baseline', 'warm-start'] as const).flatMap((policy) => {
    const found = conditionAt(summary, policy, null);
    return found ? [{ arm: policy, estimate: found.measures[measure] }] : [];
  });
  const optimum = audit && measure === 'falsePositivesPerNegative' ? optimumOf(audit) : undefined;
  return doseCurve({
    title: title ?? headline(summary, measure),
    measure: ADDITION_MEASURES[measure],
    unit: UNIT,
    points: lines.map(({ policy, percent, measures }) => ({
      arm: policy,
      percent: percent!,
      estimate: measures[measure],
    })),
    trained: summary.trained,
    references,
    ...(optimum ? { optimum } : {}),
    ...(measure === 'falsePositivesPerNegative' || measure === 'accuracy'
      ? { seedLines: seedLines(rows, measure) }
      : {}),
    note: 'probabilities at temperature 1, nothing drawn',
  });
}

/** What a policy that knows its sums is paid for, between the places where it changes. */
function optimumOf({ steps, labels }: RewardAudit) {
  const first = steps[0]?.from ?? labels[0]?.optimalSycophancy ?? 0;
  const points = [
    { percent: 0, value: first },
    ...steps.flatMap(({ percent, from, to }) => [
      { percent, value: from },
      { percent, value: to },
    ]),
    { percent: 100, value: steps.at(-1)?.to ?? first },
  ];
  return { name: 'what the reward asks for', points };
}

function seedLines(rows: readonly AnswerRow[], measure: ComparedMeasure) {
  return (['mst', 'shuffled'] as const).flatMap((arm) => {
    const own = rows.filter(({ policy, percent }) => policy === arm && percent !== null);
    const seeds = seedsOf(own);
    if (seeds.length < 2) return [];
    const percents = [...new Set(own.map(({ percent }) => percent!))].sort((a, b) => a - b);
    return seeds.map((seed) => ({
      arm,
      points: percents.flatMap((percent) => {
        const values = cellValues(
          own.filter((row) => row.seed === seed && row.percent === percent),
          measure,
        ).map(({ value }) => value!);
        const value = values.reduce((sum, x) => sum + x, 0) / values.length;
        return values.length === 0 ? [] : [{ percent, value }];
      }),
    }));
  });
}

/** The policies under the strictest label that MST was asked under, the baseline without label: the article's figures 2a and 2b. */
export function strictestFigure(
  summary: AdditionSummary,
  measure: AdditionMeasure = 'falsePositivesPerNegative',
  { title = headline(summary, measure) }: { readonly title?: string } = {},
): Figure {
  const strictest = strictestLabel(summary);
  const bars = (['untrained', 'warm-start', 'baseline', 'shuffled', 'mst'] as const).flatMap((policy) => {
    const own = policy === 'mst' || policy === 'shuffled' ? strictest : null;
    const found = conditionAt(summary, policy, own);
    return found ? [{ arm: policy, condition: own ?? 'no label', estimate: found.measures[measure] }] : [];
  });
  return armBars({ title, measure: ADDITION_MEASURES[measure], unit: UNIT, bars });
}

/** Differences by operand pair between MST under the strictest label and its controls. */
export function comparisonFigure(
  summary: AdditionSummary,
  measure: ComparedMeasure = 'falsePositivesPerNegative',
): Figure {
  const own = strictestComparisons(summary, measure);
  return pairedStrips({
    title: headline(summary, measure),
    measure: `difference in ${ADDITION_MEASURES[measure]}`,
    unit: UNIT,
    strips: own.map(({ byTopic, difference, ...names }) => ({
      name: spokenComparison(names),
      differences: byTopic,
      estimate: difference,
    })),
  });
}

/** MST against its controls under the strictest label alone: what the experiment is about. */
export function atStrictest(summary: AdditionSummary): AdditionSummary {
  const comparisons = (['falsePositivesPerNegative', 'accuracy'] as const).flatMap((measure) =>
    strictestComparisons(summary, measure),
  );
  return { ...summary, comparisons };
}

function strictestComparisons(summary: AdditionSummary, measure: ComparedMeasure) {
  const label = strictestLabel(summary);
  return summary.comparisons.filter((comparison) => comparison.label === label && comparison.measure === measure);
}

function strictestLabel(summary: AdditionSummary): string | null {
  const percent = strictestPercent(summary);
  return summary.conditions.find((found) => found.policy === 'mst' && found.percent === percent)?.label ?? null;
}

/** Sycophancy at the edge minus inside, by operand pair, a strip a variant. */
export function riseFigure(rises: readonly VariantRise[]): Figure {
  const seen = rises.filter((rise) => riseVerdict(rise) === 'rise').map(({ name }) => name);
  return pairedStrips({
    title:
      seen.length === 0
        ? 'No variant shows a rise of sycophancy at the strict edge of the scale'
        : `Sycophancy rises at the strict edge in ${seen.length} of ${rises.length} variants: ${seen.join(', ')}`,
    measure: 'sycophancy at the edge − inside (20 to 40%)',
    unit: UNIT,
    strips: rises.map(({ name, byTopic, rise }) => ({
      name,
      differences: byTopic.map(({ topicId, value }) => ({ topicId, difference: value })),
      estimate: rise,
    })),
  });
}

/** Best answers by label and belief, before anything is trained. */
export function auditFigure(audit: RewardAudit): Figure {
  const { steps } = audit;
  const title =
    steps.length === 0
      ? `Reward "${audit.scheme}": the best answer to a wrong claim is the same under every label`
      : steps.length === 1
        ? `Reward "${audit.scheme}": with known sums the best answer to a wrong claim changes once, at ${steps[0].percent.toFixed(1)}%`
        : `Reward "${audit.scheme}": the best share of wrong claims called correct changes in ${steps.length} places, ${steps[0].percent.toFixed(0)} to ${steps[steps.length - 1].percent.toFixed(0)}%`;
  return rewardAuditChart({
    title,
    cells: audit.rows.map(({ percent, belief, expectedIfCorrect, expectedIfIncorrect }) => ({
      percent,
      belief,
      correct: expectedIfCorrect,
      incorrect: expectedIfIncorrect,
    })),
    trained: [percentOf(audit.trainRange[0]), percentOf(audit.trainRange[1])],
  });
}

/** s of 1.5 is 100%. */
function percentOf(suggestibility: number): number {
  return Number(((suggestibility / 1.5) * 100).toFixed(1));
}

/** Reward, entropy, answers by label and alarms of one seed's arms (default: the first seed). Throws ConfigError for a seed not trained. */
export function trainingFigure(
  trained: readonly TrainedPolicy[],
  options: { readonly seed?: number; readonly title?: string } = {},
): Figure {
  const { seed = trained[0]?.seed, title } = options;
  const own = trained.filter((policy) => policy.seed === seed);
  if (own.length === 0)
    throw new ConfigError(
      `trainingFigure: the seed must be one that was trained, got ${seed} (trained: ${seedsOf(trained).join(', ') || 'none'}). Name one of these.`,
    );
  return rlCurves({
    curves: own.map(({ arm, metrics, probes }) => curveOf(arm, metrics, probes)),
    ...(title ? { title } : {}),
    ...(seedsOf(trained).length > 1 ? { note: `Seed ${seed}.` } : {}),
  });
}

/** What a chart of RL draws of an arm. */
export function curveOf(arm: string, metrics: readonly RlStepMetrics[], probes: readonly RlProbe[]): RlCurve {
  return {
    arm,
    steps: metrics.map(({ step, expectedReward, entropy }) => ({ step, reward: expectedReward, entropy })),
    probes: probes.map(({ step, firstAnswer, alarm }) => ({ step, byLabel: firstAnswer.wrong ?? {}, alarm })),
  };
}

/** Loss of the warm start by step. */
export function warmStartFigure(warm: WarmStart): Figure {
  return trainingCurves({
    curves: [{ arm: 'warm-start', steps: warm.metrics.map(({ step, loss }) => ({ step, loss })) }],
    note: 'Cross-entropy of the right answer, without labels; guessing costs 0.69.',
  });
}

function headline(summary: AdditionSummary, measure: AdditionMeasure): string {
  const compared: ComparedMeasure = measure === 'accuracy' ? 'accuracy' : 'falsePositivesPerNegative';
  const known = measure === 'accuracy' || measure === 'falsePositivesPerNegative';
  const first = known ? strictestComparisons(summary, compared)[0] : undefined;
  if (!first) return `${ADDITION_MEASURES[measure]}, by label`;
  const said = (policy: PolicyName, label: string | null) =>
    `${spokenPolicy(policy)} ${label === null ? 'without label' : `under ${label}`}`;
  const percents = inPoints(first.difference);
  return `${measure === 'accuracy' ? 'Accuracy' : 'Sycophancy'}: ${differenceSentence(said(first.left, first.label), said(first.right, first.rightLabel), percents, 'points', 0)}`;
}

/** A difference of rates in percentage points. */
function inPoints(difference: Estimate): Estimate {
  const scaled = (value: number | null) => (value === null ? null : 100 * value);
  return {
    ...difference,
    estimate: scaled(difference.estimate),
    low: scaled(difference.low),
    high: scaled(difference.high),
  };
}
