import { DataError, ShapeError } from '../../core';
import { minimizeLbfgs } from './lbfgs';
import { type SparseRows, timesDense, transposedTimesDense } from './sparse';

/** P(class k | x) = softmax(x·weights + intercepts)[k]. */
export interface LogisticModel {
  /** Sorted class names. */
  readonly classes: readonly string[];
  /** [D,K], flat by rows. */
  readonly weights: Float64Array;
  readonly intercepts: Float64Array;
  readonly steps: number;
}

export interface LogisticOptions {
  /** Inverse strength of the penalty, as in scikit-learn. */
  readonly c: number;
  /** Weigh every class alike, however often it occurs: N / (K · rows of the class). */
  readonly balanced?: boolean;
  /** Largest entry of the gradient at the end, per unit of C. */
  readonly tolerance?: number;
}

/**
 * Multinomial logistic regression: minimises C·Σ sᵢ·(−ln P(yᵢ | xᵢ)) + ½‖W‖², intercepts not penalised. X [N,D], y [N].
 * Throws ShapeError if X and y disagree, DataError with fewer than 2 classes, NumericError if it does not converge.
 * Source: scikit-learn's LogisticRegression has the same definition (it divides by N, which moves no minimum).
 */
export function fitLogistic(matrix: SparseRows, targets: readonly string[], options: LogisticOptions): LogisticModel {
  const { rows, cols } = matrix;
  if (targets.length !== rows)
    throw new ShapeError(
      `fitLogistic: X and y must have as many rows, got X [${rows},${cols}] and y [${targets.length}].`,
    );
  const classes = [...new Set(targets)].sort();
  const width = classes.length;
  if (width < 2)
    throw new DataError(
      `fitLogistic: there must be at least 2 classes, got ${width} (${classes.join(', ')}). Give texts of another class.`,
    );
  const target = Int32Array.from(targets, (name) => classes.indexOf(name));
  const counts = new Float64Array(width);
  for (const k of target) counts[k]++;
  const weightOf = counts.map((count) => (options.balanced ? rows / (width * count) : 1) * (options.c / rows));
  const scores = new Float64Array(rows * width);
  const penalty = 1 / rows;

  // x is W [D,K] followed by the intercepts [K]; the whole objective is divided by N to keep gradients near 1.
  const evaluate = (x: Float64Array, gradient: Float64Array): number => {
    const size = cols * width;
    const w = x.subarray(0, size);
    timesDense(matrix, w, width, scores);
    let value = 0;
    const b = gradient.subarray(size).fill(0);
    for (let row = 0; row < rows; row++) {
      const p = scores.subarray(row * width, (row + 1) * width);
      for (let k = 0; k < width; k++) p[k] += x[size + k];
      const own = p[target[row]];
      const logSum = softmaxInPlace(p);
      const weight = weightOf[target[row]];
      value += weight * (logSum - own);
      p[target[row]] -= 1;
      for (let k = 0; k < width; k++) {
        p[k] *= weight;
        b[k] += p[k];
      }
    }
    const g = gradient.subarray(0, size);
    transposedTimesDense(matrix, scores, width, g);
    let squares = 0;
    for (let i = 0; i < size; i++) {
      g[i] += penalty * w[i];
      squares += w[i] * w[i];
    }
    return value + 0.5 * penalty * squares;
  };
  const tolerance = (options.tolerance ?? 1e-6) * options.c;
  const { x, steps } = minimizeLbfgs(new Float64Array((cols + 1) * width), evaluate, { tolerance, maxSteps: 2000 });
  return { classes, weights: x.slice(0, cols * width), intercepts: x.slice(cols * width), steps };
}

/** Class probabilities [N,K], flat by rows. */
export function predictLogistic(model: LogisticModel, matrix: SparseRows): Float64Array {
  const width = model.classes.length;
  const out = new Float64Array(matrix.rows * width);
  timesDense(matrix, model.weights, width, out);
  for (let row = 0; row < matrix.rows; row++) {
    const p = out.subarray(row * width, (row + 1) * width);
    for (let k = 0; k < width; k++) p[k] += model.intercepts[k];
    softmaxInPlace(p);
  }
  return out;
}

/** The most probable class of each row. */
export function predictClasses(model: LogisticModel, matrix: SparseRows): string[] {
  const width = model.classes.length;
  const p = predictLogistic(model, matrix);
  return Array.from({ length: matrix.rows }, (_, row) => {
    let best = 0;
    for (let k = 1; k < width; k++) if (p[row * width + k] > p[row * width + best]) best = k;
    return model.classes[best];
  });
}

/** Turns scores into probabilities and returns the log of the sum of exponentials. */
function softmaxInPlace(scores: Float64Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const score of scores) most = Math.max(most, score);
  let sum = 0;
  for (let k = 0; k < scores.length; k++) {
    scores[k] = Math.exp(scores[k] - most);
    sum += scores[k];
  }
  for (let k = 0; k < scores.length; k++) scores[k] /= sum;
  return most + Math.log(sum);
}
