import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  byteSize,
  gradients,
  type HostTensor,
  input,
  mul,
  type Program,
  programSignature,
  reshape,
} from '../../../src/compute/graph';
import {
  ADAPTER_VARIABLE,
  adapterGraph,
  adapterLayout,
  flattenAdapter,
  loadAdapter,
} from '../../../src/model/adapters';
import {
  forward,
  type LoadedModel,
  loadModel,
  logits,
  paramVariables,
  supervisedLoss,
} from '../../../src/model/families';
import { Generator, Scorer } from '../../../src/model/generate';
import { dequantiseNf4, type ModelFiles, openModel, openSafetensors, quantiseNf4 } from '../../../src/model/weights';
import { resolveSftConfig, trainSft } from '../../../src/train';
import { batchFeeds } from '../../../src/train/sft/feeds';
import { lossAndGradients, sftGraph, stepProgram } from '../../../src/train/sft/programs';
import { relativeError } from '../../support/run-values';
import { BACKENDS, goldenRows, tinyFolder, tinyGolden } from '../../support/tiny-models';

const NF4_FOLDER = join(__dirname, '../../golden/tiny-llama-nf4');
const WEIGHT = 'model.layers.1.mlp.up_proj.weight';

/** The files of a model with every projection replaced by what NF4 makes of it. */
function rounded(files: ModelFiles): ModelFiles {
  const { tensors } = files;
  const read = (name: string): HostTensor => {
    const tensor = tensors.read(name);
    if (!/_proj\.weight$/.test(name)) return tensor;
    return { ...tensor, data: dequantiseNf4(quantiseNf4(tensor.data as Float32Array, tensor.shape)) };
  };
  return { ...files, tensors: { ...tensors, read } };
}

/** Logits, loss and all adapter gradients of the golden batch. */
function measure(model: LoadedModel): Record<string, HostTensor> {
  const { config, quantisation } = model;
  const golden = tinyGolden('tiny-llama');
  const adapter = loadAdapter(join(tinyFolder('tiny-llama'), 'adapter'), model);
  const layout = adapterLayout(config, adapter.config);
  const graph = adapterGraph(layout, 'f32');
  const params = paramVariables(config, 'f32', quantisation);
  const [B, T, N] = [golden.ids.length, golden.ids[0].length - 1, 16];
  const place = (name: string) => input(name, [B, T], 'i32');
  const inputs = { tokens: place('tokens'), positions: place('positions'), segments: place('segments') };
  const { hidden } = forward(config, params, inputs, { computeDtype: 'f32', lora: graph.lora });
  const supervised = {
    rows: input('rows', [N], 'i32'),
    targets: input('targets', [N], 'i32'),
    weights: input('weights', [N], 'f32'),
  };
  const { lossSum } = supervisedLoss(config, params, hidden, supervised, 'f32', true);
  const { feeds, supervised: count } = batchFeeds(
    goldenRows(golden).map((row) => [row]),
    { rows: B, tokens: T, supervised: N },
  );
  const loss = mul(lossSum, 1 / count);
  const leaves = gradients(loss, graph.leaves);
  const program: Program = {
    name: 'p',
    outputs: {
      loss,
      scores: logits(config, params, reshape(hidden, [B * T, config.hiddenSize]), 'f32'),
      ...Object.fromEntries(leaves.map((leaf, i) => [layout.entries[i].key, leaf])),
    },
    updates: [],
  };
  const session = model.backend.createSession([program]);
  session.assign({ ...model.weights });
  session.assign({ [ADAPTER_VARIABLE]: { shape: [layout.size], dtype: 'f32', data: flattenAdapter(adapter, layout) } });
  const result = session.run('p', feeds);
  session.dispose();
  return result;
}

describe.each(Object.keys(BACKENDS) as (keyof typeof BACKENDS)[])('QLoRA on %s', (name) => {
  it('is LoRA on the dequantised weights: logits, loss and every gradient', async () => {
    const backend = BACKENDS[name]();
    const files = await openModel(tinyFolder('tiny-llama'));
    const packed = await loadModel(files, { backend, quantisation: 'nf4' });
    const plain = await loadModel(rounded(files), { backend });
    expect(Object.keys(packed.weights)).toContain(`${WEIGHT}.nf4.codes`);
    expect(Object.keys(packed.weights)).not.toContain(WEIGHT);
    const [ours, reference] = [measure(packed), measure(plain)];
    // The same numbers enter the same products; observed 0 on TensorFlow.
    for (const key of Object.keys(reference))
      expect(relativeError(ours[key].data, reference[key].data)).toBeLessThan(2e-6);
    packed.dispose();
    plain.dispose();
    files.close();
  });

  it('on a checkpoint of bitsandbytes gives what PEFT gives on its dequantised weights', async () => {
    const model = await loadModel(NF4_FOLDER, { backend: BACKENDS[name](), quantisation: 'nf4' });
    const golden = openSafetensors(join(NF4_FOLDER, 'golden.safetensors'));
    const result = measure(model);
    const { loraLoss } = JSON.parse(readFileSync(join(NF4_FOLDER, 'golden.json'), 'utf8'));
    expect(Math.abs(result.loss.data[0] / loraLoss - 1)).toBeLessThan(3e-6);
    const grads = golden.names().filter((key) => key.startsWith('grad.'));
    expect(grads).toHaveLength(2 * 7 * model.config.layers);
    for (const key of grads) {
      // Largest error observed: 6e-6.
      const theirs = golden.read(key).data as Float32Array;
      expect(relativeError(result[key.slice('grad.'.length)].data, theirs)).toBeLessThan(2e-5);
    }
    golden.close();
    model.dispose();
  });
});

describe('a base in 4 bits', () => {
  it('is quantised one tensor after the other', async () => {
    const files = await openModel(tinyFolder('tiny-llama'));
    const events: string[] = [];
    const backend = BACKENDS.eager();
    const read = (name: string): HostTensor => {
      events.push(`read ${name}`);
      return files.tensors.read(name);
    };
    const counted: ModelFiles = {
      ...files,
      tensors: { ...files.tensors, read },
    };
    const upload = backend.upload.bind(backend);
    const model = await loadModel(counted, {
      backend: {
        ...backend,
        createSession: backend.createSession.bind(backend),
        upload(...args) {
          events.push('upload');
          return upload(...args);
        },
      },
      quantisation: 'nf4',
    });
    // Each read is followed by the uploads of that tensor, four of a quantised one, before the next.
    const perRead = events
      .join(' ')
      .split('read ')
      .slice(1)
      .map((part) => part.trim().split(' '));
    for (const [tensor, ...uploads] of perRead) expect(uploads).toHaveLength(/_proj\.weight$/.test(tensor) ? 4 : 1);
    expect(perRead).toHaveLength(files.tensors.names().length);
    model.dispose();
    files.close();
  });

  it('is unpacked anew for the backward pass and held at about 4 bits a value', async () => {
    const model = await loadModel(tinyFolder('tiny-llama'), {
      backend: BACKENDS.eager(),
      quantisation: 'nf4',
      computeDtype: 'bf16',
    });
    const { config } = resolveSftConfig('smoke', { baseQuantisation: 'nf4' });
    const bucket = { rows: 2, tokens: 8, supervised: 16 };
    const { lossSum, pieces } = lossAndGradients(sftGraph(model, config), bucket);
    const signature = programSignature({
      name: 'p',
      outputs: { lossSum, ...Object.fromEntries(pieces.map((piece, i) => [`g${i}`, piece])) },
      updates: [],
    });
    const unpacks = signature.values.filter(
      ({ op, inputs, shape }) => op === 'gather' && inputs[0].shape.join() === '256,2' && shape.length === 3,
    );
    const projections = 7 * model.config.layers;
    // Once forward; once backward, but for the first layer's q, k and v, before which there is nothing to train.
    expect(unpacks).toHaveLength(2 * projections - 3);
    const behind = unpacks.filter(({ inputs }) => inputs[1].inputs[0].op === 'barrier' || inputs[0].op === 'barrier');
    // None before its layer is reached: else all layers are unpacked before the first one.
    expect(behind).toHaveLength(unpacks.length);
    const parts = Object.entries(model.weights).filter(([key]) => key.startsWith(`${WEIGHT}.nf4`));
    const bits = (8 * parts.reduce((sum, [, { shape, dtype }]) => sum + byteSize(shape, dtype), 0)) / (24 * 40);
    // A tensor this small fills its 256 scales' block with 15.
    expect(bits).toBeLessThanOrEqual(4 + (8 * 256 + 64) / (24 * 40));
    expect(
      programSignature(stepProgram(sftGraph(model, config), bucket)).variables.map(({ name }) => name),
    ).not.toContain(WEIGHT);
    model.dispose();
  });

  it('generates and scores with an adapter as the dequantised weights do', async () => {
    const files = await openModel(tinyFolder('tiny-llama'));
    const backend = BACKENDS.tensorflow();
    const models = [
      await loadModel(files, { backend, quantisation: 'nf4' }),
      await loadModel(rounded(files), { backend }),
    ];
    const results: { tokens: number[]; logprobs: readonly number[] }[] = [];
    for (const model of models) {
      const adapter = loadAdapter(join(tinyFolder('tiny-llama'), 'adapter'), model);
      const [generator, scorer] = [new Generator(model, adapter), new Scorer(model, adapter)];
      const prompt = Int32Array.of(57, 49, 60, 55);
      const [written] = await generator.generate([{ id: 'a', ids: prompt }], {
        maxNewTokens: 8,
        temperature: 0,
        seed: 1,
      });
      const items = [{ id: 'a', promptIds: prompt, texts: [Int32Array.of(14, 50), Int32Array.of(4, 41, 26)] }];
      const [scored] = await scorer.score(items);
      results.push({ tokens: [...written.tokenIds], logprobs: scored.logprobs });
      generator.dispose();
      scorer.dispose();
      model.dispose();
    }
    expect(results[0].tokens).toEqual(results[1].tokens);
    results[0].logprobs.forEach((logprob, i) => {
      expect(logprob).toBeCloseTo(results[1].logprobs[i], 4);
    });
    files.close();
  });

  it('must be loaded as the run says, both ways', async () => {
    const rows = goldenRows(tinyGolden('tiny-llama'));
    for (const [quantisation, baseQuantisation] of [
      ['nf4', 'none'],
      ['none', 'nf4'],
    ] as const) {
      const model = await loadModel(tinyFolder('tiny-llama'), { backend: BACKENDS.eager(), quantisation });
      const { config } = resolveSftConfig('smoke', { baseQuantisation });
      await expect(trainSft({ model, examples: rows, config, seed: 1 })).rejects.toThrow(
        `Load it with { quantisation: '${baseQuantisation}' }`,
      );
      model.dispose();
    }
  });
});
