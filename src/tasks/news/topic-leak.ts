import { RandomStream } from '../../core';
import { fitLogistic, fitTfidf, groupFolds, predictClasses, takeRows, transformTfidf } from '../text-model';
import type { NewsData } from './load';

/** How well a linear model names something about the completion from the topic alone. */
export interface TopicLeak {
  /** profile (four classes), side (left or right) or strength (strong or center). */
  readonly target: 'profile' | 'side' | 'strength';
  readonly n: number;
  readonly accuracy: number;
  /** 95% interval of the accuracy: percentile bootstrap over domains. */
  readonly low: number;
  readonly high: number;
  /** Share of the most frequent class: what a model that knows nothing reaches. */
  readonly chance: number;
  /** True if the whole interval lies above chance: the topic gives the label away. */
  readonly leaks: boolean;
}

export const LEAK_FOLDS = 8;
const RESAMPLES = 2000;

/**
 * Does the topic give the label away? If it does, the baseline arm can read the label too. Logistic regression (C 3) on
 * TF-IDF of words (1 to 2) of headline and context, in 8 folds of whole domains.
 */
export function topicLeak(
  news: Pick<NewsData, 'topics' | 'examples'>,
  targets: readonly TopicLeak['target'][] = ['profile', 'side', 'strength'],
): TopicLeak[] {
  const topics = new Map(news.topics.map((topic) => [topic.id, topic]));
  const texts = news.examples.map(({ topicId }) => `${topics.get(topicId)!.headline} ${topics.get(topicId)!.context}`);
  const groups = news.examples.map((example) => example.group);
  const matrix = transformTfidf(
    fitTfidf(texts, { analyzer: { kind: 'word', minN: 1, maxN: 2 }, minDocuments: 2 }),
    texts,
  );
  const fold = groupFolds(groups, LEAK_FOLDS);
  return targets.map((target) => {
    const truth = news.examples.map((example) => classOf(example.labelValue, target));
    const right = new Array<boolean>(truth.length);
    for (let f = 0; f < LEAK_FOLDS; f++) {
      const fit = rowsWhere(fold, (at) => at !== f);
      const check = rowsWhere(fold, (at) => at === f);
      const model = fitLogistic(
        takeRows(matrix, fit),
        fit.map((row) => truth[row]),
        { c: 3, tolerance: 1e-4 },
      );
      const named = predictClasses(model, takeRows(matrix, check));
      for (const [i, row] of check.entries()) right[row] = named[i] === truth[row];
    }
    const counts = new Map<string, number>();
    for (const name of truth) counts.set(name, (counts.get(name) ?? 0) + 1);
    const chance = Math.max(...counts.values()) / truth.length;
    const accuracy = right.filter(Boolean).length / right.length;
    const { low, high } = groupBootstrap(right, groups);
    return { target, n: truth.length, accuracy, low, high, chance, leaks: low > chance };
  });
}

function classOf(labelValue: string, target: TopicLeak['target']): string {
  const [strength, side] = labelValue.split('_');
  return target === 'profile' ? labelValue : target === 'side' ? side : strength;
}

function rowsWhere(fold: Int32Array, keep: (at: number) => boolean): number[] {
  return [...fold.keys()].filter((row) => keep(fold[row]));
}

/** 95% percentile interval of the share of true values, resampling whole groups; the seed is fixed. */
function groupBootstrap(right: readonly boolean[], groups: readonly string[]) {
  const tally = new Map<string, { hits: number; rows: number }>();
  for (const [i, hit] of right.entries()) {
    const group = tally.get(groups[i]) ?? { hits: 0, rows: 0 };
    group.rows++;
    if (hit) group.hits++;
    tally.set(groups[i], group);
  }
  const clusters = [...tally.values()];
  const stream = new RandomStream(0).fork('topic-leak-bootstrap');
  const shares = Array.from({ length: RESAMPLES }, () => {
    let hits = 0;
    let rows = 0;
    for (let i = 0; i < clusters.length; i++) {
      const drawn = clusters[stream.below(clusters.length)];
      hits += drawn.hits;
      rows += drawn.rows;
    }
    return hits / rows;
  }).sort((a, b) => a - b);
  return { low: shares[Math.floor(0.025 * RESAMPLES)], high: shares[Math.ceil(0.975 * RESAMPLES) - 1] };
}
