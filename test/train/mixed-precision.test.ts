import { describe, expect, it } from 'vitest';
import {
  describe as describeValue,
  type OpName,
  type Program,
  programSignature,
  type Value,
} from '../../src/compute/graph';
import { ADAPTER_VARIABLE, adapterLayout } from '../../src/model/adapters';
import type { ComputeDType } from '../../src/model/families';
import { openModel } from '../../src/model/weights';
import { resolveSftConfig, type SftOverrides } from '../../src/train';
import { lossAndGradients, type SftGraph, stepProgram } from '../../src/train/sft/programs';
import { tinyFolder } from '../support/tiny-models';

const bucket = { rows: 2, tokens: 8, supervised: 16 };

async function graphOf(computeDtype: ComputeDType, overrides: SftOverrides = {}): Promise<SftGraph> {
  const { config: model, close } = await openModel(tinyFolder('tiny-llama'));
  close();
  const { config } = resolveSftConfig(null, { ...overrides, lora: { rank: 2, alpha: 4, ...overrides.lora } });
  return { model, layout: adapterLayout(model, config.lora), computeDtype, config };
}

const valuesOf = (program: Program, op: OpName): Value[] =>
  programSignature(program).values.filter((value) => value.op === op);

const NAMES: ReadonlySet<OpName> = new Set<OpName>([
  'reshape',
  'cast',
  'transpose',
  'barrier',
  'custom',
  'stopGradient',
  'slice',
  'mul',
]);

/** Whether a value is made of an operand of one kind by renaming, casting, cutting and scaling alone. */
function madeOf(value: Value, found: (value: Value) => boolean): boolean {
  const stack = [value];
  while (stack.length > 0) {
    const top = stack.pop()!;
    if (found(top)) return true;
    if (NAMES.has(top.op))
      stack.push(...(top.op === 'barrier' || top.op === 'custom' ? top.inputs.slice(0, 1) : top.inputs));
  }
  return false;
}

const isBaseWeight = (value: Value): boolean =>
  value.op === 'variable' &&
  /(proj|embed_tokens|lm_head)\.weight/.test((value as Value<'variable'>).attrs.name) &&
  (value as Value<'variable'>).attrs.name !== ADAPTER_VARIABLE;

/** Sums of a base weight and a product: an adapter folded into its weight. */
const foldedInto = (program: Program): Value[] =>
  [...valuesOf(program, 'add'), ...valuesOf(program, 'sub')].filter(({ inputs: [a, b] }) =>
    [
      [a, b],
      [b, a],
    ].some(([weight, product]) => madeOf(weight, isBaseWeight) && madeOf(product, ({ op }) => op === 'matmul')),
  );

describe('a bf16 training program', () => {
  it.each([
    ['plain', {}],
    ['with dropout', { lora: { dropout: 0.1 } }],
    ['with recompute', { gradientCheckpointing: true }],
  ] as const)('keeps norms, softmax, loss and the update in f32, and multiplies in bf16: %s', async (_, overrides) => {
    const program = stepProgram(await graphOf('bf16', overrides), bucket);
    for (const op of ['softmax', 'rmsNorm', 'crossEntropy', 'crossEntropyGrad'] as const) {
      const found = valuesOf(program, op);
      expect(found.length).toBeGreaterThan(0);
      expect(
        found.filter(({ dtype, inputs }) => dtype !== 'f32' || inputs[0].dtype !== 'f32').map(describeValue),
      ).toEqual([]);
    }
    const products = valuesOf(program, 'matmul');
    expect(products.length).toBeGreaterThan(30);
    expect(products.filter(({ dtype }) => dtype !== 'bf16').map(describeValue)).toEqual([]);
    expect(program.updates.map(({ value }) => value.dtype)).toEqual(['f32', 'f32', 'f32']);
    expect(program.outputs.loss.dtype).toBe('f32');
  });

  it('carries the residual stream in f32 from layer to layer', async () => {
    const { layerOutputs } = lossAndGradients(await graphOf('bf16'), bucket);
    expect(layerOutputs).toHaveLength(3);
    for (const [i, stream] of layerOutputs.entries()) {
      expect(stream.dtype).toBe('f32');
      // Behind the embedding each is a sum of two f32 values, the stream before and what the layer adds.
      if (i === 0 || i === layerOutputs.length - 1) continue;
      expect([stream.op, ...stream.inputs.map(({ dtype }) => dtype)]).toEqual(['add', 'f32', 'f32']);
    }
  });

  it('never folds an adapter into a weight, where rounding to bf16 would take the update away; f32 programs do fold', async () => {
    expect(foldedInto(stepProgram(await graphOf('f32'), bucket))).toHaveLength(2 * 7);
    for (const overrides of [{}, { lora: { dropout: 0.1 } }, { gradientCheckpointing: true }])
      expect(foldedInto(stepProgram(await graphOf('bf16', overrides), bucket)).map(describeValue)).toEqual([]);
  });
});
