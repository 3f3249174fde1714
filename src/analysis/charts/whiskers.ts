import type { Estimate } from '../stats/estimate';

/** Plotly's error bars from intervals; an estimate without one gets none, not one of length 0. */
export function whiskers(estimates: readonly (Estimate | undefined)[]): {
  type: 'data';
  symmetric: false;
  array: number[];
  arrayminus: number[];
} {
  // Plotly reads null as 0 and would draw a cap of zero length; what is no number it leaves out, and JSON carries no NaN.
  const none = 'none' as unknown as number;
  const ends = estimates.map((value) => {
    if (!value || value.estimate === null || value.low === null || value.high === null) return [none, none];
    return [value.high - value.estimate, value.estimate - value.low];
  });
  return { type: 'data', symmetric: false, array: ends.map(([up]) => up), arrayminus: ends.map(([, down]) => down) };
}
