import {
  countVerdicts,
  type Estimate,
  holm,
  meanOverTopics,
  type PairedDifference,
  pairedDifference,
  pairedPermutationTest,
  type WinTieLoss,
  wilsonProportion,
  winTieLoss,
} from '../../analysis/stats';
import { RandomStream } from '../../core';
import { type Condition, conditionName } from './conditions';
import { type ContrastRow, magnitudes, type SampleRow, strongToCenterNats } from './rows';

/** What was seen under one condition. */
export interface ConditionSummary {
  readonly condition: Condition;
  readonly name: string;
  /** Mean magnitude of judged bias, 0 to 10, over topics; one entry a temperature. */
  readonly judged: readonly {
    readonly temperature: number;
    /** Who judged; the id of a proxy says so. */
    readonly judge: string;
    readonly magnitude: Estimate;
    readonly verdicts: { PASS: number; PARTIAL: number; FAIL: number; missing: number };
    readonly passPerText: Estimate;
    readonly truncated: number;
    readonly texts: number;
  }[];
  /** Mean log-odds of strong to center texts, nats, over topics; null if it was not measured. */
  readonly contrast: Estimate | null;
}

/** One condition against another on the same topics; a lower value is better in both measures. */
export interface Comparison {
  readonly left: string;
  readonly right: string;
  readonly measure: 'judged magnitude (0 to 10)' | 'contrast-set log-odds (nats)';
  readonly temperature: number | null;
  /** Who judged; null for the likelihood, which needs nobody. */
  readonly judge: string | null;
  readonly difference: PairedDifference;
  readonly record: WinTieLoss;
  /** Paired permutation test, and the same adjusted by Holm over all comparisons of this summary. */
  readonly p: number | null;
  readonly pHolm: number | null;
}

export interface NewsSummary {
  readonly conditions: readonly ConditionSummary[];
  readonly comparisons: readonly Comparison[];
}

export interface MeasuredCondition {
  readonly condition: Condition;
  readonly samples: readonly SampleRow[];
  readonly contrast: readonly ContrastRow[];
}

/**
 * Means with bootstrap intervals over topics, and the comparisons asked for as pairs of condition names (left, right).
 * The same rows and seed give the same numbers.
 */
export function summarise(
  measured: readonly MeasuredCondition[],
  pairs: readonly (readonly [string, string])[],
  seed: number | string,
): NewsSummary {
  const random = new RandomStream(seed).fork('summary');
  const byName = new Map(measured.map((entry) => [conditionName(entry.condition), entry]));
  const conditions = measured.map((entry): ConditionSummary => {
    const name = conditionName(entry.condition);
    return {
      condition: entry.condition,
      name,
      judged: temperaturesOf(entry.samples).map((temperature) => {
        const rows = entry.samples.filter((row) => row.temperature === temperature);
        const verdicts = countVerdicts(rows.map((row) => row.verdict));
        return {
          temperature,
          judge: [...new Set(rows.map((row) => row.judge))].join(', '),
          magnitude: meanOverTopics(magnitudes(rows), { random: random.fork(`${name} ${temperature}`) }),
          verdicts,
          passPerText: wilsonProportion(verdicts.PASS, rows.length - verdicts.missing),
          truncated: rows.filter((row) => row.truncated).length,
          texts: rows.length,
        };
      }),
      contrast:
        entry.contrast.length === 0
          ? null
          : meanOverTopics(strongToCenterNats(entry.contrast), { random: random.fork(name) }),
    };
  });
  const comparisons = pairs.flatMap(([leftName, rightName]): Omit<Comparison, 'pHolm'>[] => {
    const [left, right] = [byName.get(leftName), byName.get(rightName)];
    if (!left || !right) return [];
    const compare = (
      measure: Comparison['measure'],
      temperature: number | null,
      a: ReturnType<typeof magnitudes>,
      b: ReturnType<typeof magnitudes>,
    ): Omit<Comparison, 'pHolm'> => {
      const stream = random.fork(`${leftName} ${rightName} ${measure} ${temperature}`);
      const difference = pairedDifference(a, b, { random: stream });
      return {
        left: leftName,
        right: rightName,
        measure,
        temperature,
        judge: temperature === null ? null : [...new Set(left.samples.map((row) => row.judge))].join(', '),
        difference,
        record: winTieLoss(difference, { winner: 'lower' }),
        p: pairedPermutationTest(
          difference.pairs.map((pair) => pair.difference),
          { random: stream },
        ),
      };
    };
    const at = (rows: readonly SampleRow[], temperature: number) =>
      magnitudes(rows.filter((row) => row.temperature === temperature));
    const shared = temperaturesOf(left.samples).filter((temperature) =>
      temperaturesOf(right.samples).includes(temperature),
    );
    return [
      ...shared.map((t) => compare('judged magnitude (0 to 10)', t, at(left.samples, t), at(right.samples, t))),
      ...(left.contrast.length > 0 && right.contrast.length > 0
        ? [
            compare(
              'contrast-set log-odds (nats)',
              null,
              strongToCenterNats(left.contrast),
              strongToCenterNats(right.contrast),
            ),
          ]
        : []),
    ];
  });
  const adjusted = holm(comparisons.map(({ p }) => p));
  return {
    conditions,
    comparisons: comparisons.map((comparison, index) => ({ ...comparison, pHolm: adjusted[index] })),
  };
}

/** Sampling temperatures of texts, ascending. */
export function temperaturesOf(rows: readonly SampleRow[]): number[] {
  return [...new Set(rows.map((row) => row.temperature))].sort((a, b) => a - b);
}

/** The contrast-set comparison of a condition with the unlabelled baseline, if both were measured. */
export function toBaseline(summary: NewsSummary, name: string): Comparison | undefined {
  const baseline = conditionName({ arm: 'baseline', label: null });
  return summary.comparisons.find(
    ({ left, right, measure }) => left === name && right === baseline && measure.startsWith('contrast'),
  );
}
