import { ConfigError, type RandomStream } from '../../core';
import { studentCdf, studentQuantile } from './distributions';
import type { Estimate } from './estimate';
import { wilsonProportion } from './proportion';
import { signedRankTest } from './signed-rank';
import { pairedPermutationTest, signTest } from './significance';

/** A two-sided test of paired differences, one a topic. */
export type PowerTest = 't' | 'signed-rank' | 'sign' | 'permutation';

export interface PowerOptions {
  readonly random: RandomStream;
  /** Chance of a rejection asked for. Default 0.8. */
  readonly power?: number;
  /** Level of the test. Default 0.05. */
  readonly alpha?: number;
  /** The effect planned for, in pilot effects. Default 1; see `nearFactor` for a cautious one, and 0 for the test's size. */
  readonly effectFactor?: number;
  /** Simulated studies for each number of topics. Default 2000. */
  readonly runs?: number;
  /** Most topics looked at. Default 1000. */
  readonly maxTopics?: number;
}

/** Share of simulated studies that reject, with Wilson's 95% interval for what the simulation leaves open. */
export interface PowerPoint {
  readonly topics: number;
  readonly power: Estimate;
}

export interface PowerSearch {
  /** Fewest topics found to reach the power; null if none does, with the reason. */
  readonly topics: number | null;
  /** Fewest topics whose power's interval reaches the power, and that lies above it: the simulation's error in topics. */
  readonly topicsLow: number | null;
  readonly topicsHigh: number | null;
  /** All numbers of topics tried, ascending. */
  readonly points: readonly PowerPoint[];
  readonly reason: string | null;
}

export interface PowerOverTopics extends PowerSearch {
  readonly test: PowerTest;
  readonly pilot: {
    readonly n: number;
    readonly mean: number;
    readonly spread: number;
    /**
     * The near end of the 80% t interval of the pilot's mean, as a share of the mean; 0 if it holds 0. A pilot that was
     * chosen for its effect overstates it, and one of ten topics hardly knows it: plan with this factor as well.
     */
    readonly nearFactor: number | null;
  };
}

/** Fewest topics that any of the tests can reject with at 5%: 2·2⁻⁶ < 0.05. */
const fewestTopics = 6;

/**
 * How many topics a study needs for a power, by simulation from a pilot's paired differences, one a topic: a study of n
 * topics draws n of the pilot's differences with replacement (shifted by (effectFactor − 1) times their mean) and is
 * tested. n is found by doubling and halving, so power is taken to rise with n. The pilot is taken as the truth: its
 * spread is a share of 1/n too small and its mean as uncertain as `nearFactor` says; from ten topics half of the plans
 * for 80% reach less than 60% (test/analysis/stats/power.slow.test.ts). Beyond 16 topics the permutation
 * test draws 499 patterns.
 * Null with a reason: a pilot of fewer than 5 differences or without spread, or a power that `maxTopics` do not reach.
 * Throws ConfigError for options out of range or differences that are not finite.
 * Source: Efron and Tibshirani 1993, chapter 25; Wilson 1927 for the simulation's error.
 */
export function powerOverTopics(
  differences: readonly number[],
  options: PowerOptions & { readonly test?: PowerTest },
): PowerOverTopics {
  const settings = powerSettings(options, 'powerOverTopics');
  const { test = 'permutation' } = options;
  const bad = differences.find((difference) => !Number.isFinite(difference));
  if (bad !== undefined)
    throw new ConfigError(`powerOverTopics: differences must be finite, got ${bad}. Leave missing pairs out.`);
  const n = differences.length;
  const { mean, spread } = momentsOf(differences);
  const near = n < 2 ? null : Math.abs(mean) + studentQuantile(0.1, n - 1) * (spread / Math.sqrt(n));
  const pilot = {
    n,
    mean,
    spread,
    nearFactor: near === null || mean === 0 ? null : Math.max(0, near / Math.abs(mean)),
  };
  const none = { test, pilot, topics: null, topicsLow: null, topicsHigh: null, points: [] };
  if (n < 5) return { ...none, reason: `${n} of the 5 pilot differences that a plan needs` };
  if (!(spread > 0)) return { ...none, reason: `all ${n} pilot differences are the same` };
  const shift = (settings.effectFactor - 1) * mean;
  const shifted = differences.map((difference) => difference + shift);
  const rejects = (topics: number, random: RandomStream) => {
    const study = Array.from({ length: topics }, () => shifted[random.below(n)]);
    const p = pOfTest(test, study, random);
    return p !== null && p <= settings.alpha;
  };
  return { test, pilot, ...searched(settings, fewestTopics, rejects) };
}

function pOfTest(test: PowerTest, study: readonly number[], random: RandomStream): number | null {
  if (test === 'signed-rank') return signedRankTest(study).p;
  if (test === 'permutation') return pairedPermutationTest(study, { random, permutations: 499 });
  if (test === 'sign')
    return signTest(study.filter((value) => value > 0).length, study.filter((value) => value < 0).length);
  const { mean, spread } = momentsOf(study);
  if (!(spread > 0)) return mean === 0 ? null : 0;
  return 2 * studentCdf(-Math.abs(mean) / (spread / Math.sqrt(study.length)), study.length - 1);
}

function momentsOf(values: readonly number[]): { mean: number; spread: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / (values.length - 1)) };
}

/** The options with their defaults. Throws ConfigError, all faults in one message. */
export function powerSettings(options: PowerOptions, where: string): Required<PowerOptions> {
  const { random, power = 0.8, alpha = 0.05, effectFactor = 1, runs = 2000, maxTopics = 1000 } = options;
  const problems = [
    !(power > 0 && power < 1) && `power must lie between 0 and 1, got ${power}`,
    !(alpha > 0 && alpha < 1) && `alpha must lie between 0 and 1, got ${alpha}`,
    !Number.isFinite(effectFactor) && `effectFactor must be a finite number, got ${effectFactor}`,
    !(Number.isInteger(runs) && runs >= 100) && `runs must be a whole number from 100 up, got ${runs}`,
    !(Number.isInteger(maxTopics) && maxTopics >= fewestTopics) &&
      `maxTopics must be a whole number from ${fewestTopics} up, got ${maxTopics}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new ConfigError(`${where}: ${problems.join('; ')}. Correct the options.`);
  return { random, power, alpha, effectFactor, runs, maxTopics };
}

/** The fewest topics from `fewest` to `maxTopics` whose simulated studies reject often enough. */
export function searched(
  { random, power, runs, maxTopics }: Required<PowerOptions>,
  fewest: number,
  rejects: (topics: number, random: RandomStream) => boolean,
): PowerSearch {
  const tried = new Map<number, Estimate>();
  const at = (topics: number): Estimate => {
    const known = tried.get(topics);
    if (known) return known;
    const stream = random.fork(`power at ${topics} topics`);
    let count = 0;
    for (let run = 0; run < runs; run++) if (rejects(topics, stream)) count++;
    const share = wilsonProportion(count, runs);
    tried.set(topics, share);
    return share;
  };
  const least = (reaches: (power: Estimate) => boolean): number | null => {
    let [low, high] = [fewest - 1, fewest];
    while (!reaches(at(high))) {
      if (high === maxTopics) return null;
      [low, high] = [high, Math.min(maxTopics, 2 * high)];
    }
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (reaches(at(middle))) high = middle;
      else low = middle;
    }
    return high;
  };
  const topics = least(({ estimate }) => estimate! >= power);
  const topicsLow = least(({ high }) => high! >= power);
  const topicsHigh = least(({ low }) => low! >= power);
  const reason =
    topics === null ? `${maxTopics} topics reach a power of ${at(maxTopics).estimate!.toFixed(2)}, not ${power}` : null;
  const points = [...tried].sort(([a], [b]) => a - b).map(([count, estimate]) => ({ topics: count, power: estimate }));
  return { topics, topicsLow, topicsHigh, points, reason };
}
