import type { RlProbe, RlStepMetrics } from '../../src/train';

/** A step's metrics with plausible numbers. */
export function stepMetrics(step: number, more: Partial<RlStepMetrics> = {}): RlStepMetrics {
  const group = {
    episodes: 8,
    rewardMean: 0.9,
    rewardStd: 0.2,
    expectedReward: 0.8 + 0.01 * step,
    firstAnswer: 0.5,
    entropy: 0.6 / step,
    validMass: 1,
    klK1: null,
    klK3: null,
    klExact: null,
    approxKl: 0,
    clipFraction: 0,
    ratioMean: 1,
    ratioMax: 1,
    valueLoss: null,
    explainedVariance: null,
  };
  return {
    ...group,
    step,
    loss: -0.5,
    policyLoss: -0.5,
    gradNorm: 1,
    learningRate: 1e-3,
    temperature: 1,
    entropyCoefficient: 0.1,
    rarityCoefficient: 0,
    updates: 1,
    skippedUpdates: 0,
    groupsWithoutSignal: null,
    byLabel: { '30 to 40%': group, '90 to 100%': group },
    seconds: 0.5,
    elapsedSeconds: 0.5 * step,
    episodesPerSecond: 16,
    peakMemoryMb: 500,
    ...more,
  };
}

/** A probe of two labels. */
export function probeAt(step: number, alarm: RlProbe['alarm'] = 'quiet'): RlProbe {
  const firstAnswer = {
    wrong: { '33%': 0.1, '100%': alarm === 'quiet' ? 0.9 : 0.11 },
    right: { '33%': 0.9, '100%': 1 },
  };
  return { step, firstAnswer, validMass: 1, entropy: 0.3, labelEffect: alarm === 'quiet' ? 0.8 : 0.01, alarm };
}
