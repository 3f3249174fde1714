import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gradients, type HostTensor, input, mul, type Program, reshape } from '../../../src/compute/graph';
import {
  ADAPTER_VARIABLE,
  adapterGraph,
  adapterLayout,
  flattenAdapter,
  loadAdapter,
} from '../../../src/model/adapters';
import { forward, logits, paramVariables, supervisedLoss } from '../../../src/model/families';
import { batchFeeds } from '../../../src/train/sft/feeds';
import { relativeError } from '../../support/run-values';
import { BACKENDS, goldenRows, loadTiny, TINY_MODELS, tinyFolder, tinyGolden } from '../../support/tiny-models';

const placeholders = (B: number, T: number) => ({
  tokens: input('tokens', [B, T], 'i32'),
  positions: input('positions', [B, T], 'i32'),
  segments: input('segments', [B, T], 'i32'),
});

describe.each(Object.keys(BACKENDS) as (keyof typeof BACKENDS)[])('on %s', (backendName) => {
  it.each(TINY_MODELS)('%s: logits, loss and every adapter gradient are those of PyTorch', async (name) => {
    const golden = tinyGolden(name);
    const model = await loadTiny(name, BACKENDS[backendName]());
    const { config } = model;
    const adapter = loadAdapter(join(tinyFolder(name), 'adapter'), model);
    const layout = adapterLayout(config, adapter.config);
    const params = paramVariables(config, 'f32');
    const [B, T] = [golden.ids.length, golden.ids[0].length - 1];
    const graph = adapterGraph(layout, 'f32');
    const N = 16;
    const supervised = {
      rows: input('rows', [N], 'i32'),
      targets: input('targets', [N], 'i32'),
      weights: input('weights', [N], 'f32'),
    };
    const program = (label: string, lora: typeof graph.lora | null): Program => {
      const { hidden } = forward(config, params, placeholders(B, T), { computeDtype: 'f32', lora });
      const { lossSum } = supervisedLoss(config, params, hidden, supervised, 'f32', true);
      const loss = mul(lossSum, 1 / golden.lengths.reduce((n, length, i) => n + length - golden.promptLengths[i], 0));
      const scores = logits(config, params, reshape(hidden, [B * T, config.hiddenSize]), 'f32');
      const outputs: Program['outputs'] = { loss, scores };
      const leaves = lora ? gradients(loss, graph.leaves) : [];
      return {
        name: label,
        outputs: { ...outputs, ...Object.fromEntries(leaves.map((leaf, i) => [layout.entries[i].key, leaf])) },
        updates: [],
      };
    };
    const session = model.backend.createSession([program('base', null), program('lora', graph.lora)]);
    session.assign({ ...model.weights });
    session.assign({
      [ADAPTER_VARIABLE]: { shape: [layout.size], dtype: 'f32', data: flattenAdapter(adapter, layout) },
    });
    const { feeds } = batchFeeds(
      goldenRows(golden).map((row) => [row]),
      { rows: B, tokens: T, supervised: N },
    );
    const base = session.run('base', feeds);
    const lora = session.run('lora', feeds);

    // Largest errors observed, both backends, three models: logits 2.4e-6, loss 1.1e-7, gradients 7.9e-6 (relative).
    expect(logitsError(base.scores, golden.tensors['logits.base'], golden.lengths)).toBeLessThan(1e-5);
    expect(logitsError(lora.scores, golden.tensors['logits.lora'], golden.lengths)).toBeLessThan(1e-5);
    expect(Math.abs(base.loss.data[0] / golden.baseLoss - 1)).toBeLessThan(3e-6);
    expect(Math.abs(lora.loss.data[0] / golden.loraLoss - 1)).toBeLessThan(3e-6);
    const compared = layout.entries.map(({ key }) =>
      relativeError(lora[key].data as Float32Array, golden.tensors[`grad.${key}`].data as Float32Array),
    );
    expect(compared).toHaveLength(2 * 7 * config.layers);
    expect(Math.max(...compared)).toBeLessThan(2e-5);
    expect(session.backend).toBe(backendName);
    expect(session.runs).toBe(2);
    session.dispose();
    model.dispose();
  });
});

/** Relative error over the tokens that predict one; ours are [B·(T-1),V], PyTorch's [B,T,V]. */
function logitsError(ours: HostTensor, theirs: HostTensor, lengths: readonly number[]): number {
  const [, T, V] = theirs.shape;
  const pick = (tensor: HostTensor, width: number) =>
    lengths.flatMap((length, b) => Array.from(tensor.data.slice(b * width * V, (b * width + length - 1) * V)));
  return relativeError(pick(ours, T - 1), pick(theirs, T));
}
