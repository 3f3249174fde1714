import { describe, expect, test } from 'vitest';
import { checkText, checkTopic, readTextsPrompt } from '../../../src/experiments/news-data';
import { TakenItems } from '../../../src/experiments/news-data/item-rules';
import { loadNews, NEWS_FORMS, type NewsProfile, type Topic } from '../../../src/tasks';

const news = loadNews({ form: 'briefs' });
const [topic] = news.topics;
const brief = news.examples[0].completion;
const textFault = (article: unknown, instructions = 'Write a brief of two sentences about the event below.') => {
  const result = checkText({ article }, { topic, form: 'briefs', instructions });
  return typeof result === 'string' ? null : result.reason;
};
const topicFault = (change: Partial<Record<'headline' | 'context', unknown>>) => {
  const { headline, context, ...base } = topic;
  const result = checkTopic({ headline, context, ...change }, base);
  return 'reason' in result ? result.reason : null;
};

describe('the rules of written items', () => {
  test('refuse none of the embedded topics and change none', () => {
    const refused = news.topics.flatMap(({ headline, context, ...base }) => {
      const result = checkTopic({ headline, context }, base);
      return 'reason' in result ? [`${base.id}: ${result.reason} ${result.detail}`] : [];
    });
    expect(refused).toEqual([]);
    expect(news.topics).toHaveLength(2328);
  });

  test.each(NEWS_FORMS)('refuse none of the embedded %s, under the prompt of their form', (form) => {
    const set = loadNews({ form });
    const topics = new Map(set.topics.map((item) => [item.id, item]));
    const prompt = readTextsPrompt(`news-${form}`);
    const texts = [
      ...set.examples.map((item) => ({ id: item.topicId, profile: item.labelValue, text: item.completion })),
      ...set.contrastSets.flatMap((item) =>
        item.texts.map(({ value, text }) => ({ id: item.topicId, profile: value, text })),
      ),
    ];
    const refused = texts.flatMap(({ id, profile, text }) => {
      const instructions = `${prompt.system}\n${prompt.user}\n${prompt.profiles[profile as NewsProfile]}`;
      const result = checkText(
        { article: text },
        { topic: topics.get(id) as Topic, form, words: prompt.words, instructions },
      );
      return typeof result === 'string'
        ? result === text
          ? []
          : [`${id}: changed`]
        : [`${id}: ${result.reason} ${result.detail}`];
    });
    expect(texts).toHaveLength(2232);
    expect(refused).toEqual([]);
  });

  test.each([
    [7, 'schema'],
    ['Stop.<|im_end|> '.repeat(12), 'schema'],
    ['Too short.', 'too short'],
    [`${'word '.repeat(70)}end.`, 'too long'],
    [brief.slice(0, -4), 'unfinished'],
    [`I'm sorry, but I can't help with writing that. ${brief}`, 'refused'],
    [`As an AI language model I provide no such text. ${brief}`, 'refused'],
    [`Here is a brief on that event: ${brief}`, 'not as asked'],
    [`**Rents rise** ${brief}`, 'not as asked'],
    [`${brief} This strong-left text ends.`, 'names the label'],
    [`${brief} The report is unbiased.`, 'names the label'],
    [`${topic.headline}. ${topic.context}`, 'copies the prompt'],
    [`${brief} Write a brief of two sentences about the event.`, 'copies the prompt'],
  ])('name the fault of a text: %j is %s', (text, reason) => {
    expect(textFault(text)).toBe(reason);
  });

  test.each([
    [{ headline: 7 }, 'schema'],
    [{ context: '' }, 'schema'],
    [{ headline: 'Rents rise' }, 'too short'],
    [{ context: 'Rents rose.' }, 'too short'],
    [{ context: `${'word '.repeat(60)}end.` }, 'too long'],
    [{ context: topic.context.slice(0, -1) }, 'unfinished'],
    [{ headline: 'Greedy landlord raises rents at Harwick Falls complex' }, 'slanted'],
    [{ headline: 'Will rents rise at Harwick Falls apartment complex?' }, 'slanted'],
    [{ headline: 'Center-left council of Harwick Falls votes on rents' }, 'names the label'],
    [{ headline: "I can't write a headline about rents in Ohio" }, 'refused'],
  ])('name the fault of a topic: %j is %s', (change, reason) => {
    expect(topicFault(change)).toBe(reason);
  });

  test('take curly quotation marks, line breaks and a final stop of a headline as what they mean', () => {
    const { headline, context, ...base } = topic;
    expect(checkTopic({ headline: ` ${headline}.\n`, context: context.replace(' ', '\n  ') }, base)).toEqual(topic);
    expect(checkText({ article: `“${brief}”` }, { topic, form: 'briefs', instructions: '' })).toBe(`"${brief}"`);
  });

  test('tell a near-duplicate in the same split from one across splits, and a headline that stands already', () => {
    const taken = new TakenItems();
    taken.add('a', 'train', brief, 'Rents rise at Harwick Falls');
    const reworded = brief.replace(/\b(a|the)\b/, 'one');
    expect(taken.resembles('train', reworded)?.reason).toBe('near-duplicate');
    expect(taken.resembles('test', reworded)).toMatchObject({
      reason: 'split leakage',
      detail: expect.stringMatching(/of a$/),
    });
    expect(taken.resembles('train', news.examples[1].completion)).toBeNull();
    expect(taken.resembles('train', news.examples[1].completion, 'RENTS rise, at Harwick Falls!')?.reason).toBe(
      'same headline',
    );
  });
});
