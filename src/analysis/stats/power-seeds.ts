import { ConfigError, type RandomStream } from '../../core';
import { studentCdf } from './distributions';
import { type PowerOptions, type PowerSearch, powerSettings, searched } from './power';
import { type CrossedMean, crossedError, type SeedTopicValue, seedsAndTopics } from './seeds';

export interface PowerOverSeeds {
  /** The pilot's mean difference and its spreads between seeds, topics and what is left. */
  readonly pilot: Pick<CrossedMean, 'estimate' | 'low' | 'high' | 'n' | 'seeds' | 'spread'>;
  /** For each number of seeds, the fewest topics; null everywhere without a usable pilot, for the `reason`. */
  readonly bySeeds: readonly (PowerSearch & { readonly seeds: number })[];
  readonly reason: string | null;
}

/**
 * How many topics a study needs at each number of training seeds, for the t test over seeds and topics of
 * `seedsAndTopicsDifference`, by simulation from a pilot's differences (one a seed and topic). A study's mean and mean
 * squares are drawn as the two-way model with normal effects has them: mean ~ N(μ, σs²/S + σt²/T + σr²/(ST)),
 * A ~ (T·σs² + σr²)·χ²/(S − 1), B ~ (S·σt² + σr²)·χ²/(T − 1), all apart, with μ and the σ of the pilot. More topics do
 * not replace seeds: where the seeds' share of the error stays, no number of topics reaches the power. Three pilot
 * seeds know σs within a factor of 2 or so.
 * Null with a reason: a pilot without an interval (see `seedsAndTopics`), or a power that `maxTopics` do not reach.
 * Throws ConfigError for options out of range, DataError for NaN and infinities.
 * Source: Searle, Casella and McCulloch 1992, section 4.3; Satterthwaite 1946, Biometrics Bulletin 2.
 */
export function powerOverSeeds(
  differences: readonly SeedTopicValue[],
  options: PowerOptions & { readonly seeds?: readonly number[] },
): PowerOverSeeds {
  const settings = powerSettings(options, 'powerOverSeeds');
  const { seeds: counts = [3, 5, 8] } = options;
  if (!counts.every((count) => Number.isInteger(count) && count >= 2))
    throw new ConfigError(`powerOverSeeds: seeds must be whole numbers from 2 up, got ${counts.join(', ')}.`);
  const { estimate, low, high, n, seeds, spread, reason } = seedsAndTopics(differences);
  const pilot = { estimate, low, high, n, seeds, spread };
  if (estimate === null || spread === null) return { pilot, bySeeds: [], reason };
  const mean = settings.effectFactor * estimate;
  const bySeeds = counts.map((S) => {
    const rejects = (T: number, random: RandomStream) => {
      const A = ((T * spread.seeds ** 2 + spread.rest ** 2) * chiSquare(S - 1, random)) / (S - 1);
      const B = ((S * spread.topics ** 2 + spread.rest ** 2) * chiSquare(T - 1, random)) / (T - 1);
      const variance = spread.seeds ** 2 / S + spread.topics ** 2 / T + spread.rest ** 2 / (S * T);
      const { standardError, degrees } = crossedError(A, B, S, T);
      const seen = mean + Math.sqrt(variance) * random.normal();
      return 2 * studentCdf(-Math.abs(seen) / standardError, degrees) <= settings.alpha;
    };
    return { seeds: S, ...searched({ ...settings, random: settings.random.fork(`${S} seeds`) }, 8, rejects) };
  });
  return { pilot, bySeeds, reason: null };
}

/** A draw of χ² with `degrees` from 1 up: Marsaglia and Tsang 2000, ACM TOMS 26, for a gamma of shape degrees/2. */
function chiSquare(degrees: number, random: RandomStream): number {
  if (degrees === 1) return random.normal() ** 2;
  const d = degrees / 2 - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return 2 * d * v;
  }
}
