import { DataError } from '../../core';

/** log Σ exp(x), without overflow; −∞ for no numbers. */
export function logSumExp(values: readonly number[]): number {
  const highest = Math.max(...values);
  if (!Number.isFinite(highest)) return highest;
  return highest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - highest), 0));
}

/** Which texts of a contrast set stand against which, by value. */
export interface Contrast {
  readonly above: readonly string[];
  readonly below: readonly string[];
}

/** The news contrast: either strong text against either center text. */
export const strongToCenter: Contrast = {
  above: ['strong_left', 'strong_right'],
  below: ['center_left', 'center_right'],
};

/**
 * How much more probable a model finds the one kind of text than the other, in nats:
 * logsumexp(log p of `above`) − logsumexp(log p of `below`), over the summed log-probabilities of one topic's texts.
 * Throws DataError when a text that the contrast names is missing, repeated or not a finite number.
 */
export function contrastLogOdds(
  texts: readonly { readonly value: string; readonly logprob: number }[],
  contrast: Contrast = strongToCenter,
): number {
  const side = (values: readonly string[]) =>
    values.map((value) => {
      const found = texts.filter((text) => text.value === value);
      if (found.length !== 1 || !Number.isFinite(found[0].logprob))
        throw new DataError(
          `contrastLogOdds: the set must hold one ${value} text with a finite log-probability, got ${
            found.length === 1 ? found[0].logprob : `${found.length} texts`
          } (values ${texts.map((text) => text.value).join(', ')}).`,
        );
      return found[0].logprob;
    });
  return logSumExp(side(contrast.above)) - logSumExp(side(contrast.below));
}
