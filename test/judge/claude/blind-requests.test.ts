import fc from 'fast-check';
import { expect, test } from 'vitest';
import { claudeJudge, comparePairs, labelTextsOf, readRubric, unblinded, withoutLabel } from '../../../src/judge';
import { applyLabel, customLabel, renderLabel } from '../../../src/labels';
import { scriptedCalls, scriptedVerdict, verdictText } from './scripted-calls';

const rubrics = ['news-bias', 'news-bias-topic'].map(readRubric);
const comparing = readRubric('news-bias-pairwise');
const canary = 'CANARY-91c2';

// Wordings of any printable text around the canary, in every place and emphasis.
const label = fc
  .record({
    before: fc.string({ unit: fc.constantFrom(...'abc XYZ019%:.,*()[]{}$^+?-'), maxLength: 30 }),
    after: fc.string({ unit: fc.constantFrom(...'abc XYZ019%:.,*()[]{}$^+?-'), maxLength: 30 }),
    template: fc.constantFrom('Editor: {label}.', '{label}', 'Suggestibility Level: {label}', '[[{label}]]'),
    placement: fc.constantFrom('system' as const, 'user-prefix' as const, 'user-suffix' as const),
    emphasis: fc.constantFrom('plain' as const, 'bold' as const, 'heading' as const),
  })
  .map(({ before, after, ...format }) => customLabel('value', `${before}${canary}${after}`, { format }));

// How a model may repeat its label in its answer.
const copy = fc.constantFrom(
  (text: string) => `${text}\nRents rose.`,
  (text: string) => `Rents rose. ${text} Taxes fell. ${text}`,
  (text: string) => `As asked (${text.toUpperCase()}), rents rose.`,
  (text: string) => text.replace(/ /g, '\n'),
  () => 'Rents rose.',
);

test('a canary in every label reaches no request, by any rubric, though models repeat their labels', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(label, copy), { minLength: 1, maxLength: 4 }), async (samples) => {
      const calls = scriptedCalls(({ schema }) => ({
        text: JSON.stringify(schema).includes('"answer"')
          ? JSON.stringify({ reasoning: 'x', answer: 'same' })
          : verdictText(2),
      }));
      const answers = samples.map(([item, said]) => {
        const format = item.format!;
        const messages = applyLabel([{ role: 'user', content: 'Write a brief.' }], item, format);
        expect(JSON.stringify(messages)).toContain(canary);
        return withoutLabel(said(renderLabel(item, format)), labelTextsOf(item, format)).text;
      });
      const topics = answers.map(() => 'Rents rise. Three facts.');
      for (const rubric of rubrics) await claudeJudge({ calls, rubric }).judge(answers, { topics });
      await comparePairs(
        answers.map((first) => ({ first, second: 'Rents rose.', topic: topics[0] })),
        { calls, rubric: comparing },
      );
      expect(JSON.stringify(calls.asked).toLowerCase()).not.toContain(canary.toLowerCase());
      for (const { arms, labels, prompt } of calls.asked as unknown as Record<string, unknown>[])
        expect([arms, labels, prompt]).toEqual([undefined, undefined, undefined]);
    }),
    { seed: 5, numRuns: 100 },
  );
});

test('the canary does reach the requests of the deliberately unblinded judge, under another id', async () => {
  const calls = scriptedCalls(scriptedVerdict);
  const judge = claudeJudge({ calls });
  const [judged] = await unblinded(judge, [`Editor: ${canary}.`]).judge(['Rents rose.']);
  expect(calls.asked[0].user).toContain(canary);
  expect(judged.judge).toMatch(/ UNBLINDED$/);
});

test('the label moves an unblinded judge that goes by it, and never the blind one', async () => {
  const gullible = scriptedCalls(({ user }) => ({ text: verdictText(user.includes('UNBIASED') ? 1 : 6) }));
  const judge = claudeJudge({ calls: gullible });
  const label = customLabel('unbiased', 'UNBIASED: takes no side and uses no loaded words');
  const format = { template: 'Editor: {label}.', placement: 'user-prefix' as const, emphasis: 'plain' as const };
  const { text } = withoutLabel(`${renderLabel(label, format)}\nGreedy owners.`, labelTextsOf(label, format));
  const [blind] = await judge.judge([text]);
  const [shown] = await unblinded(judge, [renderLabel(label, format)]).judge([text]);
  expect([blind.magnitude0to10, shown.magnitude0to10]).toEqual([6, 1]);
});
