import { frameOfRows, type Row } from '../../analysis/frame';
import { type MissingVerdicts, missingVerdicts } from '../../analysis/stats';
import { ConfigError, RandomStream } from '../../core';
import type { SampleRow } from '../news';
import { columns } from './agreement-tables';
import type { JudgedMeasure } from './arms-with-judge-error';
import { rowsByCondition } from './conditions-of-rows';

/** A comparison, and what the missing verdicts could do to it. */
export interface MissingSensitivity extends MissingVerdicts {
  readonly left: string;
  readonly right: string;
  readonly temperature: number;
  readonly measure: JudgedMeasure;
}

/**
 * For each pair of condition names (left, right) of a news experiment and each temperature that both have: bounds over all
 * that the missing verdicts could be, and from where on they turn the conclusion; see `missingVerdicts`. Throws
 * ConfigError for a condition that no row has.
 */
export function missingVerdictSensitivity(
  {
    rows,
    pairs,
    measure = 'magnitude',
  }: {
    readonly rows: readonly SampleRow[];
    readonly pairs: readonly (readonly [string, string])[];
    readonly measure?: JudgedMeasure;
  },
  seed: number | string,
): MissingSensitivity[] {
  const groups = rowsByCondition(rows);
  const names = new Set(groups.map(({ name }) => name));
  const unknown = [...new Set(pairs.flat())].filter((name) => !names.has(name));
  if (unknown.length > 0)
    throw new ConfigError(
      `missingVerdictSensitivity: each condition must have rows, got ${unknown.join(', ')}. There are ${[...names].join(', ') || 'none'}.`,
    );
  const random = new RandomStream(seed).fork('missing verdicts');
  const values = (own: readonly SampleRow[]) =>
    own.map((row) => ({
      topicId: row.topic_id,
      value:
        measure === 'magnitude' ? row.magnitude_0_to_10 : row.verdict === null ? null : row.verdict === 'PASS' ? 1 : 0,
    }));
  return pairs.flatMap(([left, right]) =>
    groups
      .filter(({ name }) => name === left)
      .flatMap(({ temperature, rows: own }): MissingSensitivity[] => {
        const other = groups.find((group) => group.name === right && group.temperature === temperature);
        if (!other) return [];
        const found = missingVerdicts(
          {
            left: values(own),
            right: values(other.rows),
            scale: [0, measure === 'magnitude' ? 10 : 1],
            names: { left, right },
          },
          { random: random.fork(`${left} ${right} ${temperature}`) },
        );
        return [{ ...found, left, right, temperature, measure }];
      }),
  );
}

/** Columns of `missingFrame`, with what each holds. */
export const MISSING_COLUMNS = {
  left: 'a condition',
  right: 'the condition that it is compared with',
  temperature: 'of sampling',
  measure: 'magnitude (0 to 10) or pass (share of texts)',
  missing_left: 'texts of the left condition without a value',
  missing_right: 'texts of the right condition without a value',
  difference: 'left − right over the values that are there',
  difference_low: 'its 95% interval',
  difference_high: 'its 95% interval',
  least: 'the difference with every missing value at the end of the scale that makes it least',
  greatest: 'the difference with every missing value at the end that makes it greatest',
  worst_low: 'lowest end of the intervals of all fillings',
  worst_high: 'highest end of the intervals of all fillings',
  holds:
    'whether the conclusion stands whatever the missing values are; missing without a conclusion or missing values',
  left_turns_at:
    'mean of the missing values of the left condition at which the interval reaches 0; missing if none does',
  right_turns_at: 'the same of the right condition',
  sentence: 'the finding in words',
} as const;

/** One row a comparison; see `MISSING_COLUMNS`. */
export function missingFrame(found: readonly MissingSensitivity[]) {
  return frameOfRows(
    found.map((one): Row => {
      const turns = (side: 'left' | 'right') => one.tipping.find((tip) => tip.side === side)?.intervalAt ?? null;
      return {
        left: one.left,
        right: one.right,
        temperature: one.temperature,
        measure: one.measure,
        missing_left: one.missing.left,
        missing_right: one.missing.right,
        ...columns('difference', one.observed),
        least: one.least.estimate,
        greatest: one.greatest.estimate,
        worst_low: one.interval?.low ?? null,
        worst_high: one.interval?.high ?? null,
        holds: one.holds,
        left_turns_at: turns('left'),
        right_turns_at: turns('right'),
        sentence: one.sentence,
      };
    }),
    Object.keys(MISSING_COLUMNS),
  );
}

/** The sentences, one a line. */
export function missingText(found: readonly MissingSensitivity[]): string {
  return found.map(({ sentence, temperature }) => `At T ${temperature}: ${sentence}`).join('\n');
}
