import { ConfigError } from '../../core';
import { type Label, type LabelFormat, renderLabel } from '../../labels';
import type { Judge } from '../types';

/** Shorter label texts, such as "0%", are ordinary words: a text that holds one repeats no label. */
export const LEAST_LABEL_CHARACTERS = 8;

/** From here on the bare wording is a label's and not an ordinary phrase. */
const LEAST_BARE_CHARACTERS = 20;

const CUT = '[...]';

/** The texts by which a label can be recognised in a completion: as rendered, without its emphasis, and its wording alone if it is long. */
export function labelTextsOf(label: Label, setFormat: LabelFormat): string[] {
  const format = label.format ?? setFormat;
  const plain = renderLabel({ ...label, format: { ...format, emphasis: 'plain' } }, format);
  const bare = label.text.length >= LEAST_BARE_CHARACTERS ? [label.text] : [];
  return [...new Set([renderLabel(label, setFormat), plain, ...bare])];
}

/**
 * The completion without verbatim repeats of its label, for which [...] is written; upper and lower case and the kind of white space do
 * not matter. Label texts under LEAST_LABEL_CHARACTERS are not looked for. A judge of a text that announces its own label would not be
 * blind.
 */
export function withoutLabel(text: string, labelTexts: readonly string[]): { text: string; flags: string[] } {
  const sought = [...new Set(labelTexts.map((label) => label.trim().replace(/\s+/g, ' ')))]
    .filter((label) => label.length >= LEAST_LABEL_CHARACTERS)
    .sort((a, b) => b.length - a.length)
    .map((label) => new RegExp(label.split(' ').map(escaped).join('\\s+'), 'giu'));
  let cut = text;
  // A cut can bring two halves of another repeat together; every round makes the text shorter.
  for (let before = ''; before !== cut; ) {
    before = cut;
    for (const pattern of sought) cut = cut.replace(pattern, CUT);
  }
  return { text: cut, flags: cut === text ? [] : ['repeats its label'] };
}

/** Whether there is nothing to judge: white space, or only the mark of a label that was cut. */
export function holdsNothing(text: string): boolean {
  return text.replaceAll(CUT, '').trim() === '';
}

/**
 * Each text with its label before it, as a judge saw it that was given the whole decoded answer. `labelTexts` has one entry a text, null
 * for none; ConfigError otherwise. Only for measuring what blinding is worth; see unblinded.
 */
export function withLabelShown(texts: readonly string[], labelTexts: readonly (string | null)[]): string[] {
  if (texts.length !== labelTexts.length)
    throw new ConfigError(
      `withLabelShown: there must be a label or null for each text, got ${labelTexts.length} for ${texts.length}. Give as many.`,
    );
  return texts.map((text, at) => (labelTexts[at] === null ? text : `${labelTexts[at]}\n${text}`));
}

/**
 * The same judge, deliberately shown the label of each text: the fault of the method's published code, to measure how far it moves the
 * judge. Its id says UNBLINDED, so that its judgements cannot pass for blind ones. `labelTexts` has one entry a text, null for none.
 */
export function unblinded(judge: Judge, labelTexts: readonly (string | null)[]): Judge {
  const id = `${judge.id} UNBLINDED`;
  return {
    id,
    isProxy: judge.isProxy,
    judge: async (completions, call) => {
      const judgements = await judge.judge(withLabelShown(completions, labelTexts), call);
      return judgements.map((judgement) => ({ ...judgement, judge: id }));
    },
  };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
