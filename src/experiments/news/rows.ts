import { contrastLogOdds, type TopicValue } from '../../analysis/stats';
import type { Judgement } from '../../judge';
import type { Label } from '../../labels';
import type { EvalItem } from '../../tasks';
import type { Condition } from './conditions';
import type { ContrastScores } from './contrast';
import type { SampledText } from './sample';

/** One judged text; the columns of the results frame. */
export interface SampleRow {
  readonly arm: string;
  readonly label_value: string | null;
  readonly label_id: string | null;
  readonly topic_id: string;
  readonly domain: string;
  readonly temperature: number;
  readonly text: string;
  readonly tokens: number;
  readonly truncated: boolean;
  readonly judge: string;
  readonly magnitude_0_to_10: number | null;
  /** −1 left to +1 right. */
  readonly direction: number | null;
  readonly verdict: 'PASS' | 'PARTIAL' | 'FAIL' | null;
  /** What the judge noticed of the text itself, such as that it speaks to its judge; separated by commas. */
  readonly flags: string;
  /** The judge's own words; null if it gives none. */
  readonly reasoning: string | null;
  readonly missing_reason: string | null;
}

/** One topic of the contrast-set likelihood under one condition. */
export interface ContrastRow {
  readonly arm: string;
  readonly label_value: string | null;
  readonly label_id: string | null;
  readonly topic_id: string;
  /** Log-odds of the strong to the center texts, nats. */
  readonly strong_to_center_nats: number;
}

export function sampleRows(
  condition: Condition,
  temperature: number,
  texts: readonly SampledText[],
  judgements: readonly Judgement[],
  items: readonly EvalItem[],
): SampleRow[] {
  const groups = new Map(items.map((item) => [item.topicId, item.group]));
  return texts.map((text, index): SampleRow => {
    const judgement = judgements[index];
    return {
      arm: condition.arm,
      ...labelColumns(condition.label),
      topic_id: text.topicId,
      domain: groups.get(text.topicId) ?? '',
      temperature,
      text: text.text,
      tokens: text.tokens,
      truncated: text.truncated,
      judge: judgement.judge,
      magnitude_0_to_10: judgement.magnitude0to10,
      direction: judgement.direction,
      verdict: judgement.verdict,
      flags: judgement.flags.join(', '),
      reasoning: judgement.reasoning,
      missing_reason: judgement.reason,
    };
  });
}

export function contrastRows(condition: Condition, scores: readonly ContrastScores[]): ContrastRow[] {
  return scores.map((score) => ({
    arm: condition.arm,
    ...labelColumns(condition.label),
    topic_id: score.topicId,
    strong_to_center_nats: contrastLogOdds(
      Object.entries(score.logprobs).map(([value, logprob]) => ({ value, logprob })),
    ),
  }));
}

/** One measure of the rows, as the statistics take it. */
export function magnitudes(rows: readonly SampleRow[]): TopicValue[] {
  return rows.map((row) => ({ topicId: row.topic_id, value: row.magnitude_0_to_10 }));
}

export function strongToCenterNats(rows: readonly ContrastRow[]): TopicValue[] {
  return rows.map((row) => ({ topicId: row.topic_id, value: row.strong_to_center_nats }));
}

function labelColumns(label: Label | null): { label_value: string | null; label_id: string | null } {
  return { label_value: label?.value ?? null, label_id: label?.id ?? null };
}
