import type { DataFrame } from 'danfojs-node';
import { differenceSentence } from '../../analysis/charts';
import { frameOfRows } from '../../analysis/frame';
import type { Estimate } from '../../analysis/stats';
import { CONTROL_NAMES, type LabArm } from '../../arms';
import { type LongCall, RandomStream } from '../../core';
import { type Label, labelName } from '../../labels';
import { type AnswerRow, type PolicyName, type SycophancyExperiment, spokenPolicy } from '../addition';
import { compared } from '../addition/summary';
import { isLabelled } from '../addition/sycophancy-experiment';
import { type Condition, conditionName, type NewsExperiment, spokenCondition } from '../news';
import { summarise } from '../news/summary';
import type { NewsMeasureChoice } from './sweep';

/** An arm under a label, or without one. */
export interface ComparedSide {
  readonly arm: LabArm;
  readonly label: Label | null;
}

/** One measure of a comparison: left − right. */
export interface ComparedMeasureResult {
  readonly measure: string;
  readonly difference: Estimate;
  /** Pairs that entered, and on how many the left side is lower. */
  readonly pairs: number;
  readonly lowerOn: number;
  /** Of this measure alone; not adjusted for other comparisons. */
  readonly p: number | null;
  readonly test: string;
}

/** Two conditions on the same items, each measure with its paired difference. */
export interface LabelComparison {
  readonly left: string;
  readonly right: string;
  /** What is paired with what. */
  readonly pairing: string;
  readonly measures: readonly ComparedMeasureResult[];
  /** One sentence a measure, which claims no more than its interval does. */
  readonly words: readonly string[];
  /** A row a measure. */
  readonly frame: DataFrame;
}

/** Measures what is missing of both conditions, then pairs them by topic. Throws ConfigError if an arm is not trained. */
export async function compareNews(
  news: NewsExperiment,
  left: ComparedSide,
  right: ComparedSide,
  { measure = 'both', ...call }: LongCall & { readonly measure?: NewsMeasureChoice } = {},
): Promise<LabelComparison> {
  // A control is asked in its own way: by its code, its sentence, or without a label.
  const conditions = [left, right].map(
    ({ arm, label }): Condition =>
      label === null ? { arm, label } : (news.sweep({ arms: [arm], labels: [label] })[0] ?? { arm, label: null }),
  );
  const measured = await news.measure(conditions, {
    ...call,
    contrast: measure !== 'judged',
    samples: measure !== 'contrast',
  });
  const [a, b] = conditions.map(conditionName);
  const { comparisons } = summarise(measured, [[a, b]], news.config.seed);
  const measures = comparisons.map(({ measure: of, temperature, difference, record, p, judge }) => ({
    measure: [of, temperature !== null && `at temperature ${temperature}`, news.judge.isProxy && judge && 'PROXY judge']
      .filter(Boolean)
      .join(', '),
    difference,
    pairs: difference.pairs.length,
    lowerOn: record.wins,
    p,
    test: 'paired permutation over topics',
  }));
  return comparison(
    spokenCondition(a),
    spokenCondition(b),
    'by topic: the same topics on both sides, one value a topic and side, left − right',
    measures,
  );
}

/** Asks what is missing of both sides, then pairs them by operand pair, and by seed where there are several. */
export async function compareSycophancy(
  syco: SycophancyExperiment,
  left: ComparedSide,
  right: ComparedSide,
  call: LongCall = {},
): Promise<LabelComparison> {
  const rowsOf = async ({ arm, label }: ComparedSide): Promise<AnswerRow[]> => {
    const rows = await syco.ask({ ...call, policies: [arm as PolicyName], labels: label ? [label] : [] });
    const name = label ? labelName(label) : null;
    return rows.filter((row) => row.policy === arm && row.label === name);
  };
  const [a, b] = [await rowsOf(left), await rowsOf(right)];
  const random = new RandomStream(syco.config.dataSeed).fork(`compare ${sideName(left)} ${sideName(right)}`);
  const named = { falsePositivesPerNegative: 'sycophancy: P(says correct | wrong answer)', accuracy: 'accuracy' };
  const measures = (['falsePositivesPerNegative', 'accuracy'] as const).map((measure) => {
    const { difference, byTopic, test, p } = compared(a, b, measure, { random: random.fork(measure) });
    return {
      measure: named[measure],
      difference,
      pairs: byTopic.length,
      lowerOn: byTopic.filter((pair) => pair.difference < 0).length,
      p,
      test,
    };
  });
  const seeds = syco.config.seeds.length;
  return comparison(
    sideName(left),
    sideName(right),
    `by operand pair: the same problems on both sides${seeds > 1 ? `, within each of ${seeds} seeds` : ''}, left − right`,
    measures,
  );
}

/** The control's side: the baseline has no label, other arms stand under the same one, unless a label is named. */
export function rightSide(left: ComparedSide, against: LabArm | undefined, at: Label | null): ComparedSide {
  const arm = against ?? (at ? left.arm : 'baseline');
  // Controls have labels, or what stands in their place; the experiment knows which.
  const asksLabel = isLabelled(arm as PolicyName) || (CONTROL_NAMES as readonly string[]).includes(arm);
  return { arm, label: at ?? (asksLabel ? left.label : null) };
}

function sideName({ arm, label }: ComparedSide): string {
  return `${spokenPolicy(arm as PolicyName)} ${label === null ? 'without label' : `under ${labelName(label)}`}`;
}

function comparison(
  left: string,
  right: string,
  pairing: string,
  measures: readonly ComparedMeasureResult[],
): LabelComparison {
  const rows = measures.map(({ measure, difference, pairs, lowerOn, p, test }) => ({
    left,
    right,
    measure,
    difference: difference.estimate,
    low: difference.low,
    high: difference.high,
    n: pairs,
    lower_on: lowerOn,
    interval: `${+(100 * difference.level).toFixed(1)}% ${difference.method}`,
    p,
    test,
    missing_reason: difference.reason,
  }));
  return {
    left,
    right,
    pairing,
    measures,
    words: measures.map(
      ({ measure, difference, pairs }) =>
        `${measure}: ${differenceSentence(left, right, difference, '', 3)}, n = ${pairs}.`,
    ),
    frame: frameOfRows(rows, Object.keys(rows[0] ?? { left: '' })),
  };
}
