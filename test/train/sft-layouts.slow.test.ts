import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../src/compute/backends';
import { AbortedError, MachineError, NumericError, RandomStream } from '../../src/core';
import { type Adapter, adapterLayout, flattenAdapter, initAdapter } from '../../src/model/adapters';
import type { LoadedModel } from '../../src/model/families';
import {
  estimateSft,
  loadCheckpoint,
  resolveSftConfig,
  type SftExample,
  type SftOverrides,
  type SftResult,
  trainSft,
} from '../../src/train';
import { batchFeeds } from '../../src/train/sft/feeds';
import { sftMemory } from '../../src/train/sft/memory';
import { planSft } from '../../src/train/sft/plan';
import { evalProgram, sftGraph } from '../../src/train/sft/programs';
import { relativeError } from '../support/run-values';
import { raggedRows, weightsOf } from '../support/sft-rows';
import { loadTiny } from '../support/tiny-models';

const tiny = (overrides: SftOverrides = {}) =>
  resolveSftConfig(null, {
    learningRate: 5e-3,
    warmupSteps: 0,
    batchSize: 6,
    checkpointEvery: 0,
    ...overrides,
    lora: { rank: 4, alpha: 8, ...overrides.lora },
  }).config;

let model: LoadedModel;
beforeAll(async () => {
  model = await loadTiny('tiny-llama', tensorflowBackend());
});
afterAll(() => model.dispose());

/** An adapter with B ≠ 0, so that every gradient is there. */
function filledAdapter(): Adapter {
  const adapter = initAdapter(model.config, tiny().lora, new RandomStream(4));
  const random = new RandomStream(5);
  const tensors = Object.fromEntries(
    Object.entries(adapter.tensors).map(([key, tensor]) => [
      key,
      { ...tensor, data: Float32Array.from(tensor.data, () => random.uniform() * 0.4 - 0.2) },
    ]),
  );
  return { ...adapter, tensors };
}

describe('layouts of a batch', () => {
  it('padded, grouped by length and packed give the same loss and gradient on the same tokens', async () => {
    // One window holds all rows: the step is the same, only its layout differs.
    const examples = raggedRows(12);
    const layouts: SftOverrides[] = [
      { groupByLength: false },
      { groupByLength: true },
      { packing: true },
      { packing: true, packedTokens: 40, groupByLength: false },
      { packing: true, batchSize: 4, accumulation: 3 },
    ];
    const runs: SftResult[] = [];
    for (const overrides of layouts)
      runs.push(
        await trainSft({
          model,
          examples,
          config: tiny({ batchSize: 12, epochs: 3, ...overrides }),
          seed: 2,
          start: filledAdapter(),
        }),
      );
    expect(runs.map(({ steps }) => steps)).toEqual([3, 3, 3, 3, 3]);
    for (const run of runs.slice(1)) {
      run.metrics.forEach((metrics, i) => {
        // Observed 1.1e-7 in both.
        expect(Math.abs(metrics.loss! / runs[0].metrics[i].loss! - 1)).toBeLessThan(2e-6);
        expect(Math.abs(metrics.gradNorm! / runs[0].metrics[i].gradNorm! - 1)).toBeLessThan(2e-6);
        expect([metrics.tokens, metrics.supervisedTokens]).toEqual([
          runs[0].metrics[i].tokens,
          runs[0].metrics[i].supervisedTokens,
        ]);
      });
      expect(relativeError(weightsOf(run.adapter), weightsOf(runs[0].adapter))).toBeLessThan(1e-5);
    }
    expect(runs[3].paddingShare).toBeLessThan(runs[0].paddingShare);
  });

  it('an example in a packed row never sees another: changing two of three leaves the loss of the third, bit for bit', () => {
    const graph = sftGraph(model, tiny());
    const bucket = { rows: 1, tokens: 32, supervised: 32 };
    const program = evalProgram(graph, bucket);
    const session = model.backend.createSession([program]);
    session.assign({ ...model.weights });
    const flat = flattenAdapter(filledAdapter(), graph.layout);
    session.assign({ adapter: { shape: [flat.length], dtype: 'f32', data: flat } });
    const rows = [11, 9, 8].map((length, i) => ({
      id: `r${i}`,
      ids: Int32Array.from({ length }, (_, t) => 4 + ((t * 7 + i * 13) % 60)),
      promptLength: 3,
    }));
    const start = [0, 10, 18];
    const end = [10, 18, 25];
    /** The loss of one example where all three lie in one row. */
    const lossOf = (examples: readonly SftExample[], heard: number): number => {
      const { feeds } = batchFeeds([examples], bucket);
      const weights = Float32Array.from(feeds.weights.data, (weight, n) =>
        feeds.rows.data[n] >= start[heard] && feeds.rows.data[n] < end[heard] ? weight : 0,
      );
      expect(weights.filter((weight) => weight > 0)).toHaveLength(examples[heard].ids.length - 3);
      return session.run(program.name, { ...feeds, weights: { ...feeds.weights, data: weights } }).lossSum.data[0];
    };
    for (const heard of [0, 1, 2]) {
      const others = rows.map((row, i) =>
        i === heard ? row : { ...row, ids: row.ids.map((id) => 4 + ((id + 21) % 60)) },
      );
      expect(lossOf(others, heard)).toBe(lossOf(rows, heard));
      expect(lossOf(others, (heard + 1) % 3)).not.toBe(lossOf(rows, (heard + 1) % 3));
    }
    session.dispose();
  });

  it('report the share of padded places, and packing has less of it', async () => {
    const examples = raggedRows(24);
    const shares = [];
    for (const packing of [false, true]) {
      const config = tiny({ packing, groupByLength: false, batchSize: 8 });
      const { paddingShare, paddedTokens, tokens } = await estimateSft({ model, examples, config, seed: 1 });
      expect(paddingShare).toBeCloseTo(1 - (tokens - examples.length) / paddedTokens, 12);
      shares.push(paddingShare);
    }
    expect(shares[1]).toBeLessThan(shares[0]);
  });
});

describe('8-bit moments in a run', () => {
  it('interrupted and resumed give bit for bit what one run gives', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'mstlab-sft8-'));
    // Rank 200 makes every tensor larger than the 4,096 elements under which moments stay f32.
    const config = tiny({
      optimiser: 'adamw8bit',
      epochs: 4,
      maxSteps: 8,
      lora: { rank: 200, alpha: 200, dropout: 0.1 },
    });
    const examples = raggedRows(11);
    const whole = await trainSft({ model, examples, config, seed: 3 });
    const controller = new AbortController();
    const stopped = trainSft({
      model,
      examples,
      config,
      seed: 3,
      dir,
      signal: controller.signal,
      onProgress: ({ done }) => done === 4 && controller.abort(),
    });
    await expect(stopped).rejects.toThrow(AbortedError);
    const saved = loadCheckpoint(dir)!.tensors;
    expect(saved['adamw8bit.m.codes'].dtype).toBe('u8');
    const resumed = await trainSft({ model, examples, config, seed: 3, dir });
    expect(weightsOf(resumed.adapter)).toEqual(weightsOf(whole.adapter));
    expect(resumed.metrics.map(({ loss, gradNorm }) => [loss, gradNorm])).toEqual(
      whole.metrics.map(({ loss, gradNorm }) => [loss, gradNorm]),
    );
    rmSync(dir, { recursive: true, force: true });
  });

  it('train as f32 moments do', async () => {
    const examples = raggedRows(8);
    const [full, eight] = [
      await trainSft({ model, examples, config: tiny({ epochs: 12, lora: { rank: 200, alpha: 200 } }), seed: 1 }),
      await trainSft({
        model,
        examples,
        config: tiny({ epochs: 12, optimiser: 'adamw8bit', lora: { rank: 200, alpha: 200 } }),
        seed: 1,
      }),
    ];
    const fallen = full.metrics[0].loss! - full.metrics.at(-1)!.loss!;
    expect(fallen).toBeGreaterThan(0.5);
    const apart = full.metrics.map((metrics, i) => Math.abs(metrics.loss! - eight.metrics[i].loss!));
    // Observed: 0.2% of the way that the loss falls.
    expect(Math.max(...apart)).toBeLessThan(0.02 * fallen);
  });
});

describe('a run that cannot go on', () => {
  const broken = async (name: string, value: number): Promise<LoadedModel> => {
    const tensor = model.files.tensors.read(name);
    const data = Float32Array.from(tensor.data);
    data[7] = value;
    return { ...model, weights: { ...model.weights, [name]: model.backend.upload({ ...tensor, dtype: 'f32', data }) } };
  };

  it.each([
    ['model.layers.1.mlp.up_proj.weight', Number.NaN, 'model.layers.1'],
    ['model.layers.0.self_attn.o_proj.weight', Number.POSITIVE_INFINITY, 'model.layers.0'],
  ])('names the layer and the weight that broke it: %s holding %s', async (name, value, layer) => {
    const run = trainSft({
      model: await broken(name, value),
      examples: raggedRows(8),
      config: tiny({ epochs: 20 }),
      seed: 1,
    });
    await expect(run).rejects.toThrow(NumericError);
    await expect(run).rejects.toThrow(`${name} itself holds NaN or infinity`);
    await expect(run).rejects.toThrow(`leaves the finite numbers in ${layer};`);
    await expect(run).rejects.toThrow('the loss is not finite either');
  });

  it('names the first gradient on the way back where the loss is finite', async () => {
    // B of one projection of layer 0 is so large that its gradient's product overflows while the loss stays finite.
    const layout = adapterLayout(model.config, tiny().lora);
    const start = filledAdapter();
    const key = layout.entries.find(
      ({ layer, part, projection }) => layer === 0 && part === 'A' && projection === 'v_proj',
    )!.key;
    const tensors = {
      ...start.tensors,
      [key]: { ...start.tensors[key], data: Float32Array.from(start.tensors[key].data, () => 1e30) },
      [key.replace('lora_A', 'lora_B')]: {
        ...start.tensors[key.replace('lora_A', 'lora_B')],
        data: Float32Array.from(start.tensors[key.replace('lora_A', 'lora_B')].data, () => 1e-30),
      },
    };
    const run = trainSft({
      model,
      examples: raggedRows(8),
      config: tiny({ epochs: 20 }),
      seed: 1,
      start: { ...start, tensors },
    });
    await expect(run).rejects.toThrow(
      /the loss is finite; the first gradient on the way back that is not is base_model\.model\.model\.layers\.0\.self_attn\.v_proj\.lora_B\.weight/,
    );
  });

  it('counts the steps that it skipped', async () => {
    const result = await trainSft({ model, examples: raggedRows(8), config: tiny({ epochs: 2 }), seed: 1 });
    expect(result.skippedSteps).toBe(0);
  });

  it('is refused before it begins where memory does not suffice, with what would fit and nothing else', async () => {
    const examples = raggedRows(512);
    const config = tiny({ batchSize: 256, groupByLength: false, maxSteps: 1 });
    const memoryOf = (overrides: SftOverrides) => {
      const changed = tiny({ ...config, ...overrides });
      return sftMemory(model, changed, planSft(examples, changed, new RandomStream(1).fork('order')));
    };
    const [plain, recomputed] = [memoryOf({}), memoryOf({ gradientCheckpointing: true })];
    expect(recomputed.activations).toBeLessThan(0.7 * plain.activations);
    const between = (plain.total + recomputed.total) / 2;
    const run = (deviceBytes: number, more: object = {}) =>
      trainSft({ model, examples, config, seed: 1, deviceBytes, ...more });
    await expect(run(between)).rejects.toThrow(MachineError);
    await expect(run(between)).rejects.toThrow(
      /must fit into memory, got \d+ MB to take and \d+ MB on the GPU.*It would fit with gradientCheckpointing: true; or with batchSize: 128, accumulation: 2\. ignoreMemory/,
    );
    await expect(run(1e6)).rejects.toThrow('No setting of batch, length, recompute, moments or base makes it fit');
    const free = { bytes: 0, limit: 'control group' } as const;
    await expect(trainSft({ model, examples, config, seed: 1, free })).rejects.toThrow('free (control group)');
    await expect(estimateSft({ model, examples, config, seed: 1, free })).rejects.toThrow(MachineError);
    expect((await run(between, { ignoreMemory: true })).steps).toBe(1);
    // What is proposed does fit.
    const proposed = tiny({ ...config, batchSize: 128, accumulation: 2 });
    expect((await trainSft({ model, examples, config: proposed, seed: 1, deviceBytes: between })).steps).toBe(1);
  });

  it('says per step how much memory this process held at most', async () => {
    const { metrics } = await trainSft({ model, examples: raggedRows(8), config: tiny(), seed: 1 });
    const residentMb = process.memoryUsage.rss() / 1e6;
    for (const { peakMemoryMb } of metrics) {
      expect(peakMemoryMb).toBeGreaterThan(0.5 * residentMb);
      expect(peakMemoryMb).toBeLessThan(4 * residentMb);
    }
  });
});
