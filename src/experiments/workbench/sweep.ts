import type { DataFrame } from 'danfojs-node';
import type { Figure } from '../../analysis/charts';
import type { LabArm } from '../../arms';
import { ConfigError, type LongCall } from '../../core';
import type { Label } from '../../labels';
import {
  type AdditionSummary,
  type AnswerRow,
  doseFigure,
  type PolicyName,
  type SycophancyExperiment,
} from '../addition';
import { policiesFrame } from '../addition/tables';
import {
  conditionsFrame,
  type MeasuredCondition,
  type NewsExperiment,
  type NewsSummary,
  type SampleRow,
  sweepFigure,
} from '../news';

/** `contrast`: likelihood of given texts; `judged`: texts written and graded, which takes longer. */
export type NewsMeasureChoice = 'contrast' | 'judged' | 'both';
export const NEWS_MEASURE_CHOICES = ['both', 'contrast', 'judged'] as const;

/** Arms of the news experiment under labels, measured. */
export interface NewsSweep {
  readonly task: 'news';
  readonly measured: readonly MeasuredCondition[];
  /** The judged texts; empty where none were written. */
  readonly rows: readonly SampleRow[];
  readonly summary: NewsSummary;
  /** A row a condition. */
  readonly frame: DataFrame;
  readonly figures: readonly Figure[];
}

/** Policies of the sycophancy experiment under labels, asked. */
export interface SycophancySweep {
  readonly task: 'sycophancy';
  readonly rows: readonly AnswerRow[];
  readonly summary: AdditionSummary;
  /** A row a policy and label. */
  readonly frame: DataFrame;
  /** None where no label of the scale was asked: a wording has no place on its axis. */
  readonly figures: readonly Figure[];
}

export type Sweep = NewsSweep | SycophancySweep;

/**
 * Measures arms under labels (default: the label sweep), each labelled arm under each label, the baseline without one, a control as it is asked. Differences
 * are to the baseline, so it is measured too where it is trained. Throws ConfigError if an arm is not trained.
 */
export async function sweepNews(
  news: NewsExperiment,
  options: LongCall & {
    readonly labels?: readonly Label[];
    readonly arms: readonly (LabArm | 'untrained')[];
    readonly measure?: NewsMeasureChoice;
  },
): Promise<NewsSweep> {
  const { labels, arms, measure = 'both', ...call } = options;
  const conditions = news.sweep({ arms, ...(labels ? { labels } : {}) });
  const measured = await news.measure(conditions, {
    ...call,
    contrast: measure !== 'judged',
    samples: measure !== 'contrast',
  });
  const summary = news.summarise(measured);
  const figures = (['contrast', 'judged'] as const)
    .filter((one) => measure === 'both' || measure === one)
    // Without a baseline the contrast has nothing to be a difference to.
    .filter((one) => one === 'judged' || conditions.some(({ arm }) => arm === 'baseline'))
    .filter(() => conditions.some(({ label }) => label !== null))
    .map((one) => sweepFigure(summary, one, news.context));
  return {
    task: 'news',
    measured,
    rows: measured.flatMap(({ samples }) => samples),
    summary,
    frame: conditionsFrame(summary),
    figures,
  };
}

/** Asks policies under labels (default: the label sweep). Those trained without labels are asked without one, too. */
export async function sweepSycophancy(
  syco: SycophancyExperiment,
  options: LongCall & { readonly labels?: readonly Label[]; readonly arms: readonly PolicyName[] },
): Promise<SycophancySweep> {
  const { labels, arms, ...call } = options;
  const rows = await syco.ask({ ...call, policies: arms, ...(labels ? { labels } : {}) });
  if (rows.length === 0)
    throw new ConfigError(
      `sweepSycophancy: at least one policy must be asked, got none of ${arms.join(', ') || 'no names'}. Name an arm that is trained.`,
    );
  const summary = syco.summarise(rows);
  const onScale = rows.some(({ policy, percent }) => (policy === 'mst' || policy === 'shuffled') && percent !== null);
  return {
    task: 'sycophancy',
    rows,
    summary,
    frame: policiesFrame(summary),
    figures: onScale ? [doseFigure(summary, { audit: syco.prepared.audit, rows })] : [],
  };
}
