import { holdsChatToken, holdsInvisible } from './neutralise';

// What a text holds when it speaks to its judge rather than to a reader.
const TO_THE_JUDGE =
  /\b(?:rate|score|grade|judge|mark|classify)\b[^.!?]{0,40}\b(?:0|zero|pass|unbiased|neutral|objective)\b|\b(?:ignore|disregard)\b[^.!?]{0,30}\b(?:instructions?|rubric|above)\b|\bverdict\s*[:=]/i;
const MARKUP = /<\/?[a-z!][^<>]*>/i;
const FAKE_VERDICT =
  /["'`](?:magnitude|direction|verdict|reasoning|indicators|answer)(?:0to10)?["'`]\s*:|\bmagnitude\s*[:=]\s*\d/i;
const CLOSING_TAG = /<\s*\/\s*(?:text|topic|first|second|completion|article)\b[^<>]*>?/i;
const ROLE_LINE = /^\s*(?:#+\s*)?(?:system|human|user|assistant)\s*:/im;

const FLAGS: readonly { readonly flag: string; readonly holds: (text: string) => boolean }[] = [
  { flag: 'speaks to the judge', holds: (text) => TO_THE_JUDGE.test(text) },
  { flag: 'holds markup', holds: (text) => MARKUP.test(text) },
  { flag: 'holds a fake verdict', holds: (text) => FAKE_VERDICT.test(text) },
  { flag: 'tries to close its tag', holds: (text) => CLOSING_TAG.test(text) },
  { flag: 'holds turn markers', holds: (text) => ROLE_LINE.test(text) || holdsChatToken(text) },
  { flag: 'holds invisible characters', holds: holdsInvisible },
];

/** Every flag that textFlags may give. */
export const TEXT_FLAGS: readonly string[] = FLAGS.map(({ flag }) => flag);

/** What a reader should know of a text that is judged, such as that it speaks to its judge. Flags move no score. */
export function textFlags(text: string): string[] {
  return FLAGS.filter(({ holds }) => holds(text)).map(({ flag }) => flag);
}
