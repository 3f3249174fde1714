import { RandomStream } from '../../core';
import { loadNews, type NewsForm, type NewsProfile } from '../../tasks';
import type { GradedText, PlainFacts } from './linear-model';

export interface GradedTexts {
  readonly form: NewsForm;
  readonly texts: readonly GradedText[];
  /** Headline and context of the training topics as sentences. */
  readonly facts: readonly PlainFacts[];
  readonly dataHash: string;
}

/** The training and calibration texts of a news set with their profiles; default the embedded set. */
export function gradedTexts(form: NewsForm, dir?: string): GradedTexts {
  const news = loadNews(dir === undefined ? { form } : { form, dir });
  const training = news.examples.map((example) => ({
    text: example.completion,
    profile: example.labelValue as NewsProfile,
    domain: example.group,
    topicId: example.topicId,
    calibration: false,
  }));
  const calibration = news.contrastSets.flatMap((set) =>
    set.texts.map(({ value, text }) => ({
      text,
      profile: value as NewsProfile,
      domain: set.group,
      topicId: set.topicId,
      calibration: true,
    })),
  );
  const facts = news.topics
    .filter((topic) => topic.split === 'train')
    .map((topic) => ({ text: factSentences(topic.headline, topic.context), domain: topic.domain }));
  return { form, texts: [...training, ...calibration], facts, dataHash: news.dataHash };
}

/** Contexts list their facts with semicolons; as sentences they read like the texts that the judge grades. */
function factSentences(headline: string, context: string): string {
  const parts = context
    .replace(/\.$/, '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return [headline, ...parts.map((part) => part[0].toUpperCase() + part.slice(1))].map((part) => `${part}.`).join(' ');
}

/** Domains dealt into folds of even size in a fixed random order (48 domains in 4 folds: 12 unseen, 36 to fit on). */
export function domainFolds(texts: readonly GradedText[], folds: number): string[][] {
  const domains = [...new Set(texts.map((item) => item.domain))].sort();
  const order = new RandomStream(0).fork('judge-domain-folds').shuffled(domains);
  return Array.from({ length: folds }, (_, fold) => order.filter((_, i) => i % folds === fold).sort());
}
