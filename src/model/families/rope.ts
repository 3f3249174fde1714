import { add, concat, constant, custom, gather, mul, reshape, slice, sub, type Value } from '../../compute/graph';
import type { ModelConfig } from '../weights';

/**
 * Angle per position of each pair of features: theta^(-2i/E), i = 0..E/2-1.
 * Type `llama3` stretches the slow ones: wavelengths above original/low are divided by `factor`, those below
 * original/high stay, those between are blended.
 * Source: Su et al. 2021, arXiv:2104.09864; Llama 3.1's scaling as in transformers, modeling_rope_utils.py.
 */
export function ropeFrequencies(config: Pick<ModelConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>): Float64Array {
  const half = config.headDim / 2;
  const base = Float64Array.from({ length: half }, (_, i) => config.ropeTheta ** (-(2 * i) / config.headDim));
  const scaling = config.ropeScaling;
  if (!scaling) return base;
  const { factor, lowFreqFactor: low, highFreqFactor: high, originalMaxPositions: original } = scaling;
  return base.map((f) => {
    const wavelength = (2 * Math.PI) / f;
    if (wavelength > original / low) return f / factor;
    if (wavelength < original / high) return f;
    const smooth = (original / wavelength - low) / (high - low);
    return ((1 - smooth) * f) / factor + smooth * f;
  });
}

/** cos and sin f32 [B,T,1,E/2] of the given positions. */
export interface RopeTables {
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * Rows of the cosine and sine tables at `positions` i32 [B,T]; `scale` multiplies both, which puts the 1/√E of
 * attention into the queries' rotation for nothing.
 */
export function ropeTables(config: ModelConfig, positions: Value, limit: number, scale = 1): RopeTables {
  const frequencies = ropeFrequencies(config);
  const half = frequencies.length;
  const cos = new Float32Array(limit * half);
  const sin = new Float32Array(limit * half);
  for (let p = 0; p < limit; p++)
    for (let i = 0; i < half; i++) {
      cos[p * half + i] = scale * Math.cos(p * frequencies[i]);
      sin[p * half + i] = scale * Math.sin(p * frequencies[i]);
    }
  const [B, T] = positions.shape;
  const rows = (table: Float32Array): Value =>
    reshape(gather(constant(table, [limit, half], 'f32'), reshape(positions, [B * T])), [B, T, 1, half]);
  return { cos: rows(cos), sin: rows(sin) };
}

/**
 * Rotates feature pairs (i, i + E/2) of x f32 [B,T,H,E] by the tables' angles. The gradient is the rotation back.
 */
export function applyRope(x: Value, tables: RopeTables): Value {
  return custom('rope', [x], rotate(x, tables, false), (grad) => [rotate(grad, tables, true)]);
}

function rotate(x: Value, { cos, sin }: RopeTables, back: boolean): Value {
  const [B, T, H, E] = x.shape;
  const first = slice(x, [0, 0, 0, 0], [B, T, H, E / 2]);
  const second = slice(x, [0, 0, 0, E / 2], [B, T, H, E / 2]);
  const [minus, plus] = back ? [add, sub] : [sub, add];
  return concat([minus(mul(first, cos), mul(second, sin)), plus(mul(second, cos), mul(first, sin))], 3);
}
