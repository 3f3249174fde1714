import { ConfigError, DataError } from '../../core';
import { studentQuantile } from './distributions';
import { type Estimate, missingEstimate } from './estimate';
import { type BootstrapOptions, bootstrapSettings, meanOverTopics } from './topic-mean';

/** One of several judgements of one text. */
export interface RepeatedJudgement {
  readonly topicId: string;
  readonly textId: string;
  readonly value: number | null;
}

/** What of a mean's uncertainty is the judge's own noise: that it says another number when it is asked again. */
export interface JudgeNoise {
  /** For further topics: bootstrap over topics of the topics' means; the judge's noise is in it. */
  readonly overTopics: Estimate;
  /** For these texts, judged again and again: only the judge's noise is in it. */
  readonly forTheseTexts: Estimate;
  /** Standard deviations between topics, between texts of a topic, and between judgements of a text; null where the data have none. */
  readonly spread: {
    readonly topics: number | null;
    readonly texts: number | null;
    readonly judgements: number | null;
  };
  /** Standard error of the mean over topics, and the part of its square that is the judge's noise, 0 to 1. */
  readonly standardError: number | null;
  readonly noiseShare: number | null;
  /** The standard error to expect with other numbers of judgements a text; Infinity is without noise. */
  readonly standardErrorAt: readonly { readonly judgements: number; readonly standardError: number }[];
  readonly topics: number;
  readonly texts: number;
  readonly judgements: number;
  readonly missing: number;
}

/**
 * The mean over topics of texts that were judged several times, and what the judge's noise adds to its uncertainty.
 * Each topic counts once, in it each text once. Noise variance of the mean: Σ_texts (1 / (T·m_t))²·σ² / R, T topics, m_t
 * texts of the topic, R judgements of the text, σ² the pooled variance within texts. Spreads from the mean squares of
 * nested analysis of variance; where each topic has one text, `texts` is null and lies in `topics`. float64.
 * Null with a reason: no text with two judgements, too few topics.
 * Throws ConfigError for options out of range or a text of two topics, DataError for NaN and infinities.
 * Source: Searle, Casella and McCulloch 1992, Variance Components, chapter 3 and appendix F.
 */
export function judgeNoise(
  rows: readonly RepeatedJudgement[],
  options: BootstrapOptions & { readonly at?: readonly number[] },
): JudgeNoise {
  const where = 'judgeNoise';
  const { level } = bootstrapSettings(options, where);
  const { at = [1, 2, 3, 5, 10, Number.POSITIVE_INFINITY] } = options;
  const bad = at.find((count) => !(count >= 1));
  if (bad !== undefined)
    throw new ConfigError(`${where}: numbers of judgements must be from 1 up, got ${bad}. Correct \`at\`.`);
  const { topics, missing } = nested(rows, where);
  const textMeans = topics.flatMap(({ topicId, texts }) =>
    texts.map((values) => ({ topicId, value: meanOf(values) as number | null })),
  );
  const overTopics = meanOverTopics(textMeans, options);
  const texts = textMeans.length;
  const judgements = topics.reduce((sum, topic) => sum + topic.texts.reduce((all, own) => all + own.length, 0), 0);
  const T = topics.length;
  const known = { overTopics, topics: T, texts, judgements, missing };
  const squares = meanSquares(topics);
  const spread = spreadsOf(squares);
  const method = 't over repeated judgements';
  const means = topics.map((topic) => meanOf(topic.texts.map(meanOf)));
  const centre = T > 0 ? meanOf(means) : 0;
  const square = T > 1 ? means.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (T - 1) / T : null;
  if (squares.within === null || overTopics.estimate === null) {
    const reason = overTopics.estimate === null ? overTopics.reason! : 'no text was judged twice';
    const forTheseTexts = { ...missingEstimate(method, level, texts, reason), estimate: overTopics.estimate };
    const standardError = square === null ? null : Math.sqrt(square);
    return { ...known, forTheseTexts, spread, standardError, noiseShare: null, standardErrorAt: [] };
  }
  const noise = (judgementsOf: (values: readonly number[]) => number) =>
    topics.reduce(
      (sum, topic) =>
        sum +
        topic.texts.reduce(
          (all, values) => all + squares.within! / judgementsOf(values) / (T * topic.texts.length) ** 2,
          0,
        ),
      0,
    );
  const now = noise((values) => values.length);
  const half = studentQuantile((1 + level) / 2, judgements - texts) * Math.sqrt(now);
  const bare = { estimate: overTopics.estimate, low: null, high: null, level, method, n: texts } as const;
  const forTheseTexts: Estimate =
    half > 0
      ? { ...bare, low: bare.estimate - half, high: bare.estimate + half, reason: null }
      : { ...bare, reason: 'every text got the same value each time' };
  return {
    ...known,
    forTheseTexts,
    spread,
    standardError: square === null ? null : Math.sqrt(square),
    noiseShare: square === null || square === 0 ? null : Math.min(1, now / square),
    standardErrorAt:
      square === null
        ? []
        : at.map((count) => ({
            judgements: count,
            // The spread of topics cannot fall below what other texts would add; an estimate may, by chance.
            standardError: Math.sqrt(Math.max(0, square - now) + noise(() => count)),
          })),
  };
}

interface NestedTopic {
  readonly topicId: string;
  readonly texts: readonly (readonly number[])[];
}

function nested(
  rows: readonly RepeatedJudgement[],
  where: string,
): { readonly topics: NestedTopic[]; readonly missing: number } {
  const topicOf = new Map<string, string>();
  const byTopic = new Map<string, Map<string, number[]>>();
  let missing = 0;
  for (const { topicId, textId, value } of rows) {
    const known = topicOf.get(textId);
    if (known !== undefined && known !== topicId)
      throw new ConfigError(
        `${where}: a text must belong to one topic, got ${textId} in ${known} and ${topicId}. Give texts of different topics different ids.`,
      );
    topicOf.set(textId, topicId);
    if (value === null) {
      missing++;
      continue;
    }
    if (!Number.isFinite(value))
      throw new DataError(
        `${where}: a value must be a finite number or null, got ${value} (text ${textId}). Write a missing value as null.`,
      );
    const texts = byTopic.get(topicId) ?? new Map<string, number[]>();
    byTopic.set(topicId, texts);
    texts.set(textId, [...(texts.get(textId) ?? []), value]);
  }
  const topics = [...byTopic]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([topicId, texts]) => ({
      topicId,
      texts: [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, values]) => values),
    }));
  return { topics, missing };
}

interface MeanSquares {
  /** Within texts; null where no text has two judgements. */
  readonly within: number | null;
  /** Between texts of a topic, and how often the variance of texts is in it; null where no topic has two texts. */
  readonly texts: { readonly square: number; readonly times: number } | null;
  /** Between topics, and how often the variances of texts and of topics are in it; null under two topics. */
  readonly topics: { readonly square: number; readonly timesTexts: number; readonly times: number } | null;
}

function meanSquares(topics: readonly NestedTopic[]): MeanSquares {
  const T = topics.length;
  const all = topics.flatMap((topic) => topic.texts);
  const [M, N] = [all.length, all.reduce((sum, values) => sum + values.length, 0)];
  let [within, between, top, perTopic, perText, perTopicAll] = [0, 0, 0, 0, 0, 0];
  const grand = all.reduce((sum, values) => sum + values.reduce((own, value) => own + value, 0), 0) / N;
  for (const { texts } of topics) {
    const values = texts.flat();
    const mean = meanOf(values);
    top += values.length * (mean - grand) ** 2;
    perTopicAll += values.length ** 2;
    for (const own of texts) {
      const textMean = meanOf(own);
      between += own.length * (textMean - mean) ** 2;
      within += own.reduce((sum, value) => sum + (value - textMean) ** 2, 0);
      perTopic += own.length ** 2 / values.length;
      perText += own.length ** 2;
    }
  }
  return {
    within: N > M ? within / (N - M) : null,
    texts: M > T ? { square: between / (M - T), times: (N - perTopic) / (M - T) } : null,
    topics:
      T > 1
        ? {
            square: top / (T - 1),
            timesTexts: (perTopic - perText / N) / (T - 1),
            times: (N - perTopicAll / N) / (T - 1),
          }
        : null,
  };
}

function spreadsOf({ within, texts, topics }: MeanSquares): JudgeNoise['spread'] {
  const noise = within ?? 0;
  const textVariance = texts === null ? null : Math.max(0, (texts.square - noise) / texts.times);
  const topicVariance =
    topics === null
      ? null
      : Math.max(0, (topics.square - noise - topics.timesTexts * (textVariance ?? 0)) / topics.times);
  const root = (value: number | null) => (value === null ? null : Math.sqrt(value));
  return { topics: root(topicVariance), texts: root(textVariance), judgements: root(within) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
