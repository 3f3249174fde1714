import { DataError } from '../../core';

/** One text of an arm: what the judge says of it, and what humans say where they were asked. */
export interface JudgedText {
  readonly topicId: string;
  /** The judge's value; null where it gave none. */
  readonly judged: number | null;
  /** The humans' value (their mean where several labelled it); null where nobody was asked or could say. */
  readonly human: number | null;
}

/** Means of one arm, and the influence of each topic on them, corrected for few topics by √(n / (n − 1)). */
export interface ArmScores {
  /** Topic ids, sorted; the influences stand in their order. */
  readonly topics: readonly string[];
  /** The judge's mean over topics. */
  readonly judgeMean: number;
  /** Means over the labelled texts; NaN without one. */
  readonly humanMean: number;
  readonly judgeLabelledMean: number;
  readonly judgeAll: Float64Array;
  readonly human: Float64Array;
  readonly judgeLabelled: Float64Array;
  readonly labelledTopics: number;
  readonly labelledTexts: number;
  readonly missing: number;
}

/**
 * Means and influences of one arm over its topics, or over those of `only`. A text weighs 1 / (judged texts of its topic),
 * so that each topic counts once. Throws DataError for NaN and infinities.
 */
export function armScores(texts: readonly JudgedText[], only: ReadonlySet<string> | null, where: string): ArmScores {
  const byTopic = new Map<string, { judged: number; human: number | null }[]>();
  let missing = 0;
  for (const { topicId, judged, human } of texts) {
    for (const value of [judged, human])
      if (value !== null && !Number.isFinite(value))
        throw new DataError(
          `${where}: a value must be a finite number or null, got ${value} (topic ${topicId}). Write a missing value as null.`,
        );
    if (judged === null) missing++;
    else if (only === null || only.has(topicId)) {
      const own = byTopic.get(topicId);
      if (own) own.push({ judged, human });
      else byTopic.set(topicId, [{ judged, human }]);
    }
  }
  const topics = [...byTopic.keys()].sort();
  const own = topics.map((topic) => byTopic.get(topic)!);
  const count = topics.length;
  const means = own.map((rows) => rows.reduce((sum, { judged }) => sum + judged, 0) / rows.length);
  const judgeMean = means.reduce((sum, value) => sum + value, 0) / count;
  let [weight, humanSum, judgeSum, labelledTexts] = [0, 0, 0, 0];
  for (const rows of own)
    for (const { judged, human } of rows)
      if (human !== null) {
        weight += 1 / rows.length;
        humanSum += human / rows.length;
        judgeSum += judged / rows.length;
        labelledTexts++;
      }
  const [humanMean, judgeLabelledMean] = [humanSum / weight, judgeSum / weight];
  const labelledTopics = own.filter((rows) => rows.some(({ human }) => human !== null)).length;
  const small = Math.sqrt(labelledTopics / Math.max(1, labelledTopics - 1)) / weight;
  const influence = (of: (row: { judged: number; human: number }) => number) =>
    Float64Array.from(own, (rows) =>
      rows.reduce(
        (sum, { judged, human }) => (human === null ? sum : sum + (small * of({ judged, human })) / rows.length),
        0,
      ),
    );
  return {
    topics,
    judgeMean,
    humanMean,
    judgeLabelledMean,
    judgeAll: Float64Array.from(means, (value) => (value - judgeMean) / Math.sqrt(count * Math.max(1, count - 1))),
    human: influence((row) => row.human - humanMean),
    judgeLabelled: influence((row) => row.judged - judgeLabelledMean),
    labelledTopics,
    labelledTexts,
    missing,
  };
}
