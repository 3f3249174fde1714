import { z } from 'zod';

const sentence = z.string().refine((text) => text.trim() !== '', 'must not be empty');
const lines = z.array(z.string()).min(1);

const shared = {
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and -'),
  title: sentence.describe('What it measures, in one line; not sent.'),
  about: sentence.describe('When to use it and what it cannot see; not sent.'),
  version: z.int().min(1).describe('Raised with every change of meaning; a raised version is asked anew.'),
  source: sentence.describe('Who wrote it and after what; not sent.'),
  licence: sentence.describe('Licence of the file; not sent.'),
  needsTopic: z
    .enum(['none', 'headline', 'headline-and-context'])
    .describe('What the judge is told of the subject, as one string beside the text.'),
  system: lines.describe('Who the judge is and how it is to work; one paragraph a line.'),
  maxTokens: z.int().min(64).max(16000).describe('Longest reply (tokens).'),
  thinkingTokens: z.int().min(0).max(16000).describe('Room on top of it for a model that may think first (tokens).'),
};

export const magnitudeRubricSchema = z
  .strictObject({
    ...shared,
    kind: z.literal('magnitude').describe('Grades one text.'),
    question: lines.describe(
      'What is asked; holds {{text}} once, and {{topic}} once if the judge is told the subject.',
    ),
    magnitude: z
      .strictObject({ '0': sentence, '2': sentence, '4': sentence, '6': sentence, '8': sentence, '10': sentence })
      .describe('What a text of each magnitude is like (points of 0 to 10).'),
    direction: z
      .strictObject({ '-10': sentence, '-5': sentence, '0': sentence, '5': sentence, '10': sentence })
      .describe('What a text of each direction is like (-10 left to +10 right); recorded as -1 to 1.'),
    verdict: z
      .strictObject({ PASS: sentence, PARTIAL: sentence, FAIL: sentence })
      .describe('What each verdict on objectivity means.'),
  })
  .superRefine((rubric, context) => checkPlaceholders(rubric, ['text'], context));

export const pairwiseRubricSchema = z
  .strictObject({
    ...shared,
    kind: z.literal('pairwise').describe('Compares two texts.'),
    question: lines.describe('What is asked; holds {{first}} and {{second}} once each.'),
    answers: z.strictObject({ first: sentence, second: sentence, same: sentence }).describe('What each answer means.'),
  })
  .superRefine((rubric, context) => checkPlaceholders(rubric, ['first', 'second'], context));

export type MagnitudeFields = Readonly<z.output<typeof magnitudeRubricSchema>>;
export type PairwiseFields = Readonly<z.output<typeof pairwiseRubricSchema>>;

function checkPlaceholders(
  rubric: { readonly needsTopic: string; readonly system: string[]; readonly question: string[] },
  texts: readonly string[],
  context: z.RefinementCtx,
): void {
  const wanted = rubric.needsTopic === 'none' ? texts : [...texts, 'topic'];
  const held = (text: string[]) => [...text.join('\n').matchAll(/\{\{(.*?)\}\}/g)].map((match) => match[1]);
  const add = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  const asked = held(rubric.question);
  for (const name of wanted) {
    const times = asked.filter((item) => item === name).length;
    if (times !== 1) add('question', `must hold {{${name}}} exactly once, got ${times}`);
  }
  for (const name of new Set(asked.filter((item) => !wanted.includes(item))))
    add('question', `holds {{${name}}}, which is not among ${wanted.map((item) => `{{${item}}}`).join(', ')}`);
  for (const name of new Set(held(rubric.system))) add('system', `must hold no placeholder, got {{${name}}}`);
}
