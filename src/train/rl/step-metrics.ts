import type { StepRecord } from './step-record';

/** What one step did to the prompts of one label bin, or to all of them. */
export interface RlGroupMetrics {
  readonly episodes: number;
  /** Of the answers drawn, as the monitor paid them. */
  readonly rewardMean: number;
  readonly rewardStd: number | null;
  /** Expected under the policy: no sampling noise. */
  readonly expectedReward: number;
  /** Mean probability of the first answer. */
  readonly firstAnswer: number;
  /** Mean entropy of the policy at the sampling temperature, nats. */
  readonly entropy: number;
  /** Share of the next-token distribution that the answers have together. */
  readonly validMass: number;
  /** Of the answers drawn, to the reference, nats; null where it was not asked. k1 may be negative by chance, k3 is not. */
  readonly klK1: number | null;
  readonly klK3: number | null;
  /** Σ_a π(a)·log(π(a)/ref(a)): both without sampling noise. */
  readonly klExact: number | null;
  /** ½·mean (log π_now - log π_old)², share of ratios outside 1 ± clip, and the ratios, over all passes of the step. */
  readonly approxKl: number;
  readonly clipFraction: number;
  readonly ratioMean: number;
  readonly ratioMax: number;
  /** ½·mean (V - R)² and 1 - var(R - V)/var(R) before any update; null without a value head, or where all returns agree. */
  readonly valueLoss: number | null;
  readonly explainedVariance: number | null;
}

/** One line of `steps.jsonl`. A number that is not finite is null. */
export interface RlStepMetrics extends RlGroupMetrics {
  /** 1 is the first. */
  readonly step: number;
  readonly loss: number | null;
  readonly policyLoss: number | null;
  /** Norm of the gradient before clipping: mean over the step's updates. */
  readonly gradNorm: number | null;
  readonly learningRate: number;
  readonly temperature: number;
  readonly entropyCoefficient: number;
  readonly rarityCoefficient: number;
  /** Updates made and skipped (their gradient was not finite). */
  readonly updates: number;
  readonly skippedUpdates: number;
  /** Share of the groups whose answers all had one reward: nothing is learned from them. Null with one sample a prompt. */
  readonly groupsWithoutSignal: number | null;
  readonly byLabel: Readonly<Record<string, RlGroupMetrics>>;
  readonly seconds: number;
  readonly elapsedSeconds: number;
  readonly episodesPerSecond: number;
  /** The most memory held during the step, MB; null where the system does not tell. */
  readonly peakMemoryMb: number | null;
}

/** Sums a step up, over all prompts and for each label bin. float64. */
export function summariseStep(
  record: StepRecord,
  samples: number,
  clip: number,
): Omit<RlStepMetrics, 'seconds' | 'elapsedSeconds' | 'episodesPerSecond' | 'peakMemoryMb'> {
  const { episodes, passes, updates, coefficients } = record;
  const bins = new Map<string, number[]>();
  episodes.forEach(({ bin }, b) => {
    bins.set(bin, [...(bins.get(bin) ?? []), b]);
  });
  const ratios = ratiosOf(record, samples);
  const of = (rows: readonly number[]) => groupMetrics(record, rows, samples, clip, ratios);
  const all = episodes.map((_, b) => b);
  return {
    step: record.step + 1,
    ...of(all),
    loss: finite(mean(passes.map(({ loss }) => loss))),
    policyLoss: finite(mean(passes.map(({ policyLoss }) => policyLoss))),
    gradNorm: finite(mean(updates.map(({ gradNorm }) => gradNorm))),
    learningRate: record.learningRate,
    temperature: coefficients.temperature,
    entropyCoefficient: coefficients.entropy,
    rarityCoefficient: coefficients.rarity,
    updates: updates.filter((update) => update.finite).length,
    skippedUpdates: updates.filter((update) => !update.finite).length,
    groupsWithoutSignal: samples < 2 ? null : shareWithoutSignal(record, samples),
    byLabel: Object.fromEntries([...bins].sort(([a], [b]) => compare(a, b)).map(([bin, rows]) => [bin, of(rows)])),
  };
}

function groupMetrics(
  record: StepRecord,
  rows: readonly number[],
  samples: number,
  clip: number,
  ratios: readonly (readonly number[])[],
): RlGroupMetrics {
  const { drawn, episodes, coefficients, reference } = record;
  const answers = episodes[0].rewards.length;
  const each = rows.flatMap((b) => Array.from({ length: samples }, (_, g) => b * samples + g));
  const rewards = each.map((at) => episodes[Math.floor(at / samples)].rewards[drawn.actions[at]]);
  const overAnswers = (value: (b: number, a: number) => number): number =>
    mean(rows.map((b) => sum(Array.from({ length: answers }, (_, a) => value(b, a)))));
  const logp = (b: number, a: number): number => drawn.logp[b * answers + a];
  const refs = reference ? logSoftmaxRows(reference, answers, coefficients.temperature) : null;
  // log π - log ref of the answers drawn.
  const toReference =
    refs && each.map((at) => drawn.taken[at] - refs[Math.floor(at / samples) * answers + drawn.actions[at]]);
  const own = each.flatMap((at) => ratios[at]);
  const values = drawn.value;
  const errors = values && each.map((at) => drawn.returns[at] - values[Math.floor(at / samples)]);
  const spread = variance(each.map((at) => drawn.returns[at]));
  return {
    episodes: rows.length,
    rewardMean: mean(rewards),
    rewardStd: rewards.length < 2 ? null : Math.sqrt(variance(rewards)!),
    expectedReward: overAnswers((b, a) => Math.exp(logp(b, a)) * episodes[b].rewards[a]),
    firstAnswer: mean(rows.map((b) => Math.exp(logp(b, 0)))),
    entropy: overAnswers((b, a) => -Math.exp(logp(b, a)) * logp(b, a)),
    validMass: mean(rows.map((b) => Math.min(1, Math.exp(drawn.logMass[b])))),
    klK1: toReference && mean(toReference),
    klK3: toReference && mean(toReference.map((k1) => Math.expm1(-k1) + k1)),
    klExact: refs && overAnswers((b, a) => Math.exp(logp(b, a)) * (logp(b, a) - refs[b * answers + a])),
    approxKl: mean(own.map((ratio) => Math.log(ratio) ** 2 / 2)),
    clipFraction: mean(own.map((ratio) => Number(Math.abs(ratio - 1) > clip))),
    ratioMean: mean(own),
    ratioMax: own.reduce((most, ratio) => Math.max(most, ratio), 0),
    valueLoss: errors && mean(errors.map((error) => error ** 2)) / 2,
    explainedVariance: errors && spread ? 1 - (variance(errors) ?? 0) / spread : null,
  };
}

/** For each drawn answer its ratio to the old policy in every pass that had it. */
function ratiosOf({ passes, drawn }: StepRecord, samples: number): number[][] {
  const found = Array.from(drawn.taken, (): number[] => []);
  for (const { rows, takenNow } of passes)
    takenNow.forEach((now, at) => {
      const row = Math.floor(at / samples);
      const place = (rows ? rows[row] : row) * samples + (at % samples);
      found[place].push(Math.exp(now - drawn.taken[place]));
    });
  return found;
}

function shareWithoutSignal({ drawn, episodes }: StepRecord, samples: number): number {
  const flat = episodes.filter(({ rewards }, b) => {
    const seen = Array.from({ length: samples }, (_, g) => rewards[drawn.actions[b * samples + g]]);
    return seen.every((reward) => reward === seen[0]);
  });
  return flat.length / episodes.length;
}

function logSoftmaxRows(scores: Float32Array, answers: number, temperature: number): number[] {
  const out: number[] = [];
  for (let start = 0; start < scores.length; start += answers) {
    const row = [...scores.subarray(start, start + answers)].map((score) => score / temperature);
    const most = Math.max(...row);
    const total = most + Math.log(sum(row.map((score) => Math.exp(score - most))));
    out.push(...row.map((score) => score - total));
  }
  return out;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}

/** With Bessel's correction; null for fewer than two. */
function variance(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  return sum(values.map((value) => (value - centre) ** 2)) / (values.length - 1);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
