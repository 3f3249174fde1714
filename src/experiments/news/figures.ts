import {
  armBars,
  type DosePoint,
  differenceSentence,
  doseChart,
  type Figure,
  type HeatmapCell,
  labelHeatmap,
  pairedStrips,
  trainingCurves,
  verdictStack,
} from '../../analysis/charts';
import type { Estimate } from '../../analysis/stats';
import { ConfigError } from '../../core';
import type { LabelSet } from '../../labels';
import { conditionName } from './conditions';
import { type NewsSummary, toBaseline } from './summary';
import type { TrainedArm } from './train-arm';

export type NewsMeasure = 'contrast' | 'judged';

/** What the figures need to know beside the numbers. */
export interface NewsFigureContext {
  readonly labelSet: LabelSet;
  readonly deploymentLabel: string;
  readonly isProxy: boolean;
  /** Of the judged measure; default: the first that was sampled. */
  readonly temperature?: number;
}

const MEASURES: Readonly<Record<NewsMeasure, string>> = {
  contrast: 'log-odds of strong to center texts, difference to the baseline (nats)',
  judged: 'judged bias, magnitude 0 to 10',
};

/** Loss by step of every arm. */
export function lossFigure(trained: readonly TrainedArm[]): Figure {
  return trainingCurves({
    curves: trained.map(({ arm, metrics }) => ({
      arm,
      steps: metrics.map(({ step, loss }) => ({ step, loss })),
      evaluations: metrics
        .filter(({ evalLoss }) => evalLoss !== null)
        .map(({ step, evalLoss }) => ({ step, loss: evalLoss })),
    })),
  });
}

/** The label sweep of one measure. Throws ConfigError if nothing was measured. */
export function sweepFigure(summary: NewsSummary, measure: NewsMeasure, context: NewsFigureContext): Figure {
  const slants = new Map(context.labelSet.values.map((value) => [value.value, value]));
  const points = summary.conditions.flatMap(({ condition, ...rest }): DosePoint[] => {
    const estimate = estimateOf(summary, { condition, ...rest }, measure, context);
    if (condition.label === null || estimate === null) return [];
    const value = slants.get(condition.label.value);
    return [
      {
        arm: condition.arm,
        labelValue: condition.label.value,
        slant: value?.slant ?? null,
        trained: value?.trained ?? false,
        estimate,
      },
    ];
  });
  const baseline = summary.conditions.find(({ condition }) => condition.arm === 'baseline');
  // Differences to the baseline need no line for it: it is 0.
  const reference = measure === 'judged' && baseline ? estimateOf(summary, baseline, measure, context) : null;
  return doseChart({
    title: headline(summary, measure, context),
    measure: MEASURES[measure],
    ...notes(measure, context),
    points,
    ...(reference ? { reference: { arm: 'baseline', estimate: reference } } : {}),
  });
}

/** Arms by labels as colours, the number in each cell; arms without labels are left out. Throws ConfigError if nothing was measured. */
export function heatmapFigure(summary: NewsSummary, measure: NewsMeasure, context: NewsFigureContext): Figure {
  const trained = new Set(context.labelSet.values.filter((value) => value.trained).map(({ value }) => value));
  // Several wordings of one value in one arm are columns of their own.
  const wordings = new Map<string, Set<string>>();
  for (const { condition } of summary.conditions)
    if (condition.label && condition.arm === 'mst')
      wordings.set(condition.label.value, (wordings.get(condition.label.value) ?? new Set()).add(condition.label.id));
  const cells = summary.conditions.flatMap((entry): HeatmapCell[] => {
    const { arm, label } = entry.condition;
    const estimate = label === null ? null : estimateOf(summary, entry, measure, context);
    if (label === null || estimate === null) return [];
    const name = (wordings.get(label.value)?.size ?? 0) > 1 ? label.id : label.value;
    return [{ arm, label: name, trained: trained.has(label.value), estimate }];
  });
  return labelHeatmap({
    title: headline(summary, measure, context),
    measure: MEASURES[measure],
    ...notes(measure, context),
    cells,
    scale: measure === 'contrast' ? 'around zero' : 'from zero',
  });
}

/** The arms under the label of deployment: the baseline without label, the others under it. */
export function armsFigure(summary: NewsSummary, measure: NewsMeasure, context: NewsFigureContext): Figure {
  const bars = summary.conditions.flatMap((entry) => {
    const { arm, label } = entry.condition;
    if (label !== null && label.value !== context.deploymentLabel) return [];
    const estimate = estimateOf(summary, entry, measure, context);
    return estimate === null ? [] : [{ arm, condition: label?.value ?? 'no label', estimate }];
  });
  return armBars({
    title: headline(summary, measure, context),
    measure: MEASURES[measure],
    ...notes(measure, context),
    bars,
  });
}

/** Differences by topic between MST at deployment and its controls. */
export function differencesFigure(summary: NewsSummary, measure: NewsMeasure, context: NewsFigureContext): Figure {
  const strips = deploymentComparisons(summary, measure, context).map(({ left, right, difference }) => ({
    name: `${spokenCondition(left)} − ${spokenCondition(right)}`,
    differences: difference.pairs.map(({ topicId, difference: value }) => ({ topicId, difference: value })),
    estimate: difference,
  }));
  return pairedStrips({
    title: headline(summary, measure, context),
    measure:
      measure === 'judged'
        ? `difference in ${MEASURES.judged}`
        : 'difference in log-odds of strong to center texts (nats)',
    ...notes(measure, context),
    strips,
  });
}

/** PASS, PARTIAL and FAIL of the arms at deployment. */
export function verdictsFigure(summary: NewsSummary, context: NewsFigureContext): Figure {
  const stacks = summary.conditions.flatMap(({ condition, judged }) => {
    if (condition.label !== null && condition.label.value !== context.deploymentLabel) return [];
    const entry = judgedAt(judged, context);
    return entry ? [{ arm: condition.arm, condition: condition.label?.value ?? 'no label', ...entry.verdicts }] : [];
  });
  const shares = stacks.map(({ arm, PASS, PARTIAL, FAIL }) => `${arm} ${PASS} of ${PASS + PARTIAL + FAIL}`);
  return verdictStack({ title: `Texts judged PASS: ${shares.join(', ')}`, ...notes('judged', context), stacks });
}

/** MST at deployment against the baseline and against shuffled under the same label. */
export function deploymentComparisons(summary: NewsSummary, measure: NewsMeasure, context: NewsFigureContext) {
  const at = (arm: 'mst' | 'shuffled') =>
    summary.conditions.find(
      ({ condition }) => condition.arm === arm && condition.label?.value === context.deploymentLabel,
    )?.name;
  const [mst, shuffled] = [at('mst'), at('shuffled')];
  const baseline = conditionName({ arm: 'baseline', label: null });
  return summary.comparisons.filter(
    ({ left, right, measure: of, temperature }) =>
      left === mst &&
      (right === baseline || right === shuffled) &&
      (measure === 'contrast') === of.startsWith('contrast') &&
      (temperature === null || temperature === temperatureOf(summary, context)),
  );
}

/** The summary with only those comparisons, of both measures: what the experiment is about. */
export function atDeployment(summary: NewsSummary, context: NewsFigureContext): NewsSummary {
  const comparisons = (['contrast', 'judged'] as const).flatMap((measure) =>
    deploymentComparisons(summary, measure, context),
  );
  return { ...summary, comparisons };
}

/** `mst/unbiased/plain` as a reader says it: `MST under unbiased`. */
export function spokenCondition(name: string): string {
  const [arm, value] = name.split('/');
  const spokenArm = arm === 'mst' ? 'MST' : arm;
  return value === 'none' ? `${spokenArm} without label` : `${spokenArm} under ${value.replaceAll('_', ' ')}`;
}

function headline(summary: NewsSummary, measure: NewsMeasure, context: NewsFigureContext): string {
  const sentences = deploymentComparisons(summary, measure, context).map(({ left, right, difference }) =>
    differenceSentence(
      spokenCondition(left),
      spokenCondition(right),
      difference,
      measure === 'contrast' ? 'nats' : 'points',
    ),
  );
  return sentences[0] ?? `${MEASURES[measure]} by label`;
}

function notes(measure: NewsMeasure, context: NewsFigureContext) {
  return measure === 'contrast'
    ? { note: 'likelihood of given texts: no sampling, no judge' }
    : { isProxy: context.isProxy, ...(context.temperature === undefined ? {} : { temperature: context.temperature }) };
}

type Judged = NewsSummary['conditions'][number]['judged'];

/** What was judged at the context's temperature, else at the first that was sampled. */
export function judgedAt(judged: Judged, context: NewsFigureContext): Judged[number] | undefined {
  return context.temperature === undefined
    ? judged[0]
    : judged.find((entry) => entry.temperature === context.temperature);
}

function temperatureOf(summary: NewsSummary, context: NewsFigureContext): number | null {
  return (
    context.temperature ?? summary.conditions.find(({ judged }) => judged.length > 0)?.judged[0].temperature ?? null
  );
}

/**
 * What a figure shows of a condition. The contrast-set likelihood is shown as the paired difference to the baseline:
 * its level depends on how long and how surprising the given texts are, and differs by topic far more than by label.
 */
function estimateOf(
  summary: NewsSummary,
  entry: NewsSummary['conditions'][number],
  measure: NewsMeasure,
  context: NewsFigureContext,
): Estimate | null {
  if (measure === 'contrast') return toBaseline(summary, entry.name)?.difference ?? null;
  const judged = judgedAt(entry.judged, context);
  if (context.temperature !== undefined && entry.judged.length > 0 && !judged)
    throw new ConfigError(
      `news figures: the temperature must be one that was sampled, got ${context.temperature} (sampled: ${entry.judged.map((j) => j.temperature).join(', ')}). Name one of these.`,
    );
  return judged?.magnitude ?? null;
}
