import { NumericError, ShapeError } from '../../core';
import { type SparseRows, timesDense, transposedTimesDense } from './sparse';

/** y ≈ x·weights + intercept. */
export interface RidgeModel {
  readonly weights: Float64Array;
  readonly intercept: number;
}

/**
 * Ridge regression: minimises Σ sᵢ·(yᵢ − xᵢ·w − b)² + alpha·‖w‖², the intercept b not penalised, sᵢ = 1 by default.
 * X [N,D], y [N], s [N] → w [D], b. Solved by conjugate gradients on the centred normal equations to a relative residual
 * of 1e-10. Throws ShapeError if X, y and s disagree, NumericError if it does not converge.
 * Source: Hoerl and Kennard 1970; scikit-learn's Ridge has the same definition.
 */
export function fitRidge(
  matrix: SparseRows,
  targets: readonly number[],
  alpha: number,
  sampleWeights: readonly number[] = targets.map(() => 1),
): RidgeModel {
  const { rows, cols } = matrix;
  if (targets.length !== rows || sampleWeights.length !== rows || rows === 0)
    throw new ShapeError(
      `fitRidge: X, y and the sample weights must have as many rows, at least 1, got X [${rows},${cols}], y [${targets.length}] and weights [${sampleWeights.length}].`,
    );
  const weightSum = sampleWeights.reduce((sum, s) => sum + s, 0);
  const shares = Float64Array.from(sampleWeights, (s) => s / weightSum);
  const meanY = targets.reduce((sum, y, i) => sum + shares[i] * y, 0);
  const meanX = new Float64Array(cols);
  transposedTimesDense(matrix, shares, 1, meanX);

  const product = new Float64Array(rows);
  // out = (Xcᵀ·S·Xc + alpha·I)·v, where Xc = X − 1·meanXᵀ is never made dense.
  const applyNormal = (v: Float64Array, out: Float64Array) => {
    timesDense(matrix, v, 1, product);
    const shift = dot(meanX, v);
    let total = 0;
    for (let i = 0; i < rows; i++) {
      product[i] = sampleWeights[i] * (product[i] - shift);
      total += product[i];
    }
    transposedTimesDense(matrix, product, 1, out);
    for (let j = 0; j < cols; j++) out[j] += alpha * v[j] - total * meanX[j];
  };
  const centred = Float64Array.from(targets, (y, i) => sampleWeights[i] * (y - meanY));
  const residual = new Float64Array(cols);
  transposedTimesDense(matrix, centred, 1, residual); // Σ centred = 0, so centring X changes nothing here
  const weights = new Float64Array(cols);
  const direction = residual.slice();
  const image = new Float64Array(cols);
  let squared = dot(residual, residual);
  const stopAt = squared * 1e-20;
  for (let step = 0; squared > stopAt; step++) {
    if (step > 10 * (cols + 10) || !Number.isFinite(squared))
      throw new NumericError(
        `fitRidge: conjugate gradients must converge, got a residual of ${Math.sqrt(squared)} after ${step} steps. Raise alpha (got ${alpha}).`,
      );
    applyNormal(direction, image);
    const along = squared / dot(direction, image);
    for (let j = 0; j < cols; j++) {
      weights[j] += along * direction[j];
      residual[j] -= along * image[j];
    }
    const next = dot(residual, residual);
    const keep = next / squared;
    for (let j = 0; j < cols; j++) direction[j] = residual[j] + keep * direction[j];
    squared = next;
  }
  return { weights, intercept: meanY - dot(meanX, weights) };
}

/** [N] predictions for X [N,D]. */
export function predictRidge(model: RidgeModel, matrix: SparseRows): Float64Array {
  const out = new Float64Array(matrix.rows);
  timesDense(matrix, model.weights, 1, out);
  for (let i = 0; i < out.length; i++) out[i] += model.intercept;
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
