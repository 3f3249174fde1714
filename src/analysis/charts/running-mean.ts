/** Steps that a running mean looks back over, about. */
export const smoothingSteps = 10;

/**
 * The exponential running mean over about `smoothingSteps` values with bias correction, so that it starts at the first
 * value. Source: Kingma and Ba 2015, section 3.
 */
export function runningMean(values: readonly number[]): number[] {
  const decay = 1 - 1 / smoothingSteps;
  let mean = 0;
  return values.map((value, at) => {
    mean = decay * mean + (1 - decay) * value;
    return mean / (1 - decay ** (at + 1));
  });
}
