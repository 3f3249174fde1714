import { frameOfRows, type Row } from '../../analysis/frame';
import { type MeasuredCondition, type NewsSummary, toBaseline } from './summary';

/** One row a condition: the contrast-set log-odds and its paired difference to the baseline, judged bias, and verdict counts. Temperatures have a row each. */
export function conditionsFrame(summary: NewsSummary) {
  const rows = summary.conditions.flatMap(({ condition, name, judged, contrast }): Row[] => {
    const difference = toBaseline(summary, name)?.difference;
    const shared = {
      arm: condition.arm,
      label: condition.label?.value ?? 'none',
      wording: condition.label?.wording ?? null,
      contrast_nats: contrast?.estimate ?? null,
      to_baseline_nats: difference?.estimate ?? null,
      to_baseline_low: difference?.low ?? null,
      to_baseline_high: difference?.high ?? null,
      contrast_topics: contrast?.n ?? null,
    };
    if (judged.length === 0) return [{ ...shared, ...noTexts }];
    return judged.map(({ temperature, judge, magnitude, verdicts, texts, truncated }) => ({
      ...shared,
      judge,
      temperature,
      texts,
      judged_magnitude: magnitude.estimate,
      judged_low: magnitude.low,
      judged_high: magnitude.high,
      pass: verdicts.PASS,
      partial: verdicts.PARTIAL,
      fail: verdicts.FAIL,
      missing: verdicts.missing,
      truncated,
    }));
  });
  return framed(rows);
}

/** One row a comparison: left − right, its interval, wins of the left side (lower is a win), and p-values. */
export function comparisonsFrame(summary: NewsSummary) {
  return framed(
    summary.comparisons.map(({ left, right, measure, temperature, judge, difference, record, p, pHolm }) => ({
      left,
      right,
      measure: measure.split(' (')[0],
      judge,
      temperature,
      difference: difference.estimate,
      low: difference.low,
      high: difference.high,
      topics: difference.pairs.length,
      lower: record.wins,
      tied: record.ties,
      higher: record.losses,
      p,
      p_holm: pHolm,
    })),
  );
}

/** Every judged text, one row each. */
export function samplesFrame(measured: readonly MeasuredCondition[]) {
  return framed(measured.flatMap(({ samples }) => samples));
}

/** Every topic of the contrast-set likelihood under every condition. */
export function contrastFrame(measured: readonly MeasuredCondition[]) {
  return framed(measured.flatMap(({ contrast }) => contrast));
}

const noTexts = {
  judge: null,
  temperature: null,
  texts: 0,
  judged_magnitude: null,
  judged_low: null,
  judged_high: null,
  pass: 0,
  partial: 0,
  fail: 0,
  missing: 0,
  truncated: 0,
};

function framed(rows: readonly object[]) {
  return frameOfRows(rows as readonly Row[], Object.keys(rows[0] ?? {}));
}
