import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../../src/compute/backends';
import { constant, gradients, type HostTensor, input, type Program, square, sum } from '../../../src/compute/graph';
import { RandomStream } from '../../../src/core';
import {
  ADAPTER_VARIABLE,
  type Adapter,
  adapterGraph,
  adapterLayout,
  flattenAdapter,
  initAdapter,
  loadAdapter,
  mergeProgram,
  resolveLoraConfig,
} from '../../../src/model/adapters';
import { forward, type LoadedModel, type LoraInput, paramVariables } from '../../../src/model/families';
import { relativeError } from '../../support/run-values';
import { loadTiny, tinyFolder } from '../../support/tiny-models';

const [B, T] = [2, 3];
const tokens: HostTensor = { shape: [B, T], dtype: 'i32', data: Int32Array.of(5, 9, 17, 33, 8, 60) };
const FEEDS: Record<string, HostTensor> = {
  tokens,
  positions: { ...tokens, data: Int32Array.of(0, 1, 2, 0, 1, 2) },
  segments: { ...tokens, data: new Int32Array(B * T).fill(1) },
};

describe('the forms of an adapter', () => {
  let model: LoadedModel;
  let golden: Adapter;

  beforeAll(async () => {
    model = await loadTiny('tiny-llama', tensorflowBackend());
    golden = loadAdapter(join(tinyFolder('tiny-llama'), 'adapter'), model);
  });
  afterAll(() => model.dispose());

  const hidden = (lora: LoraInput | null) => {
    const place = (name: string) => input(name, [B, T], 'i32');
    const inputs = { tokens: place('tokens'), positions: place('positions'), segments: place('segments') };
    return forward(model.config, paramVariables(model.config, 'f32'), inputs, { computeDtype: 'f32', lora }).hidden;
  };
  const run = (programs: readonly Program[], names: readonly string[], adapter: Adapter) => {
    const session = model.backend.createSession(programs);
    session.assign({ ...model.weights });
    const flat = flattenAdapter(adapter, adapterLayout(model.config, adapter.config));
    session.assign({ [ADAPTER_VARIABLE]: { shape: [flat.length], dtype: 'f32', data: flat } });
    const results = names.map((name) => session.run(name, name === 'merge' ? {} : FEEDS));
    session.dispose();
    return results;
  };

  it('leave the outputs as they are when fresh', () => {
    const config = resolveLoraConfig({ rank: 3, alpha: 6, targets: ['q_proj', 'v_proj', 'down_proj'] });
    const fresh = initAdapter(model.config, config, new RandomStream(1));
    const { lora } = adapterGraph(adapterLayout(model.config, config), 'f32');
    const outputs = { base: hidden(null), fresh: hidden(lora) };
    const [result] = run([{ name: 'both', outputs, updates: [] }], ['both'], fresh);
    expect(result.fresh.data).toEqual(result.base.data);
  });

  it('fold into one product that equals the two paths, gradients too', () => {
    const layout = adapterLayout(model.config, golden.config);
    const graph = adapterGraph(layout, 'f32');
    // A dropout so rare that this seed drops nothing forces the two-path form.
    const apart: LoraInput = {
      ...graph.lora,
      dropout: { rate: 1e-9, seed: constant(Int32Array.of(3, 4), [2], 'i32') },
    };
    const program = (name: string, lora: LoraInput): Program => {
      const y = hidden(lora);
      const leaves = gradients(sum(square(y)), graph.leaves);
      return { name, outputs: { y, ...Object.fromEntries(leaves.map((leaf, i) => [String(i), leaf])) }, updates: [] };
    };
    const [folded, paths] = run([program('folded', graph.lora), program('paths', apart)], ['folded', 'paths'], golden);
    for (const key of Object.keys(folded))
      expect(relativeError(folded[key].data as Float32Array, paths[key].data as Float32Array)).toBeLessThan(2e-5);
  });

  it('merge into the weights of one session and no other', () => {
    const layout = adapterLayout(model.config, golden.config);
    const { lora } = adapterGraph(layout, 'f32');
    const programs: Program[] = [
      { name: 'adapted', outputs: { y: hidden(lora) }, updates: [] },
      { name: 'plain', outputs: { y: hidden(null) }, updates: [] },
      mergeProgram(model.config, layout, 'f32'),
    ];
    const [before, adapted, , merged] = run(programs, ['plain', 'adapted', 'merge', 'plain'], golden);
    expect(relativeError(merged.y.data as Float32Array, adapted.y.data as Float32Array)).toBeLessThan(5e-6);
    const [elsewhere] = run(programs, ['plain'], golden);
    expect(elsewhere.y.data).toEqual(before.y.data);
  });

  it('drop other inputs for another seed, the same for the same', () => {
    const config = { ...golden.config, dropout: 0.5 };
    const layout = adapterLayout(model.config, config);
    const { lora } = adapterGraph(layout, 'f32', input('seed', [2], 'i32'));
    const session = model.backend.createSession([{ name: 'y', outputs: { y: hidden(lora) }, updates: [] }]);
    session.assign({ ...model.weights });
    const flat = flattenAdapter(golden, layout);
    session.assign({ [ADAPTER_VARIABLE]: { shape: [flat.length], dtype: 'f32', data: flat } });
    const y = (seed: number) =>
      session.run('y', { ...FEEDS, seed: { shape: [2], dtype: 'i32', data: Int32Array.of(seed, 1) } }).y.data;
    const first = y(1);
    expect(y(1)).toEqual(first);
    expect(y(2)).not.toEqual(first);
    session.dispose();
  });
});
