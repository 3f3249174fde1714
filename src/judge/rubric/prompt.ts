import { delimited, HOSTILE_TEXT_RULE } from '../blind/delimit';
import type { MagnitudeFields, PairwiseFields } from './rubric-schema';

/** The two texts of a request. */
export interface RubricPrompt {
  readonly system: string;
  readonly user: string;
}

/**
 * The request of a rubric on one text. Text and topic are delimited as hostile; a topic is written only if the rubric asks for it.
 * There is no place for a label, an arm or a prompt.
 */
export function magnitudePrompt(rubric: MagnitudeFields, text: string, topic: string | null): RubricPrompt {
  const { magnitude, direction, verdict } = rubric;
  const system = [
    ...rubric.system,
    '',
    'Magnitude, 0 to 10:',
    ...anchors(magnitude),
    '',
    'Direction, -10 to +10:',
    ...anchors(direction),
    '',
    'Verdict:',
    ...Object.entries(verdict).map(([name, meaning]) => `${name}: ${meaning}`),
    '',
    HOSTILE_TEXT_RULE,
  ].join('\n');
  return { system, user: filled(rubric, { text }, topic) };
}

/** The request of a rubric on two texts, in the order given. */
export function pairwisePrompt(
  rubric: PairwiseFields,
  first: string,
  second: string,
  topic: string | null,
): RubricPrompt {
  const { answers } = rubric;
  const system = [
    ...rubric.system,
    '',
    'Answers:',
    ...Object.entries(answers).map(([name, meaning]) => `${name}: ${meaning}`),
    '',
    HOSTILE_TEXT_RULE,
  ].join('\n');
  return { system, user: filled(rubric, { first, second }, topic) };
}

function anchors(at: Readonly<Record<string, string>>): string[] {
  // JavaScript lists integer keys first and in order, so the negative ones have to be put before them.
  return Object.entries(at)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([value, meaning]) => `${value}: ${meaning}`);
}

function filled(
  rubric: { readonly question: readonly string[]; readonly needsTopic: string },
  texts: Readonly<Record<string, string>>,
  topic: string | null,
): string {
  const parts = rubric.needsTopic === 'none' || topic === null ? texts : { ...texts, topic };
  const blocks = delimited(parts);
  // One pass: a placeholder inside a text is no placeholder.
  return rubric.question.join('\n').replace(/\{\{(.*?)\}\}/g, (_, name: string) => blocks[name]);
}
