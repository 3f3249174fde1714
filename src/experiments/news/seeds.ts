import {
  type CrossedDifference,
  countVerdicts,
  holm,
  pairByTopic,
  type SeedTopicValue,
  seedsAndTopics,
  seedsAndTopicsDifference,
  winTieLoss,
} from '../../analysis/stats';
import { ConfigError } from '../../core';
import { conditionName } from './conditions';
import type { NewsExperiment } from './news-experiment';
import { magnitudes, type SampleRow, strongToCenterNats } from './rows';
import {
  type Comparison,
  type ConditionSummary,
  type MeasuredCondition,
  type NewsSummary,
  temperaturesOf,
} from './summary';

/** One training seed's experiment and what was measured of it. */
export interface NewsSeed {
  readonly news: NewsExperiment;
  readonly measured: readonly MeasuredCondition[];
}

/** A difference and what each seed alone says of it. */
export interface SeedsComparison extends Comparison {
  readonly difference: Comparison['difference'] & CrossedDifference;
}

/** A summary over training seeds and topics: figures and frames take it as they take that of one seed. */
export interface NewsSeedsSummary extends NewsSummary {
  readonly seeds: readonly number[];
  readonly comparisons: readonly SeedsComparison[];
  /** The summary of each seed alone, with intervals over its topics. */
  readonly bySeed: readonly { readonly seed: number; readonly summary: NewsSummary }[];
}

type Values = SeedTopicValue[];

/**
 * Means and differences over training seeds and topics, with intervals that speak for further seeds and further topics
 * (`seedsAndTopics`; fewer than three seeds give none), t tests, adjusted by Holm over all comparisons. Conditions that some seed was
 * not measured under enter nothing. A topic's win is that of its mean over the seeds.
 * Throws ConfigError without seeds, or where two seeds are the same.
 */
export function summariseSeeds(runs: readonly NewsSeed[]): NewsSeedsSummary {
  const seeds = runs.map(({ news }) => news.config.seed);
  if (runs.length === 0 || new Set(seeds).size < seeds.length)
    throw new ConfigError(
      `summariseSeeds: one run a seed is needed, got ${seeds.join(', ') || 'none'}. Open them with news.withSeed(seed).`,
    );
  const [first] = runs;
  const table = new Map(
    runs.flatMap(({ news, measured }) =>
      measured.map((entry) => [`${news.config.seed} ${conditionName(entry.condition)}`, entry] as const),
    ),
  );
  const of = (seed: number, name: string) => table.get(`${seed} ${name}`);
  const shared = first.measured.filter(({ condition }) => seeds.every((seed) => of(seed, conditionName(condition))));
  const values = (name: string, read: (entry: MeasuredCondition) => ReturnType<typeof magnitudes>): Values =>
    seeds.flatMap((seed) => read(of(seed, name)!).map((row) => ({ ...row, seed })));
  const judgedAt = (temperature: number) => (entry: MeasuredCondition) =>
    magnitudes(entry.samples.filter((row) => row.temperature === temperature));
  const nats = (entry: MeasuredCondition) => strongToCenterNats(entry.contrast);

  const conditions = shared.map(({ condition, samples, contrast }): ConditionSummary => {
    const name = conditionName(condition);
    const judged = temperaturesOf(samples).map((temperature) => {
      const rows = seeds.flatMap((seed) => of(seed, name)!.samples.filter((row) => row.temperature === temperature));
      const counted = seeds.flatMap((seed): Values => passes(seed, of(seed, name)!.samples, temperature));
      return {
        temperature,
        judge: [...new Set(rows.map((row) => row.judge))].join(', '),
        magnitude: seedsAndTopics(values(name, judgedAt(temperature)), { range: [0, 10] }),
        verdicts: countVerdicts(rows.map((row) => row.verdict)),
        passPerText: seedsAndTopics(counted, { range: [0, 1] }),
        truncated: rows.filter((row) => row.truncated).length,
        texts: rows.length,
      };
    });
    return { condition, name, judged, contrast: contrast.length === 0 ? null : seedsAndTopics(values(name, nats)) };
  });

  const known = new Map(shared.map((entry) => [conditionName(entry.condition), entry]));
  const compared = first.news.pairsOf(shared).flatMap(([left, right]): Omit<SeedsComparison, 'pHolm'>[] => {
    const [a, b] = [known.get(left), known.get(right)];
    if (!a || !b) return [];
    const compare = (
      measure: Comparison['measure'],
      temperature: number | null,
      read: (entry: MeasuredCondition) => ReturnType<typeof magnitudes>,
    ): Omit<SeedsComparison, 'pHolm'> => {
      const [leftValues, rightValues] = [values(left, read), values(right, read)];
      const crossed = seedsAndTopicsDifference(leftValues, rightValues);
      const difference = { ...crossed, ...pairByTopic(leftValues, rightValues) };
      return {
        left,
        right,
        measure,
        temperature,
        judge: temperature === null ? null : [...new Set(a.samples.map((row) => row.judge))].join(', '),
        difference,
        record: winTieLoss(difference, { winner: 'lower' }),
        p: crossed.p,
      };
    };
    const both = temperaturesOf(a.samples).filter((temperature) => temperaturesOf(b.samples).includes(temperature));
    return [
      ...both.map((temperature) => compare('judged magnitude (0 to 10)', temperature, judgedAt(temperature))),
      ...(a.contrast.length > 0 && b.contrast.length > 0 ? [compare('contrast-set log-odds (nats)', null, nats)] : []),
    ];
  });
  const adjusted = holm(compared.map(({ p }) => p));
  return {
    seeds,
    conditions,
    comparisons: compared.map((comparison, at) => ({ ...comparison, pHolm: adjusted[at] })),
    bySeed: runs.map(({ news, measured }) => ({ seed: news.config.seed, summary: news.summarise(measured) })),
  };
}

/** 1 where a text was judged PASS, 0 where not, missing without a verdict. */
function passes(seed: number, samples: readonly SampleRow[], temperature: number): Values {
  return samples
    .filter((row) => row.temperature === temperature)
    .map((row) => ({
      seed,
      topicId: row.topic_id,
      value: row.verdict === null ? null : Number(row.verdict === 'PASS'),
    }));
}
