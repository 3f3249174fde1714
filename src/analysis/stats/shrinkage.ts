import { ConfigError } from '../../core';

/** One of several estimates of the same kind, with the standard error of its sampling. */
export interface NoisyEstimate {
  readonly name: string;
  readonly estimate: number;
  readonly standardError: number;
}

export interface ShrunkEstimate extends NoisyEstimate {
  /** Drawn toward the mean of all; what to expect when it is measured again. */
  readonly shrunk: number;
  /** Share of its distance to the mean that is kept, 0 to 1. */
  readonly kept: number;
}

/**
 * Estimates drawn toward their mean, since the best of several looks better than it is: with equal weights the positive-part
 * James-Stein rule of Efron and Morris, kept = max(0, 1 − (k − 3)·s²/Σ(x − x̄)²), s² the mean of the squared standard errors.
 * Three or fewer are given back as they are, since nothing can then be said of their spread.
 * Throws ConfigError unless standard errors are finite and not negative.
 * Source: Efron and Morris 1975, JASA 70, section 1.
 */
export function shrinkToMean(estimates: readonly NoisyEstimate[]): ShrunkEstimate[] {
  for (const { name, estimate, standardError } of estimates)
    if (!Number.isFinite(estimate) || !Number.isFinite(standardError) || standardError < 0)
      throw new ConfigError(
        `shrinkToMean: estimates and standard errors must be finite, errors from 0 up, got ${estimate} and ${standardError} (${name}). Leave out what is missing.`,
      );
  const k = estimates.length;
  const mean = estimates.reduce((sum, { estimate }) => sum + estimate, 0) / k;
  const spread = estimates.reduce((sum, { estimate }) => sum + (estimate - mean) ** 2, 0);
  const noise = estimates.reduce((sum, { standardError }) => sum + standardError ** 2, 0) / k;
  const kept = k <= 3 ? 1 : spread === 0 ? 0 : Math.max(0, 1 - ((k - 3) * noise) / spread);
  return estimates.map((one) => ({ ...one, shrunk: mean + kept * (one.estimate - mean), kept }));
}
