import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eagerBackend, tensorflowBackend } from '../../../src/compute/backends';
import { type HostTensor, input, type Program, reshape } from '../../../src/compute/graph';
import {
  ADAPTER_VARIABLE,
  adapterGraph,
  adapterLayout,
  flattenAdapter,
  loadAdapter,
} from '../../../src/model/adapters';
import { forward, logits, paramVariables } from '../../../src/model/families';
import { relativeError } from '../../support/run-values';
import { loadTiny, tinyFolder } from '../../support/tiny-models';

const [B, T] = [2, 3];
const tokens: HostTensor = { shape: [B, T], dtype: 'i32', data: Int32Array.of(5, 9, 17, 33, 8, 60) };
const FEEDS = {
  tokens,
  positions: { ...tokens, data: Int32Array.of(0, 1, 2, 0, 1, 2) },
  segments: { ...tokens, data: new Int32Array(B * T).fill(1) },
};

it.each([
  ['tensorflow', 'f32', 1e-5],
  // Two orders of rounding in bf16; observed 0.08.
  ['tensorflow', 'bf16', 0.2],
  ['eager', 'f32', 1e-5],
] as const)(
  'constant weights give what others give, with an adapter and without: %s, %s',
  async (name, dtype, limit) => {
    const model = await loadTiny('tiny-qwen2', name === 'eager' ? eagerBackend() : tensorflowBackend(), dtype);
    const { config, computeDtype } = model;
    const adapter = loadAdapter(join(tinyFolder('tiny-qwen2'), 'adapter'), model);
    const layout = adapterLayout(config, adapter.config);
    const params = paramVariables(config, computeDtype);
    const place = (of: string) => input(of, [B, T], 'i32');
    const program = (label: string, adapted: boolean, constantWeights: boolean): Program => {
      const { hidden } = forward(
        config,
        params,
        { tokens: place('tokens'), positions: place('positions'), segments: place('segments') },
        { computeDtype, lora: adapted ? adapterGraph(layout, computeDtype).lora : null, constantWeights },
      );
      return {
        name: label,
        outputs: {
          scores: logits(config, params, reshape(hidden, [B * T, config.hiddenSize]), computeDtype, constantWeights),
        },
        updates: [],
      };
    };
    const programs = [true, false].flatMap((adapted) =>
      [true, false].map((constant) => program(`${adapted} ${constant}`, adapted, constant)),
    );
    const session = model.backend.createSession(programs);
    session.assign({ ...model.weights });
    session.assign({
      [ADAPTER_VARIABLE]: { shape: [layout.size], dtype: 'f32', data: flattenAdapter(adapter, layout) },
    });
    for (const adapted of [true, false]) {
      const [constant, plain] = [true, false].map((c) => session.run(`${adapted} ${c}`, FEEDS).scores.data);
      expect(relativeError(constant, plain)).toBeLessThan(limit);
    }
    const [with_, without] = [true, false].map((adapted) => session.run(`${adapted} true`, FEEDS).scores.data);
    expect(relativeError(with_, without)).toBeGreaterThan(0.1);
    expect(() => session.assign({ ...model.weights })).toThrow(/constant operands/);
    session.dispose();
    model.dispose();
  },
);
