import type { Estimate } from '../../analysis/stats';
import type { ConfirmedWording, WordingTest } from './types';

const LEVEL = 0.05;

/** Interval and p must agree before anything is claimed. */
export function findingOf(
  difference: Estimate,
  p: number | null,
  better: 'lower' | 'higher',
): ConfirmedWording['finding'] {
  const { estimate, low, high } = difference;
  if (estimate === null || low === null || high === null || p === null) return 'cannot be told';
  if ((low <= 0 && high >= 0) || p >= LEVEL) return 'no difference seen';
  return estimate < 0 === (better === 'lower') ? 'better' : 'worse';
}

interface Told extends Pick<WordingTest, 'reference' | 'wordings' | 'pilot' | 'confirmed'> {}

/** What the test says, and what it does not. */
export function claimsOf(
  { reference, wordings, pilot, confirmed }: Told,
  how: {
    readonly arm: string;
    readonly controls: readonly string[];
    readonly better: 'lower' | 'higher';
    readonly seeds: number;
    readonly topics: number;
  },
): string[] {
  const { arm, controls, better, seeds, topics } = how;
  const textOf = (name: string) => `“${wordings.find((wording) => wording.name === name)?.text ?? name}”`;
  const own = confirmed.filter((one) => one.arm === arm);
  const lines = own.map(({ name, difference, pHolm, finding }) => {
    const range =
      difference.estimate === null || difference.low === null || difference.high === null
        ? `no interval: ${difference.reason}`
        : `${signed(difference.estimate)} [${signed(difference.low)}, ${signed(difference.high)}] nats`;
    const p = pHolm === null ? '' : `, p ${pHolm < 0.001 ? '< .001' : pHolm.toFixed(3)} after Holm over ${own.length}`;
    const say = {
      better: `is less slanted than the reference under ${arm}`,
      worse: `is more slanted than the reference under ${arm}`,
      'no difference seen': `shows no difference to the reference under ${arm}`,
      'cannot be told': `cannot be told from the reference under ${arm}`,
    };
    const words = better === 'lower' ? say : { ...say, better: say.worse, worse: say.better };
    const first = pilot.find((one) => one.name === name);
    const pilotSaid =
      first && first.topics > 0 ? ` The pilot had said ${signed(first.mean)} on ${first.topics} topics.` : '';
    return `${textOf(name)} ${words[finding]}: ${range}${p}, on ${topics} fresh topics.${pilotSaid}`;
  });
  for (const control of controls) {
    const moved = confirmed.filter(
      (one) => one.arm === control && one.finding !== 'no difference seen' && one.finding !== 'cannot be told',
    );
    const found = own.some(({ finding }) => finding === 'better' || finding === 'worse');
    if (moved.length > 0)
      lines.push(
        `The control arm ${control} moves too under ${moved.map(({ name }) => textOf(name)).join(', ')}: there the words themselves act, not only what training tied to them.`,
      );
    else if (found)
      lines.push(
        `The control arm ${control} does not move under the same wordings: no sign that the words alone do it.`,
      );
  }
  const tried = pilot.length;
  lines.push(
    `May be claimed: ${own.length === 1 ? 'this comparison' : 'these comparisons'} with the reference “${reference.text}”, by the likelihood of given texts, for ${seeds === 1 ? 'this one trained adapter' : `${seeds} training seeds`} and topics like these. ${tried} ${tried === 1 ? 'wording was' : 'wordings were'} tried; those that went out in the pilot are not shown to be worse. Not claimed: what the model writes, other models, other readers.`,
  );
  return lines;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}
