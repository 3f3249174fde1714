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
  const weights = probabilities(candidates, count, temperature);
  const held = weights.reduce((sum, weight) => sum + weight, 0);
  const total = complete ? held : 1;
  if (topP === undefined || topP >= 1) {
    const found = at(weights, count, uniform * total);
    if (found >= 0) return candidates.ids[found];
    return complete ? candidates.ids[count - 1] : tailToken(candidates, temperature, uniform - held, allLogits());
  }
  const nucleus = nucleusOf(weights, topP * total);
  if (nucleus) return candidates.ids[at(weights, nucleus.count, uniform * nucleus.mass, true)];
  if (complete) return candidates.ids[at(weights, count, uniform * held, true)];
  const head = leading(allLogits(), candidates.logNormalizer, temperature, topP);
  const tail = probabilities(head, head.ids.length, temperature);
  const reached = nucleusOf(tail, topP) ?? { count: tail.length, mass: tail.reduce((sum, weight) => sum + weight, 0) };
  return head.ids[at(tail, reached.count, uniform * reached.mass, true)];
}

/** The probability of each of the first `count` candidates over the whole vocabulary. */
function probabilities({ logits, logNormalizer }: Candidates, count: number, temperature: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => Math.exp(logits[i] / temperature - logNormalizer));
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

/** Width and number of the classes into which logits are sorted, below the largest, in units of the temperature. */
const CLASS_WIDTH = 1 / 16;
const CLASSES = 1024;

/**
 * The likeliest tokens, likeliest first, that hold at least `mass`: whole classes of near-equal logits are taken from the
 * top until they do, and only those are sorted. Sorting the vocabulary at each step would cost more than the model.
 */
function leading(logits: Float32Array, logNormalizer: number, temperature: number, mass: number): Candidates {
  let highest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) if (logits[id] > highest) highest = logits[id];
  const perLogit = 1 / (CLASS_WIDTH * temperature);
  const classOf = (logit: number): number => Math.min(CLASSES - 1, Math.floor((highest - logit) * perLogit));
  const held = new Float64Array(CLASSES);
  for (let id = 0; id < logits.length; id++)
    held[classOf(logits[id])] += Math.exp(logits[id] / temperature - logNormalizer);
  let last = 0;
  for (let sum = held[0]; sum < mass && last < CLASSES - 1; sum += held[last]) last++;
  const ids: number[] = [];
  // One class more than the sum asks for: it was added up in another order than the nucleus will be.
  for (let id = 0; id < logits.length; id++) if (classOf(logits[id]) <= last + 1) ids.push(id);
  ids.sort((a, b) => logits[b] - logits[a] || a - b);
  return { ids: Int32Array.from(ids), logits: Float32Array.from(ids, (id) => logits[id]), logNormalizer };
}
