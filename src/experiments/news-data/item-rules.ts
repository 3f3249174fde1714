import {
  NearDuplicateIndex,
  type NewsForm,
  plainWords,
  shingles,
  type Topic,
  topicSchema,
  trainRowSchema,
  WORD_BOUNDS,
} from '../../tasks';
import type { Candidate, Unusable } from './writer';

/** Why a candidate, or a whole reply, is not taken. */
export type RejectReason =
  | Unusable
  | 'schema'
  | 'too short'
  | 'too long'
  | 'unfinished'
  | 'slanted'
  | 'names the label'
  | 'same headline'
  | 'near-duplicate'
  | 'split leakage'
  | 'copies the prompt'
  | 'more than asked';

export interface Rejection {
  readonly reason: RejectReason;
  readonly detail: string;
}

export interface WordBounds {
  readonly least: number;
  readonly most: number;
}

/** Words of a topic's two parts; the embedded set has 5 to 13 and 14 to 30. */
export const HEADLINE_WORDS: WordBounds = { least: 4, most: 16 };
export const CONTEXT_WORDS: WordBounds = { least: 10, most: 45 };

/** Share of a text's seven-word runs that may stand in its topic. Neutral briefs of the embedded set restate up to 54% of them. */
export const COPIED_SHARE = 0.7;

const ENDS_SENTENCE = /[.?!]["')]?$/;
const LABEL_NAMES =
  /\b(strong|center|centre)[-_ ](left|right)\b|\bunbiased\b|\bpoint of view:|\bslant(ed)? to the (left|right)\b/i;
const REFUSAL =
  /^.{0,60}\b(I (can(no|')t|won't|will not)|I('m| am) (sorry|unable|not able)|I apologi[sz]e|as an AI)\b.{0,80}\b(write|help|assist|provide|create|generate|produce|comply|request|content|model)/i;
const TALK =
  /^(here('s| is) (a|an|the|your)\b.{0,30}\b(brief|article|text|report|topic|headline|version)\b.{0,30}:|sure\b|certainly\b|(headline|title|context|article|brief|topic)\s*:)|\*\*|^#|```|<[a-z/]/i;
// A topic is what both sides start from: words that judge, and speech to the reader. None stands in the embedded topics.
const LOADED =
  /\b(outrageous|shameful|greedy|greed|radical|woke|socialist|thugs?|disgraceful|heroic|cynical|reckless|tyrann\w+|profiteers?|brazen|sham|absurd|un-?american|freeloaders?|finally|rightly|wisely|sadly|unfortunately)\b|[!?]/i;
// Case tells a pronoun from the country.
const SPEAKING = /\b([Ww]e|[Oo]ur|us|[Yy]ou|[Yy]our|[Mm]y)\b/;

/** One line with plain quotation marks and single spaces: what a writer means is kept, how its keyboard writes it is not. */
export function tidied(text: string): string {
  return text.replace(/[“”]/g, '"').replace(/[‘’]/g, "'").replace(/\s+/g, ' ').trim();
}

/** A candidate for a topic, tidied, or why it is none. Whether it resembles another is asked apart. */
export function checkTopic(candidate: Candidate, base: Omit<Topic, 'headline' | 'context'>): Topic | Rejection {
  const { headline, context } = candidate;
  if (typeof headline !== 'string' || typeof context !== 'string')
    return { reason: 'schema', detail: 'headline and context must be text' };
  const parsed = topicSchema.safeParse({
    ...base,
    headline: tidied(headline).replace(/\.$/, ''),
    context: tidied(context),
  });
  if (!parsed.success) return schemaRejection(parsed.error.issues);
  const topic = parsed.data;
  const both = `${topic.headline}. ${topic.context}`;
  return (
    talkRejection(topic.headline) ??
    talkRejection(topic.context) ??
    lengthRejection(topic.headline, HEADLINE_WORDS, 'headline') ??
    lengthRejection(topic.context, CONTEXT_WORDS, 'context') ??
    (topic.context.endsWith('.') ? null : unfinished(topic.context)) ??
    labelRejection(both) ??
    rejectionOf(LOADED.exec(both) ?? SPEAKING.exec(both), 'slanted') ??
    topic
  );
}

/** A candidate for a text, tidied, or why it is none. Whether it resembles another is asked apart. */
export function checkText(
  candidate: Candidate,
  {
    topic,
    form,
    words = WORD_BOUNDS[form],
    instructions,
  }: { topic: Topic; form: NewsForm; words?: WordBounds; instructions: string },
): string | Rejection {
  if (typeof candidate.article !== 'string') return { reason: 'schema', detail: 'article must be text' };
  const article = tidied(candidate.article);
  const parsed = trainRowSchema.shape.article.safeParse(article);
  if (!parsed.success) return schemaRejection(parsed.error.issues);
  return (
    talkRejection(article) ??
    labelRejection(article) ??
    lengthRejection(article, words, 'text') ??
    (ENDS_SENTENCE.test(article) ? null : unfinished(article)) ??
    copyRejection(article, topic, instructions) ??
    article
  );
}

/** Texts and topics taken so far, with the split of each. */
export class TakenItems {
  private readonly splits = new Map<string, string>();
  private readonly headlines = new Map<string, string>();
  private readonly index = new NearDuplicateIndex();

  add(id: string, split: string, text: string, headline?: string): void {
    this.splits.set(id, split);
    this.index.add(id, text);
    if (headline !== undefined) this.headlines.set(headlineKey(headline), id);
  }

  /** Why an item may not join: its headline stands already, or it resembles an item of its own split or of another. */
  resembles(split: string, text: string, headline?: string): Rejection | null {
    const same = headline === undefined ? undefined : this.headlines.get(headlineKey(headline));
    if (same !== undefined) return { reason: 'same headline', detail: `as ${same}` };
    const found = this.index.find(text);
    if (!found) return null;
    const runs = found.by === 'jaccard' ? 'three-word' : 'seven-word';
    const reason = this.splits.get(found.id) === split ? 'near-duplicate' : 'split leakage';
    return { reason, detail: `${(100 * found.share).toFixed(0)}% of the ${runs} runs are those of ${found.id}` };
  }
}

function headlineKey(headline: string): string {
  return plainWords(headline).join(' ');
}

function schemaRejection(issues: readonly { readonly path: PropertyKey[]; readonly message: string }[]): Rejection {
  return {
    reason: 'schema',
    detail: issues.map(({ path, message }) => `${path.join('.') || 'text'}: ${message}`).join('; '),
  };
}

function talkRejection(text: string): Rejection | null {
  return rejectionOf(REFUSAL.exec(text), 'refused') ?? rejectionOf(TALK.exec(text), 'not as asked');
}

function labelRejection(text: string): Rejection | null {
  return rejectionOf(LABEL_NAMES.exec(text), 'names the label');
}

function rejectionOf(match: RegExpExecArray | null, reason: RejectReason): Rejection | null {
  return match && { reason, detail: `"${match[0].slice(0, 60)}"` };
}

function lengthRejection(text: string, { least, most }: WordBounds, what: string): Rejection | null {
  const words = text.split(/\s+/).length;
  if (words >= least && words <= most) return null;
  return {
    reason: words < least ? 'too short' : 'too long',
    detail: `${what} of ${words} words, ${least} to ${most} allowed`,
  };
}

function unfinished(text: string): Rejection {
  return { reason: 'unfinished', detail: `ends in "${text.slice(-20)}"` };
}

function copyRejection(article: string, topic: Topic, instructions: string): Rejection | null {
  const own = shingles(article);
  const asked = shingles(instructions);
  const line = [...own].find((run) => asked.has(run));
  if (line !== undefined) return { reason: 'copies the prompt', detail: `"${line}" stands in the instructions` };
  const facts = shingles(`${topic.headline}. ${topic.context}`);
  const copied = [...own].filter((run) => facts.has(run)).length / Math.max(1, own.size);
  if (copied < COPIED_SHARE) return null;
  return {
    reason: 'copies the prompt',
    detail: `${(100 * copied).toFixed(0)}% of its seven-word runs stand in the topic`,
  };
}
