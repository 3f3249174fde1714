import { ConfigError } from '../../core';
import type { Estimate } from './estimate';
import { type CrossedMean, type CrossedOptions, pOfZero, type SeedTopicValue, seedsAndTopics } from './seeds';
import { pairedPermutationTest } from './significance';
import { type BootstrapOptions, meanWithInterval, topicMeans } from './topic-mean';

export interface RiseInput {
  /** Values of a label sweep; `percent` is where the label stands. Labels that are not asked for are passed over. */
  readonly rows: readonly (SeedTopicValue & { readonly percent: number })[];
  /** The label at the end of the scale. */
  readonly edge: number;
  /** Labels that it stands against, each counting alike. */
  readonly inside: readonly number[];
}

/** Value at the edge minus the mean of the values inside: above 0 is a rise towards the edge. */
export interface RiseAtEdge {
  /** For these trained models and further topics: the mean of each topic's difference over the seeds. */
  readonly overTopics: Estimate;
  /**
   * Two-sided p for these trained models: signs of the topics' differences permuted. It says nothing about further
   * seeds, however small it is.
   */
  readonly permutationP: number | null;
  /** For further seeds and topics; see `seedsAndTopics`. */
  readonly overSeeds: CrossedMean;
  /** Two-sided p of the t test over seeds and topics; null without an interval. */
  readonly crossedP: number | null;
}

/**
 * Whether a sweep rises at its edge: value(edge) − mean value(inside), paired within seed and topic, so that what a
 * topic or a seed does to all labels drops out. A cell that lacks one of the labels enters nothing. Two readings, of
 * these models and of further seeds, because a few seeds can agree on a rise that only they have; the permutation test
 * takes differences as symmetric around 0 under no rise, as `pairedPermutationTest` does. float64.
 * Throws ConfigError for options out of range or an `inside` that is empty, repeats or holds the edge; DataError for NaN
 * and infinities.
 */
export function riseAtEdge(
  { rows, edge, inside }: RiseInput,
  options: BootstrapOptions & Pick<CrossedOptions, 'minSeeds' | 'range'>,
): RiseAtEdge {
  if (inside.length === 0 || new Set([edge, ...inside]).size !== inside.length + 1)
    throw new ConfigError(
      `riseAtEdge: inside must name at least 1 label, each once and not the edge, got ${inside.join(', ') || 'none'} (edge ${edge}).`,
    );
  const cells = new Map<string, { seed: number; topicId: string; byLabel: Map<number, (number | null)[]> }>();
  for (const { seed, topicId, percent, value } of rows) {
    if (percent !== edge && !inside.includes(percent)) continue;
    const key = `${seed}/${topicId}`;
    const cell = cells.get(key) ?? { seed, topicId, byLabel: new Map() };
    cells.set(key, cell);
    cell.byLabel.set(percent, [...(cell.byLabel.get(percent) ?? []), value]);
  }
  const differences = [...cells.values()].map(({ seed, topicId, byLabel }) => {
    const at = (percent: number) =>
      topicMeans(
        (byLabel.get(percent) ?? []).map((value) => ({ topicId, value })),
        'riseAtEdge',
      ).topics[0]?.value ?? null;
    const [outer, ...inner] = [edge, ...inside].map(at);
    const isWhole = (value: number | null) => value !== null;
    const value =
      outer !== null && inner.every(isWhole)
        ? outer - inner.reduce<number>((sum, one) => sum + one!, 0) / inner.length
        : null;
    return { seed, topicId, value };
  });
  const { level, minTopics, minSeeds, range } = options;
  const overSeeds = seedsAndTopics(differences, { level, minTopics, minSeeds, range });
  return {
    overTopics: meanWithInterval(overSeeds.topicMeans, options, 'riseAtEdge', overSeeds.missing),
    permutationP: pairedPermutationTest(
      overSeeds.topicMeans.map(({ value }) => value),
      { random: options.random },
    ),
    overSeeds,
    crossedP: pOfZero(overSeeds),
  };
}
