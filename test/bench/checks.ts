import { NumericError } from '../../src/core';
import type { BenchDtype } from './job';
import type { Contestant } from './rounds';
import { largestRelativeDifference, shareEqual } from './statistics';

/**
 * How far the losses of a step may lie apart between the sides, as a share of the loss. f32: sums in another order.
 * bf16 rounds at 2^-9 and the two sides round at different places.
 */
export const LOSS_TOLERANCE: Readonly<Record<BenchDtype, number>> = {
  f32: 2e-3,
  bf16: 5e-2,
};

/**
 * Holds the losses of every step so far to those of the other side in the same dtype. Throws NumericError: rates of two
 * different computations are not to be compared. Returns the largest difference found for each dtype.
 */
export function checkLosses(found: readonly Contestant[]): Partial<Record<BenchDtype, number>> {
  const largest: Partial<Record<BenchDtype, number>> = {};
  for (const ours of found.filter(({ side }) => side === 'ours')) {
    const peer = found.find(({ side, dtype }) => side === 'peer' && dtype === ours.dtype);
    if (!peer) continue;
    const difference = largestRelativeDifference(losses(ours), losses(peer));
    if (!(difference <= LOSS_TOLERANCE[ours.dtype]))
      throw new NumericError(
        `bench: the losses of both sides must agree within ${LOSS_TOLERANCE[ours.dtype]} of the loss in ${ours.dtype}, got ${difference.toPrecision(3)} ` +
          `(ours ${shown(losses(ours))}; peer ${shown(losses(peer))}). The sides do not train the same thing; nothing was timed.`,
      );
    largest[ours.dtype] = difference;
  }
  return largest;
}

/**
 * Holds the generated tokens of both sides to be identical in f32. In bf16 the libraries round at different places and a
 * near-tie falls either way: there the share of equal tokens is returned, not held. Throws NumericError.
 */
export function checkTokens(found: readonly Contestant[]): Partial<Record<BenchDtype, number>> {
  const shares: Partial<Record<BenchDtype, number>> = {};
  for (const ours of found.filter(({ side }) => side === 'ours')) {
    const peer = found.find(({ side, dtype }) => side === 'peer' && dtype === ours.dtype);
    if (!peer) continue;
    const share = shareEqual(ours.warmUp.tokens ?? [], peer.warmUp.tokens ?? []);
    if (ours.dtype === 'f32' && share !== 1)
      throw new NumericError(
        `bench: greedy tokens of both sides must be identical in f32, got ${(100 * share).toFixed(2)}% equal. ` +
          'The sides do not compute the same model; nothing was timed.',
      );
    shares[ours.dtype] = share;
  }
  return shares;
}

/**
 * How far the log-probability of an answer may lie apart between the sides, nats. bf16 keeps scores of 8 to 32 to 0.06 to 0.12.
 */
export const ANSWER_TOLERANCE: Readonly<Record<BenchDtype, number>> = {
  f32: 1e-3,
  bf16: 0.3,
};

/**
 * Holds the log-probabilities of the answers, before the first step, to those of the other side in the same dtype: from there on
 * each side draws its own. Throws NumericError. Returns the largest difference found for each dtype.
 */
export function checkAnswers(found: readonly Contestant[]): Partial<Record<BenchDtype, number>> {
  const largest: Partial<Record<BenchDtype, number>> = {};
  for (const ours of found.filter(({ side }) => side === 'ours')) {
    const peer = found.find(({ side, dtype }) => side === 'peer' && dtype === ours.dtype);
    if (!peer) continue;
    const [left, right] = [ours, peer].map(({ warmUp }) => (warmUp.logProbabilities ?? []).flat());
    const gaps = left.map((value, at) => Math.abs(value - right[at]));
    const difference = left.length === right.length && left.length > 0 ? Math.max(...gaps) : Number.NaN;
    if (!(difference <= ANSWER_TOLERANCE[ours.dtype]))
      throw new NumericError(
        `bench: the answers' log-probabilities of both sides must agree within ${ANSWER_TOLERANCE[ours.dtype]} nats in ${ours.dtype}, got ${difference.toPrecision(3)} ` +
          `(ours ${shown(left)}; peer ${shown(right)}). The sides do not ask the same model; nothing was timed.`,
      );
    largest[ours.dtype] = difference;
  }
  return largest;
}

function losses({ warmUp, rounds }: Contestant): number[] {
  return [warmUp, ...rounds].flatMap((round) => round.losses ?? []);
}

function shown(values: readonly number[]): string {
  return values
    .slice(0, 6)
    .map((value) => value.toFixed(4))
    .join(' ');
}
