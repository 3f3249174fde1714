import { RandomStream } from '../../core';
import { fitLogistic, groupFolds, predictClasses, type SparseRows, takeRows } from '../text-model';

/** What of a profile is to be named: all of it (four classes), its side (left or right) or its strength (strong or center). */
export type LeakTarget = 'profile' | 'side' | 'strength';
export const LEAK_TARGETS: readonly LeakTarget[] = ['profile', 'side', 'strength'];

/** How well a linear model names something about the label from what should not tell it. */
export interface Leak {
  readonly target: LeakTarget;
  readonly n: number;
  readonly accuracy: number;
  /** 95% interval of the accuracy: percentile bootstrap over domains. */
  readonly low: number;
  readonly high: number;
  /** Share of the most frequent class: what a model that knows nothing reaches. */
  readonly chance: number;
  /** True if accuracy lies above chance for certain: by the lower end of the interval, or of a wider one where several questions are asked at once. */
  readonly leaks: boolean;
}

export const LEAK_FOLDS = 8;
const RESAMPLES = 2000;

/** Why a leak cannot be measured on these labels and domains; null if it can. Folds are made of whole domains, so there must be two. */
export function unmeasurable(labelValues: readonly string[], groups: readonly string[]): string | null {
  const domains = new Set(groups).size;
  if (domains < 2) return `texts of at least 2 domains are needed, got ${domains}`;
  const values = new Set(labelValues).size;
  if (values < 2) return `texts of at least 2 profiles are needed, got ${values}`;
  return null;
}

/** The part of a label value that a target asks for. A neutral text has neither side nor strength of its own. */
export function classOf(labelValue: string, target: LeakTarget): string {
  if (target === 'profile' || !labelValue.includes('_')) return labelValue;
  const [strength, side] = labelValue.split('_');
  return target === 'side' ? side : strength;
}

/**
 * Logistic regression (C 3) of a target on rows of features, each domain named by a model that never saw it: 8 folds of whole domains,
 * or as many as there are domains. `matrixOf` gives the features [N,D] for a fold, fitted on its training rows alone.
 * Targets with one class only are left out. A leak is called where this share of bootstrap accuracies, or less, lies at chance or below.
 */
export function measureLeak(
  labelValues: readonly string[],
  groups: readonly string[],
  matrixOf: (fitRows: readonly number[]) => SparseRows,
  targets: readonly LeakTarget[],
  purpose: string,
  alarmShare = 0.025,
): Leak[] {
  const folds = Math.min(LEAK_FOLDS, new Set(groups).size);
  const fold = groupFolds(groups, folds);
  const parts = Array.from({ length: folds }, (_, f) => {
    const fit = rowsWhere(fold, (at) => at !== f);
    return { fit, check: rowsWhere(fold, (at) => at === f), matrix: matrixOf(fit) };
  });
  return targets.flatMap((target) => {
    const truth = labelValues.map((value) => classOf(value, target));
    if (new Set(truth).size < 2) return [];
    const right = new Array<boolean>(truth.length);
    for (const { fit, check, matrix } of parts) {
      const known = fit.map((row) => truth[row]);
      const named =
        new Set(known).size < 2
          ? check.map(() => known[0])
          : predictClasses(
              fitLogistic(takeRows(matrix, fit), known, { c: 3, tolerance: 1e-4 }),
              takeRows(matrix, check),
            );
      for (const [i, row] of check.entries()) right[row] = named[i] === truth[row];
    }
    const counts = new Map<string, number>();
    for (const name of truth) counts.set(name, (counts.get(name) ?? 0) + 1);
    const chance = Math.max(...counts.values()) / truth.length;
    const accuracy = right.filter(Boolean).length / right.length;
    const shares = groupBootstrap(right, groups, purpose);
    const low = shares[Math.floor(0.025 * RESAMPLES)];
    const high = shares[Math.ceil(0.975 * RESAMPLES) - 1];
    const leaks = shares[Math.floor(alarmShare * RESAMPLES)] > chance;
    return [{ target, n: truth.length, accuracy, low, high, chance, leaks }];
  });
}

function rowsWhere(fold: Int32Array, keep: (at: number) => boolean): number[] {
  return [...fold.keys()].filter((row) => keep(fold[row]));
}

/** Shares of true values under resampling of whole groups, in ascending order; the seed is fixed. */
function groupBootstrap(right: readonly boolean[], groups: readonly string[], purpose: string): number[] {
  const tally = new Map<string, { hits: number; rows: number }>();
  for (const [i, hit] of right.entries()) {
    const group = tally.get(groups[i]) ?? { hits: 0, rows: 0 };
    group.rows++;
    if (hit) group.hits++;
    tally.set(groups[i], group);
  }
  const clusters = [...tally.values()];
  const stream = new RandomStream(0).fork(purpose);
  return Array.from({ length: RESAMPLES }, () => {
    let hits = 0;
    let rows = 0;
    for (let i = 0; i < clusters.length; i++) {
      const drawn = clusters[stream.below(clusters.length)];
      hits += drawn.hits;
      rows += drawn.rows;
    }
    return hits / rows;
  }).sort((a, b) => a - b);
}
