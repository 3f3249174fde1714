import { type ArticleDifference, articleDifferences } from '../../train';
import type { NewsExperiment } from './news-experiment';

/** The article's news experiment: 1,859 articles in 4 profiles, Llama-3.2-3B-Instruct, 200 topics judged by a language model. */
const ARTICLE = { model: 'Llama-3.2-3B-Instruct', trainRows: 1859, evalTopics: 200 } as const;

/** What an experiment does otherwise than the article's: model, data, judge, then the training settings. */
export function newsDifferences(experiment: NewsExperiment): ArticleDifference[] {
  const { config, resolved, prepared, judge, host } = experiment;
  const rows = Math.max(0, ...Object.values(prepared.encoded).map(({ train }) => train.length));
  const named = host.files.id.toLowerCase().includes(ARTICLE.model.toLowerCase());
  return [
    ...(named ? [] : [{ what: 'model', article: ARTICLE.model, here: host.files.id }]),
    ...(config.form === 'articles' ? [] : [{ what: 'texts', article: 'articles', here: config.form }]),
    ...(rows === ARTICLE.trainRows
      ? []
      : [{ what: 'training rows', article: `${ARTICLE.trainRows}`, here: `${rows}` }]),
    ...(config.evalTopics === ARTICLE.evalTopics
      ? []
      : [{ what: 'topics', article: `${ARTICLE.evalTopics}`, here: `${config.evalTopics}` }]),
    ...(judge.isProxy ? [{ what: 'judge', article: 'a language model', here: `${judge.id}, a proxy` }] : []),
    ...articleDifferences(resolved.sft.config),
  ];
}

/** Differences as lines of text. */
export function differencesText(differences: readonly ArticleDifference[]): string {
  return differences.map(({ what, article, here }) => `${what}: ${here} (article: ${article})`).join('\n');
}
