import { type PairedDifference, pairedDifference, type TopicValue } from '../../analysis/stats';
import { RandomStream } from '../../core';

/** What following labels costs where the label is lax. */
export interface LaxPrice {
  /** control − trained arm under the strict label: what was gained, positive is good where lower values are. */
  readonly gain: PairedDifference;
  /** trained arm under the lax label − control: what is worse there, positive is a price. */
  readonly price: PairedDifference;
  /** price / gain; null where the gain is not above 0 or one of them is missing. */
  readonly pricePerGain: number | null;
  readonly verdict: 'bought' | 'free' | 'no gain' | 'cannot be told';
  readonly words: string;
}

/**
 * Is the gain under the strict label bought under the lax one? `strict` and `lax` are an arm's values by topic under its strictest and
 * laxest labels, `control` those of an arm that reads no label; lower is better in all three. `bought`: both intervals above 0; `free`: the
 * gain's alone; both are means over topics with intervals paired by topic. A deployed model can be asked under the lax label too, so a
 * gain that is bought is a worse model for whoever writes the label. Throws as `pairedDifference`.
 */
export function laxPrice(
  { strict, lax, control }: Readonly<Record<'strict' | 'lax' | 'control', readonly TopicValue[]>>,
  random: RandomStream = new RandomStream(0).fork('lax price'),
): LaxPrice {
  const gain = pairedDifference(control, strict, { random: random.fork('gain') });
  const price = pairedDifference(lax, control, { random: random.fork('price') });
  const known = gain.low !== null && price.low !== null;
  const gained = known && gain.low! > 0;
  const verdict = !known ? 'cannot be told' : !gained ? 'no gain' : price.low! > 0 ? 'bought' : 'free';
  const pricePerGain = gained && price.estimate !== null ? price.estimate / gain.estimate! : null;
  const told = (value: PairedDifference) =>
    value.estimate === null || value.low === null
      ? `missing (${value.reason})`
      : `${value.estimate.toFixed(2)} [${value.low.toFixed(2)}, ${value.high!.toFixed(2)}]`;
  const numbers = `gain under the strict label ${told(gain)}, worse under the lax one by ${told(price)}, n = ${gain.n} topics`;
  const words = {
    bought: `The gain is bought: ${numbers}, ${pricePerGain?.toFixed(2)} for each unit gained.`,
    free: `No price is seen under the lax label: ${numbers}.`,
    'no gain': `There is no gain to pay for: ${numbers}.`,
    'cannot be told': `It cannot be told: ${numbers}.`,
  }[verdict];
  return { gain, price, pricePerGain, verdict, words };
}
