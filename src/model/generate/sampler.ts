/** The likeliest tokens of one position, likeliest first, and the logarithms that normalise them. */
export interface Candidates {
  readonly logits: Float32Array;
  readonly ids: Int32Array;
  /** log Σ exp(logit / temperature) over the whole vocabulary. */
  readonly logNormalizer: number;
}

export interface SamplingRule {
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
}

/**
 * The token at quantile `uniform` (in [0, 1)) of the distribution softmax(logits / temperature), restricted first to the topK
 * likeliest tokens and then to the fewest likeliest ones that hold topP of what is left; temperature 0 takes the likeliest.
 * Tokens are laid out likeliest first. `allLogits` is called only where the candidates do not decide: the draw or the nucleus
 * reaches past them. There must be at least topK candidates.
 * Source: Holtzman et al. 2019, arXiv:1904.09751, for topP.
 */
export function sampleToken(
  candidates: Candidates,
  rule: SamplingRule,
  uniform: number,
  allLogits: () => Float32Array,
): number {
  if (rule.temperature === 0) return candidates.ids[0];
  const { temperature, topK, topP } = rule;
  const count = Math.min(topK ?? candidates.ids.length, candidates.ids.length);
  const complete = topK !== undefined;
  const weights = new Float64Array(count);
  let held = 0;
  for (let i = 0; i < count; i++) {
    weights[i] = Math.exp(candidates.logits[i] / temperature - candidates.logNormalizer);
    held += weights[i];
  }
  const total = complete ? held : 1;
  if (topP === undefined || topP >= 1) {
    const found = at(weights, count, uniform * total);
    if (found >= 0) return candidates.ids[found];
    return complete ? candidates.ids[count - 1] : tailToken(candidates, temperature, uniform - held, allLogits());
  }
  const nucleus = nucleusOf(weights, topP * total);
  if (nucleus) return candidates.ids[at(weights, nucleus.count, uniform * nucleus.mass, true)];
  return complete
    ? candidates.ids[at(weights, count, uniform * held, true)]
    : sampleToken(
        sorted(allLogits(), candidates.logNormalizer),
        { temperature, topP, topK: Infinity },
        uniform,
        allLogits,
      );
}

/** The index at which the running sum passes `target`; -1 if it never does, or the last one if `clamp`. */
function at(weights: Float64Array, count: number, target: number, clamp = false): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += weights[i];
    if (target < sum) return i;
  }
  return clamp ? count - 1 : -1;
}

/** The fewest leading weights that reach `mass`; null if all together do not. */
function nucleusOf(weights: Float64Array, mass: number): { count: number; mass: number } | null {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i];
    if (sum >= mass) return { count: i + 1, mass: sum };
  }
  return null;
}

/** The token at `target` of the probability outside the candidates, in the order of ids. */
function tailToken(candidates: Candidates, temperature: number, target: number, logits: Float32Array): number {
  const seen = new Set(candidates.ids);
  let sum = 0;
  let last = candidates.ids[candidates.ids.length - 1];
  for (let id = 0; id < logits.length; id++) {
    if (seen.has(id)) continue;
    sum += Math.exp(logits[id] / temperature - candidates.logNormalizer);
    last = id;
    if (target < sum) return id;
  }
  return last;
}

/** Every token as a candidate. */
function sorted(logits: Float32Array, logNormalizer: number): Candidates {
  const ids = Int32Array.from(logits, (_, id) => id).sort((a, b) => logits[b] - logits[a] || a - b);
  return { ids, logits: Float32Array.from(ids, (id) => logits[id]), logNormalizer };
}
