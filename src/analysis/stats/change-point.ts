import { ConfigError, type RandomStream } from '../../core';
import {
  type CurveFit,
  type CurveKind,
  type CurveName,
  type CurveShape,
  closestCurves,
  closestOfKind,
  curveKind,
  curveShapes,
  fittedCurve,
} from './curve-shapes';
import { columnMeans, type LabelTopicValue, labelTable } from './label-table';

export interface FittedCurve {
  readonly name: CurveName;
  readonly kind: CurveKind;
  readonly at: number | null;
  readonly width: number | null;
  /** One value a label. */
  readonly fitted: readonly number[];
  /** Root mean square distance from a held-out topic's curve, both centred on their own mean over labels. */
  readonly heldOutError: number;
}

export interface ChangeOrSmooth {
  readonly percents: readonly number[];
  readonly means: readonly number[];
  /** The line, the logistic, the step and the bent line, each fitted to the mean curve. */
  readonly fits: readonly FittedCurve[];
  /** p of "the closest smooth curve is the true one" against segmented ones, and the other way round. */
  readonly pOfSmooth: number | null;
  readonly pOfSegmented: number | null;
  readonly preferred: CurveKind | 'undecided' | 'neither' | null;
  /** Between which labels the closest step lies, in what share of resamples of topics. */
  readonly stepPlaces: readonly { readonly from: number; readonly to: number; readonly share: number }[];
  readonly n: number;
  readonly topicsLeftOut: number;
  readonly missing: number;
  readonly reason: string | null;
}

export interface ChangePointOptions {
  readonly random: RandomStream;
  /** Level of both tests. Default 0.05. */
  readonly alpha?: number;
  /** Resamples for each p. Default 1000. */
  readonly resamples?: number;
  /** Fewer topics than this get no p. Default 8. */
  readonly minTopics?: number;
}

const fewestLabels = 5;

/**
 * Whether the mean curve over labels changes at a point (a step, a bent line) or smoothly (a line, a logistic rise), see
 * `curveShapes`. T = squares(closest smooth) − squares(closest segmented) on the means. p of smooth: the share of
 * bootstrap data sets with T* ≥ T, each made of the closest smooth curve plus topics' own departures from the mean,
 * drawn with replacement and stretched by √(n/(n − 1)), and fitted anew; p of segmented likewise with T* ≤ T.
 * Segmented is preferred where only smooth is rejected, smooth where only segmented is, else undecided, or neither
 * where both are. The held-out errors leave each topic out in turn and describe; they decide nothing. Seeds of a topic
 * are averaged: p speaks of these trained models. By simulation (test/analysis/stats/dose.slow.test.ts) at 30 topics
 * and six labels, flat, straight and logistic curves are called segmented in 4 to 6%, a step of two standard
 * deviations in 94%; half a standard deviation or a bent line is mostly left undecided.
 * Null with a reason: fewer than 5 labels or `minTopics` topics, or topics that do not differ.
 * Throws as `labelTable`, and ConfigError for options out of range.
 * Source: Cox 1962, JRSS B 24 (tests of separate families); Hall and Wilson 1991, Biometrics 47 (bootstrap tests).
 */
export function changeOrSmooth(rows: readonly LabelTopicValue[], options: ChangePointOptions): ChangeOrSmooth {
  const { random, alpha = 0.05, resamples = 1000, minTopics = 8 } = options;
  const problems = [
    !(alpha > 0 && alpha < 1) && `alpha must lie between 0 and 1, got ${alpha}`,
    !(Number.isInteger(resamples) && resamples >= 100) &&
      `resamples must be a whole number from 100 up, got ${resamples}`,
    !(Number.isInteger(minTopics) && minTopics >= 2) && `minTopics must be a whole number from 2 up, got ${minTopics}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new ConfigError(`changeOrSmooth: ${problems.join('; ')}. Correct the options.`);
  const { percents, values, topicsLeftOut, missing } = labelTable(rows, 'changeOrSmooth');
  const [n, L] = [values.length, percents.length];
  const means = columnMeans(values);
  const bare = { percents, means, n, topicsLeftOut, missing, stepPlaces: [] };
  const none = { ...bare, fits: [], pOfSmooth: null, pOfSegmented: null, preferred: null };
  if (n === 0) return { ...none, reason: 'no topic has a value under every label' };
  if (L < fewestLabels) return { ...none, reason: `${L} of the ${fewestLabels} labels that tell a step from a slope` };
  const shapes = curveShapes(percents);
  const closest = closestCurves(means, shapes);
  const fits = [...closest.values()].map(({ shape }): FittedCurve => {
    const { name, at, width } = shape;
    const heldOutError = heldOut(values, means, shapes, name);
    return { name, kind: curveKind[name], at, width, fitted: fittedCurve(means, shape), heldOutError };
  });
  const known = { ...none, fits };
  if (n < minTopics) return { ...known, reason: `${n} of the ${minTopics} topics that a test needs` };
  const stretch = Math.sqrt(n / (n - 1));
  const departures = values.map((row) => row.map((value, at) => stretch * (value - means[at])));
  const largest = Math.max(...departures.flat().map(Math.abs));
  if (!(largest > 1e-12 * Math.max(...means.map(Math.abs))))
    return { ...known, reason: `all ${n} topics are the same` };
  const seen = advantage(closest);
  const [smooth, segmented] = [closestOfKind(closest, 'smooth'), closestOfKind(closest, 'segmented')];
  const [centres, stream] = [
    { smooth: fittedCurve(means, smooth.shape), segmented: fittedCurve(means, segmented.shape) },
    random.fork('change or smooth'),
  ];
  // Squares of equal fits differ in the last bits.
  const slack = 1e-10 * Math.max(smooth.squares, segmented.squares);
  const counts = { smooth: 0, segmented: 0 };
  const steps = new Map<number, number>();
  for (let b = 0; b < resamples; b++) {
    const noise = resampledMean(departures, stream);
    for (const kind of ['smooth', 'segmented'] as const) {
      const drawn = advantage(closestCurves(added(centres[kind], noise), shapes));
      if (kind === 'smooth' ? drawn >= seen - slack : drawn <= seen + slack) counts[kind]++;
    }
    const at = closestCurves(added(means, noise), shapes).get('step')!.shape.at!;
    steps.set(at, (steps.get(at) ?? 0) + 1);
  }
  const pOf = (kind: CurveKind) => (1 + counts[kind]) / (1 + resamples);
  const [pOfSmooth, pOfSegmented] = [pOf('smooth'), pOf('segmented')];
  const stepPlaces = percents.slice(1).flatMap((to, at) => {
    const from = percents[at];
    const count = steps.get((from + to) / 2) ?? 0;
    return count === 0 ? [] : [{ from, to, share: count / resamples }];
  });
  const preferred = preference(pOfSmooth > alpha, pOfSegmented > alpha);
  return { ...bare, fits, pOfSmooth, pOfSegmented, preferred, stepPlaces, reason: null };
}

function preference(smoothHolds: boolean, segmentedHolds: boolean): ChangeOrSmooth['preferred'] {
  if (smoothHolds && segmentedHolds) return 'undecided';
  if (smoothHolds) return 'smooth';
  return segmentedHolds ? 'segmented' : 'neither';
}

function advantage(fits: ReadonlyMap<CurveName, CurveFit>): number {
  return closestOfKind(fits, 'smooth').squares - closestOfKind(fits, 'segmented').squares;
}

function added(a: readonly number[], b: ArrayLike<number>): number[] {
  return a.map((value, at) => value + b[at]);
}

function resampledMean(table: readonly (readonly number[])[], random: RandomStream): Float64Array {
  const n = table.length;
  const sums = new Float64Array(table[0].length);
  for (let i = 0; i < n; i++) {
    const row = table[random.below(n)];
    for (let at = 0; at < row.length; at++) sums[at] += row[at];
  }
  return sums.map((sum) => sum / n);
}

function heldOut(
  values: readonly (readonly number[])[],
  means: readonly number[],
  shapes: readonly CurveShape[],
  name: CurveName,
): number {
  const [n, L] = [values.length, means.length];
  const own = shapes.filter((shape) => shape.name === name);
  if (n < 2) return Number.NaN;
  let squares = 0;
  for (const row of values) {
    const rest = means.map((mean, at) => (n * mean - row[at]) / (n - 1));
    const curve = fittedCurve(rest, closestCurves(rest, own).get(name)!.shape);
    const lift = row.reduce((sum, value, at) => sum + value - curve[at], 0) / L;
    squares += row.reduce((sum, value, at) => sum + (value - curve[at] - lift) ** 2, 0);
  }
  return Math.sqrt(squares / (n * L));
}
