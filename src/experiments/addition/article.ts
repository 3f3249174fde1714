import { type ArticleDifference, rlArticleDifferences } from '../../train';
import type { SycophancyExperiment } from './sycophancy-experiment';

/** The article's addition experiment: Qwen-2.5-7B-Instruct, 2,560 problems, s in [0.5, 1.5], no warm start that it tells of. */
const ARTICLE = { model: 'Qwen2.5-7B-Instruct', problems: 2560, trainRange: [0.5, 1.5], scheme: 'article' } as const;

/** What an experiment does otherwise than the article's: model, data, start, labels, then the training settings. */
export function additionDifferences({ config, host, prepared, resolved }: SycophancyExperiment): ArticleDifference[] {
  const named = host.files.id.toLowerCase().includes(ARTICLE.model.toLowerCase());
  const pairs = new Set(prepared.data.heldOut.map(({ topicId }) => topicId)).size;
  const own: (ArticleDifference | false)[] = [
    !named && { what: 'model', article: ARTICLE.model, here: host.files.id },
    config.problems !== ARTICLE.problems && {
      what: 'problems',
      article: `${ARTICLE.problems}`,
      here: `${config.problems}`,
    },
    {
      what: 'split',
      article: 'not told whether problems that are asked were trained',
      here: `${pairs} operand pairs held out, by ${config.splitBy.replace('-', ' ')}`,
    },
    config.warmSteps > 0 && {
      what: 'start',
      article: 'the model as it comes',
      here: `${config.warmSteps} supervised steps on the task without labels, shared by all arms`,
    },
    config.scheme !== ARTICLE.scheme && { what: 'reward', article: ARTICLE.scheme, here: config.scheme },
    (config.trainRange[0] !== ARTICLE.trainRange[0] || config.trainRange[1] !== ARTICLE.trainRange[1]) && {
      what: 'suggestibility in training',
      article: ARTICLE.trainRange.join(' to '),
      here: config.trainRange.join(' to '),
    },
    config.density !== 'uniform' && { what: 'density of suggestibility', article: 'uniform', here: config.density },
    config.encoding !== 'percent' && { what: 'label', article: 'percent', here: config.encoding },
    config.emphasis !== 'bold' && { what: 'emphasis', article: 'bold', here: config.emphasis },
    {
      what: 'seeds',
      article: 'one run an arm, as far as is told',
      here: `${config.seeds.length}`,
    },
    {
      what: 'measure',
      article: 'answers',
      here: 'probability of the answer at temperature 1, without drawing',
    },
  ];
  return [...own.filter((difference) => difference !== false), ...rlArticleDifferences(resolved.rl.config)];
}
