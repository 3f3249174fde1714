import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/core';
import { type Candidates, type SamplingRule, sampleToken } from '../../../src/model/generate';

const V = 12;
const logits = (() => {
  const stream = new RandomStream('sampler');
  return Float32Array.from({ length: V }, () => 3 * stream.normal());
})();

/** The likeliest `count` tokens, as a step of the model hands them over. */
function candidatesOf(count: number, temperature: number): Candidates {
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]);
  const ids = Int32Array.from(order.slice(0, count));
  const logNormalizer = Math.log(logits.reduce((sum, x) => sum + Math.exp(x / temperature), 0));
  return { ids, logits: Float32Array.from(ids, (id) => logits[id]), logNormalizer };
}

/** Exact shares of each token, from a fine grid of quantiles. */
function shares(count: number, rule: SamplingRule): Float64Array {
  const out = new Float64Array(V);
  const steps = 20_000;
  const candidates = candidatesOf(count, rule.temperature || 1);
  for (let i = 0; i < steps; i++) out[sampleToken(candidates, rule, (i + 0.5) / steps, () => logits)] += 1 / steps;
  return out;
}

/** The same distribution written down directly: softmax, topK, then topP on what is left. */
function expected({ temperature, topK = V, topP = 1 }: SamplingRule): Float64Array {
  const order = [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, topK);
  const weights = order.map((id) => Math.exp(logits[id] / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  const kept: number[] = [];
  let mass = 0;
  for (const weight of weights) {
    if (mass / total >= topP) break;
    kept.push(weight);
    mass += weight;
  }
  const out = new Float64Array(V);
  kept.forEach((weight, i) => {
    out[order[i]] = weight / mass;
  });
  return out;
}

const RULES: SamplingRule[] = [
  { temperature: 1 },
  { temperature: 0.5 },
  { temperature: 2 },
  { temperature: 1, topK: 3 },
  { temperature: 1.5, topP: 0.9 },
  { temperature: 3, topP: 0.95 },
  { temperature: 1, topK: 3, topP: 0.7 },
  { temperature: 1, topP: 1 },
];

describe('sampleToken', () => {
  describe.each([3, 5, V])('with %i candidates', (count) => {
    it.each(RULES)('draws the filtered softmax for %j', (rule) => {
      const got = shares(count, rule);
      const want = expected(rule);
      // The grid of 20,000 quantiles resolves 5e-5; observed 4.9e-5.
      for (let id = 0; id < V; id++) expect(Math.abs(got[id] - want[id])).toBeLessThan(2e-4);
    });
  });

  it('takes the likeliest token at temperature 0, whatever the draw', () => {
    const best = logits.indexOf(Math.max(...logits));
    for (const uniform of [0, 0.5, 0.999999]) {
      expect(sampleToken(candidatesOf(1, 1), { temperature: 0 }, uniform, () => logits)).toBe(best);
    }
  });

  it('does not ask for all logits where the candidates decide', () => {
    const refuse = () => {
      throw new Error('asked');
    };
    const candidates = candidatesOf(5, 1);
    expect(sampleToken(candidates, { temperature: 1, topK: 5 }, 0.9999, refuse)).toBeGreaterThanOrEqual(0);
    expect(sampleToken(candidates, { temperature: 1 }, 0.01, refuse)).toBe(candidates.ids[0]);
    expect(() => sampleToken(candidates, { temperature: 5 }, 0.9999, refuse)).toThrow('asked');
  });
});
