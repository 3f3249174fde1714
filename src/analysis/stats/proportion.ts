import { ConfigError } from '../../core';
import { normalQuantile } from './distributions';
import { type Estimate, missingEstimate } from './estimate';

/**
 * A share with Wilson's score interval: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), which keeps inside 0 to 1
 * and has width at 0 of n and n of n. Null without trials.
 * Throws ConfigError unless 0 ≤ count ≤ n are whole numbers. Source: Wilson 1927, JASA 22.
 */
export function wilsonProportion(count: number, n: number, level = 0.95): Estimate {
  if (!Number.isInteger(count) || !Number.isInteger(n) || count < 0 || count > n)
    throw new ConfigError(`wilsonProportion: 0 ≤ count ≤ n must be whole numbers, got count ${count} and n ${n}.`);
  if (!(level > 0 && level < 1))
    throw new ConfigError(`wilsonProportion: level must lie between 0 and 1, got ${level}.`);
  const method = 'Wilson score';
  if (n === 0) return missingEstimate(method, level, 0, 'there are no trials');
  const z = -normalQuantile((1 - level) / 2);
  const p = count / n;
  const centre = p + (z * z) / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return {
    estimate: p,
    low: count === 0 ? 0 : (centre - half) / scale,
    high: count === n ? 1 : (centre + half) / scale,
    level,
    method,
    n,
    reason: null,
  };
}

/** Verdicts counted; a null verdict is missing and never spread over the others. */
export function countVerdicts(verdicts: readonly ('PASS' | 'PARTIAL' | 'FAIL' | null)[]): {
  PASS: number;
  PARTIAL: number;
  FAIL: number;
  missing: number;
} {
  const counts = { PASS: 0, PARTIAL: 0, FAIL: 0, missing: 0 };
  for (const verdict of verdicts) counts[verdict ?? 'missing']++;
  return counts;
}
