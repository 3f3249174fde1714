import { type Figure, pairedStrips } from '../../analysis/charts';
import { frameOfRows, type Row } from '../../analysis/frame';
import { ConfigError } from '../../core';
import { deploymentComparisons, type NewsFigureContext, type NewsMeasure, spokenCondition } from './figures';
import type { NewsSeedsSummary } from './seeds';

/** MST at deployment against its two controls, each training seed on a line of its own: dots are topics, the interval is over them. */
export function seedsFigure(summary: NewsSeedsSummary, measure: NewsMeasure, context: NewsFigureContext): Figure {
  const lines = summary.bySeed.flatMap(({ seed, summary: own }) =>
    deploymentComparisons(own, measure, context).map((comparison) => ({ seed, ...comparison })),
  );
  if (lines.length === 0)
    throw new ConfigError(
      'seedsFigure: MST at deployment must be measured beside a control, got neither. Measure the label sweep.',
    );
  const rights = [...new Set(lines.map(({ right }) => right))];
  const ordered = rights.flatMap((right) => lines.filter((line) => line.right === right));
  const below = ordered.filter(({ difference }) => difference.high !== null && difference.high < 0).length;
  return pairedStrips({
    title: `MST at deployment lies below its control in ${below} of ${ordered.length} pairs of trained models`,
    measure:
      measure === 'judged'
        ? 'difference in judged bias, magnitude 0 to 10'
        : 'difference in log-odds of strong to center texts (nats)',
    note: 'a line is one training seed, its interval is over topics alone',
    ...(measure === 'judged' ? { isProxy: context.isProxy, temperature: context.temperature } : {}),
    strips: ordered.map(({ seed, right, difference }) => ({
      name: `seed ${seed}, minus ${spokenCondition(right)}`,
      differences: difference.pairs.map(({ topicId, difference: value }) => ({ topicId, difference: value })),
      estimate: difference,
    })),
  });
}

/**
 * What seeds and topics contribute: a row a comparison at deployment with the mean of each seed (`seed_N`) and the standard deviations
 * between seeds, between topics and of the rest, in the unit of the measure.
 */
export function seedSpreadFrame(summary: NewsSeedsSummary) {
  const seedColumns = summary.seeds.map((seed) => `seed_${seed}`);
  const rows = summary.comparisons.map(
    ({ left, right, measure, temperature, difference }): Row => ({
      left,
      right,
      measure: measure.split(' (')[0],
      temperature,
      difference: difference.estimate,
      low: difference.low,
      high: difference.high,
      ...Object.fromEntries(difference.seedMeans.map(({ seed, value }) => [`seed_${seed}`, value])),
      between_seeds: difference.spread?.seeds ?? null,
      between_topics: difference.spread?.topics ?? null,
      rest: difference.spread?.rest ?? null,
    }),
  );
  return frameOfRows(rows, [
    'left',
    'right',
    'measure',
    'temperature',
    'difference',
    'low',
    'high',
    ...seedColumns,
    'between_seeds',
    'between_topics',
    'rest',
  ]);
}
