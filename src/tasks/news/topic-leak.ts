import { fitTfidf, transformTfidf } from '../text-model';
import { LEAK_TARGETS, type Leak, type LeakTarget, measureLeak } from './leak-measure';
import type { NewsData } from './load';

/** How well a linear model names something about the completion from the topic alone. If it does, the topic gives the label away. */
export type TopicLeak = Leak;

/**
 * Does the topic give the label away? If it does, the baseline arm can read the label too. Logistic regression (C 3) on
 * TF-IDF of words (1 to 2) of headline and context, in 8 folds of whole domains.
 */
export function topicLeak(
  news: Pick<NewsData, 'topics' | 'examples'>,
  targets: readonly LeakTarget[] = LEAK_TARGETS,
): TopicLeak[] {
  const topics = new Map(news.topics.map((topic) => [topic.id, topic]));
  const texts = news.examples.map(({ topicId }) => `${topics.get(topicId)!.headline} ${topics.get(topicId)!.context}`);
  const matrix = transformTfidf(
    fitTfidf(texts, { analyzer: { kind: 'word', minN: 1, maxN: 2 }, minDocuments: 2 }),
    texts,
  );
  return measureLeak(
    news.examples.map((example) => example.labelValue),
    news.examples.map((example) => example.group),
    () => matrix,
    targets,
    'topic-leak-bootstrap',
  );
}
