import { add, concat, constant, custom, gather, mul, neg, reshape, slice, sub, type Value } from '../../compute/graph';
import { ConfigError } from '../../core';
import type { ModelConfig } from '../weights';

/**
 * Angle per position of each pair of features: theta^(-2i/E), i = 0..E/2-1.
 * Type `llama3` stretches the slow ones: wavelengths above original/low are divided by `factor`, those below
 * original/high stay, those between are blended. Throws ConfigError on a scaling type that is not known.
 * Source: Su et al. 2021, arXiv:2104.09864; Llama 3.1's scaling as in transformers, modeling_rope_utils.py.
 */
export function ropeFrequencies(config: Pick<ModelConfig, 'headDim' | 'ropeTheta' | 'ropeScaling'>): Float64Array {
  const half = config.headDim / 2;
  const base = Float64Array.from({ length: half }, (_, i) => config.ropeTheta ** (-(2 * i) / config.headDim));
  const scaling = config.ropeScaling;
  if (!scaling) return base;
  const { type, factor } = scaling;
  if (type === 'linear') return base.map((f) => f / factor);
  if (type !== 'llama3')
    throw new ConfigError(
      `ropeFrequencies: rope scaling must be "llama3", "linear" or absent, got "${type}" (config.json). Use a model of a supported type.`,
    );
  const low = scaling.lowFreqFactor ?? 1;
  const high = scaling.highFreqFactor ?? 4;
  const original = scaling.originalMaxPositions ?? 8192;
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
  return custom('rope', [x], rotate(x, tables.cos, tables.sin), (grad) => [rotate(grad, tables.cos, neg(tables.sin))]);
}

function rotate(x: Value, cos: Value, sin: Value): Value {
  const [B, T, H, E] = x.shape;
  const first = slice(x, [0, 0, 0, 0], [B, T, H, E / 2]);
  const second = slice(x, [0, 0, 0, E / 2], [B, T, H, E / 2]);
  return concat([sub(mul(first, cos), mul(second, sin)), add(mul(second, cos), mul(first, sin))], 3);
}
