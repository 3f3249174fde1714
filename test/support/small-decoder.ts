import * as g from '../../src/compute/graph';
import { RandomStream } from '../../src/core';

export const LAYERS = 3;
const [B, T, D, F, V] = [2, 3, 5, 4, 7];

/** A small decoder-like stack with a fused piece whose hand-written gradient captures forward values. */
export function smallDecoder() {
  const tokens = g.input('tokens', [B, T], 'i32');
  const targets = g.input('targets', [B * T], 'i32');
  const weights: g.Value[] = [];
  const weight = (name: string, ...shape: number[]) => {
    const value = g.variable(name, shape, 'f32');
    weights.push(value);
    return value;
  };
  const kept: g.Value[] = [];
  let h: g.Value = g.gather(weight('embed', V, D), tokens);
  for (let layer = 0; layer < LAYERS; layer++) {
    kept.push(h);
    const x = g.rmsNorm(h, weight(`gain${layer}`, D), 1e-5);
    const scores = g.softmax(g.matmul(x, x, { transposeB: true }));
    const attended = g.matmul(scores, g.matmul(x, weight(`value${layer}`, D, D)));
    const middle = g.add(h, attended);
    const gate = g.matmul(middle, weight(`gate${layer}`, D, F));
    const up = g.matmul(middle, weight(`up${layer}`, D, F));
    const s = g.sigmoid(gate);
    const swiglu = g.custom('swiglu', [gate, up], g.mul(g.mul(gate, s), up), (grad) => [
      g.mul(g.mul(grad, up), g.mul(s, g.add(1, g.mul(gate, g.sub(1, s))))),
      g.mul(grad, g.mul(gate, s)),
    ]);
    h = g.add(middle, g.matmul(swiglu, weight(`down${layer}`, F, D)));
  }
  kept.push(h);
  const logits = g.matmul(g.reshape(h, [B * T, D]), weight('head', D, V));
  kept.push(logits);
  return { loss: g.mean(g.crossEntropy(logits, targets)), weights, kept };
}

export function drawFeedsAndWeights(weights: readonly g.Value[]) {
  const stream = new RandomStream('recompute');
  const ids = (count: number) => Array.from({ length: count }, () => stream.below(V));
  const feeds = {
    tokens: g.hostTensor(ids(B * T), [B, T], 'i32'),
    targets: g.hostTensor(ids(B * T), [B * T], 'i32'),
  };
  const values = weights.map((weight) => {
    const data = Array.from({ length: g.sizeOf(weight.shape) }, () => stream.normal() * 0.5);
    return [(weight as g.Value<'variable'>).attrs.name, g.hostTensor(data, weight.shape, 'f32')] as const;
  });
  return { feeds, variables: Object.fromEntries(values) };
}
