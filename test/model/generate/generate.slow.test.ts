import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostTensor, input, type Program, reshape } from '../../../src/compute/graph';
import { AbortedError, ConfigError, RandomStream } from '../../../src/core';
import { type Adapter, initAdapter, resolveLoraConfig } from '../../../src/model/adapters';
import { forward, type LoadedModel, logits, paramVariables } from '../../../src/model/families';
import {
  type Completion,
  Generator,
  generate,
  type SamplingRule,
  Scorer,
  sampleToken,
  scoreTexts,
} from '../../../src/model/generate';
import { BACKENDS, loadTiny, TINY_MODELS } from '../../support/tiny-models';

const backend = BACKENDS.tensorflow();

/** Prompts of unequal length from ids that every tiny model has. */
function promptsFor(model: LoadedModel, count: number) {
  const stream = new RandomStream('prompts');
  return Array.from({ length: count }, (_, i) => ({
    id: `p${i}`,
    ids: Int32Array.from({ length: 3 + ((5 * i) % 11) }, () => stream.below(model.config.vocabSize)),
  }));
}

/** The likeliest next token and log-probabilities of a whole sequence, without any cache. */
function wholePass(model: LoadedModel, T: number) {
  const { config, computeDtype } = model;
  const params = paramVariables(config, computeDtype);
  const grid = (name: string) => input(name, [1, T], 'i32');
  const inputs = { tokens: grid('tokens'), positions: grid('positions'), segments: grid('segments') };
  const { hidden } = forward(config, params, inputs, { computeDtype });
  const scores = logits(config, params, reshape(hidden, [T, config.hiddenSize]), computeDtype);
  const program: Program = { name: 'whole', outputs: { scores }, updates: [] };
  const session = model.backend.createSession([program]);
  session.assign(model.weights);
  const range = Int32Array.from({ length: T }, (_, i) => i);
  return (ids: ArrayLike<number>, at: number) => {
    const tokens = new Int32Array(T);
    tokens.set(Array.from(ids));
    const feeds = {
      tokens: hostTensor(tokens, [1, T], 'i32'),
      positions: hostTensor(range, [1, T], 'i32'),
      segments: hostTensor(new Int32Array(T).fill(1), [1, T], 'i32'),
    };
    const { data } = session.run('whole', feeds).scores;
    const row = (data as Float32Array).subarray(at * config.vocabSize, (at + 1) * config.vocabSize);
    const top = Math.max(...row);
    const logSum = top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0));
    return { best: row.indexOf(top), logprobs: row.map((x) => x - logSum) };
  };
}

describe.each(TINY_MODELS)('generation with %s', (name) => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await loadTiny(name, backend);
  });
  afterAll(() => model.dispose());

  it('writes greedily, for unequal prompts side by side, what whole passes without a cache give', async () => {
    const prompts = promptsFor(model, 3);
    const completions = await generate(model, null, prompts, { maxNewTokens: 6, temperature: 0 });
    const next = wholePass(model, 24);
    for (const [i, { ids }] of prompts.entries()) {
      const sequence = [...ids];
      let logprob = 0;
      for (let step = 0; step < 6; step++) {
        const { best, logprobs } = next(sequence, sequence.length - 1);
        logprob += logprobs[best];
        if (model.tokenizer.stopTokenIds.has(best)) break;
        sequence.push(best);
      }
      expect([...completions[i].tokenIds]).toEqual(sequence.slice(ids.length));
      // Observed under 2e-6.
      expect(completions[i].logprob).toBeCloseTo(logprob, 4);
    }
  });

  it('draws the same completion for a prompt whatever stands in its batch', async () => {
    const prompts = promptsFor(model, 5);
    const options = { maxNewTokens: 8, temperature: 1, seed: 'draws' };
    const [alone, pairs, all] = [1, 2, 5].map((batchSize) => generate(model, null, prompts, { ...options, batchSize }));
    const backwards = await generate(model, null, [...prompts].reverse(), options);
    expect(await pairs).toEqual((await alone).map((c) => ({ ...c, logprob: expect.closeTo(c.logprob, 3) })));
    expect((await all).map(({ tokenIds }) => tokenIds)).toEqual((await alone).map(({ tokenIds }) => tokenIds));
    expect(backwards.map(({ id, tokenIds }) => ({ id, tokenIds })).reverse()).toEqual(
      (await all).map(({ id, tokenIds }) => ({ id, tokenIds })),
    );
    const other = await generate(model, null, prompts, { ...options, seed: 'others' });
    expect(other.map(({ tokenIds }) => tokenIds)).not.toEqual((await all).map(({ tokenIds }) => tokenIds));
  });

  it('scores a completion as it was written, and packed texts as one by one', async () => {
    const prompts = promptsFor(model, 3);
    const written = await generate(model, null, prompts, { maxNewTokens: 7, temperature: 1, topK: 20, seed: 3 });
    const cut = written.filter(({ truncated }) => truncated);
    expect(cut.length).toBeGreaterThan(0);
    const promptOf = new Map(prompts.map(({ id, ids }) => [id, ids]));
    const packed = await scoreTexts(
      model,
      null,
      prompts.map(({ id, ids }) => ({ id, promptIds: ids, texts: cut.map(({ tokenIds }) => tokenIds) })),
    );
    const single = await scoreTexts(
      model,
      null,
      prompts.flatMap(({ id, ids }) =>
        cut.map(({ tokenIds }, k) => ({ id: `${id}/${k}`, promptIds: ids, texts: [tokenIds] })),
      ),
    );
    // Observed under 1e-5.
    expect(packed.flatMap(({ logprobs }) => logprobs)).toEqual(
      single.map(({ logprobs }) => expect.closeTo(logprobs[0], 3)),
    );
    for (const [k, { id, logprob }] of cut.entries()) {
      expect(promptOf.has(id)).toBe(true);
      expect(packed.find((item) => item.id === id)!.logprobs[k]).toBeCloseTo(logprob, 3);
    }
  });
});

describe('generate', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await loadTiny('tiny-llama', backend);
  });
  afterAll(() => model.dispose());

  it('ends at any stop token, leaves it out, and says where the length ended it', async () => {
    const prompts = promptsFor(model, 4);
    const stoppingAt = (...ids: number[]) => ({
      ...model,
      tokenizer: { ...model.tokenizer, stopTokenIds: new Set(ids) },
    });
    const options = { maxNewTokens: 6, temperature: 1, seed: 5 };
    const free = await generate(stoppingAt(), null, prompts, options);
    expect(free.every(({ truncated, tokenIds }) => truncated && tokenIds.length === 6)).toBe(true);
    const stop = free[0].tokenIds[2];
    const stopped = await generate(stoppingAt(stop, 1_000_000), null, prompts, options);
    free.forEach(({ tokenIds }, i) => {
      const end = tokenIds.indexOf(stop);
      expect(stopped[i].tokenIds).toEqual(end < 0 ? tokenIds : tokenIds.slice(0, end));
      expect(stopped[i].truncated).toBe(end < 0);
    });
  });

  it('writes with an adapter as the model does with a fresh one, and differently with a trained one', async () => {
    const config = resolveLoraConfig({ rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] });
    const fresh = initAdapter(model.config, config, new RandomStream('adapter'));
    const trained = {
      ...fresh,
      tensors: Object.fromEntries(
        Object.entries(fresh.tensors).map(([key, t]) => [
          key,
          { ...t, data: Float32Array.from(t.data, (_, i) => Math.sin(i)) },
        ]),
      ),
    };
    const prompts = promptsFor(model, 2);
    const options = { maxNewTokens: 5, temperature: 0 };
    const base = await generate(model, null, prompts, options);
    expect(await generate(model, fresh, prompts, options)).toEqual(base);
    const moved = await generate(model, trained, prompts, options);
    expect(moved.map(({ logprob }) => logprob)).not.toEqual(base.map(({ logprob }) => logprob));
    expect(await generate(model, null, prompts, options)).toEqual(base);
  });

  it('gives the same completions from a kept generator, call after call, and leaves nothing behind', async () => {
    const { addon } = backend as unknown as { addon: { getNumOfTensors(): number; getNumOfSavedModels(): number } };
    const counts = () => [addon.getNumOfTensors(), addon.getNumOfSavedModels()];
    const before = counts();
    const generator = new Generator(model, null);
    const prompts = promptsFor(model, 3);
    const options = { maxNewTokens: 5, temperature: 1, topP: 0.9 };
    const first = await generator.generate(prompts, options);
    await generator.generate(prompts.slice(1), { ...options, seed: 9 });
    expect(await generator.generate(prompts, options)).toEqual(first);
    generator.dispose();
    const scorer = new Scorer(model, null);
    await scorer.score([{ id: 'a', promptIds: prompts[0].ids, texts: [prompts[1].ids] }]);
    scorer.dispose();
    expect(counts()).toEqual(before);
  });

  it('keeps the programs of a scorer for later calls of similar texts, and its scores do not depend on them', async () => {
    const { addon } = backend as unknown as { addon: { getNumOfSavedModels(): number } };
    const [a, b, c] = promptsFor(model, 3).map(({ ids }) => ids);
    const scorer = new Scorer(model, null);
    const first = await scorer.score([{ id: 'x', promptIds: a, texts: [b, c] }]);
    const models = addon.getNumOfSavedModels();
    await scorer.score([{ id: 'y', promptIds: b, texts: [a] }]);
    expect(addon.getNumOfSavedModels()).toBe(models);
    const many = Array.from({ length: 9 }, (_, i) => ({ id: `${i}`, promptIds: a, texts: [b, c] }));
    const scored = await scorer.score(many);
    expect(addon.getNumOfSavedModels()).toBe(models + 1);
    for (const { logprobs } of scored) expect(logprobs).toEqual(first[0].logprobs.map((x) => expect.closeTo(x, 3)));
    expect((await scorer.score([{ id: 'x', promptIds: a, texts: [b, c] }]))[0].logprobs).toEqual(first[0].logprobs);
    scorer.dispose();
  });

  it('reports progress and each finished batch, and stops between two runs when asked', async () => {
    const prompts = promptsFor(model, 3);
    const done: number[] = [];
    const batches: string[][] = [];
    await generate(model, null, prompts, {
      maxNewTokens: 3,
      temperature: 0,
      batchSize: 2,
      onProgress: (progress) => done.push(progress.done),
      onBatch: (completions) => batches.push(completions.map(({ id }) => id)),
    });
    expect(done.at(-1)).toBe(3);
    expect(batches.map(({ length }) => length)).toEqual([2, 1]);
    const controller = new AbortController();
    const stopped = generate(model, null, prompts, {
      maxNewTokens: 3,
      temperature: 0,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(stopped).rejects.toThrow(AbortedError);
  });

  it('refuses bad settings and prompts', async () => {
    const [prompt] = promptsFor(model, 1);
    const options = { maxNewTokens: 3, temperature: 0 };
    const refused = (prompts: Parameters<typeof generate>[2], changed: object, message: RegExp) =>
      Promise.all([
        expect(generate(model, null, prompts, { ...options, ...changed })).rejects.toThrow(ConfigError),
        expect(generate(model, null, prompts, { ...options, ...changed })).rejects.toThrow(message),
      ]);
    await refused([prompt], { temperature: -1, topP: 2 }, /temperature.*topP/);
    await refused([prompt, prompt], {}, /"p0" twice/);
    await refused([{ id: 'e', ids: new Int32Array(0) }], {}, /must have tokens/);
    await refused([{ id: 'v', ids: Int32Array.of(model.config.vocabSize) }], {}, /token ids must be 0 to/);
    await refused([prompt], { maxNewTokens: 1_000_000 }, /must fit/);
    expect(await generate(model, null, [], options)).toEqual([]);
  });
});

describe('generation on the eager backend', () => {
  it('writes what TensorFlow writes', async () => {
    const [eager, tensorflow] = [await loadTiny('tiny-llama', BACKENDS.eager()), await loadTiny('tiny-llama', backend)];
    expect([eager.backend.name, tensorflow.backend.name]).toEqual(['eager', 'tensorflow']);
    const options = { maxNewTokens: 4, temperature: 1, seed: 1 };
    const [a, b] = [eager, tensorflow].map((model) => generate(model, null, promptsFor(model, 2), options));
    expect((await a).map(({ tokenIds }) => tokenIds)).toEqual((await b).map(({ tokenIds }) => tokenIds));
    eager.dispose();
    tensorflow.dispose();
  });
});

describe('one generator for many prompts', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await loadTiny('tiny-qwen3', backend);
  });
  afterAll(() => model.dispose());

  const stoppingAt = (ids: readonly number[]): LoadedModel => ({
    ...model,
    tokenizer: { ...model.tokenizer, stopTokenIds: new Set(ids) },
  });
  const tokensOf = (completions: readonly { tokenIds: Int32Array }[]) =>
    completions.map(({ tokenIds }) => [...tokenIds]);

  const RULES: SamplingRule[] = [
    { temperature: 0.7 },
    { temperature: 2 },
    { temperature: 1, topK: 5 },
    { temperature: 1, topP: 0.8 },
    { temperature: 1.3, topK: 20, topP: 0.9 },
  ];

  // With 3 candidates most draws reach past them, leave the loop, and are the host's.
  it.each([3, 128])(
    'draws in the graph among %i candidates, token for token, what whole passes and the host sampler give',
    async (most) => {
      const prompts = promptsFor(model, 3);
      const next = wholePass(model, 32);
      for (const rule of RULES) {
        const generator = new Generator(stoppingAt([]), null, most);
        const drawn = await generator.generate(prompts, { ...rule, maxNewTokens: 12, seed: 'law' });
        generator.dispose();
        const count = Math.max(most, rule.topK ?? 0);
        for (const [p, { id, ids }] of prompts.entries()) {
          const stream = new RandomStream('law').fork('sampling').fork(id);
          const sequence = [...ids];
          let logprob = 0;
          for (let i = 0; i < 12; i++) {
            const { logprobs } = next(sequence, sequence.length - 1);
            const order = [...logprobs.keys()].sort((a, b) => logprobs[b] - logprobs[a]).slice(0, count);
            const candidates = {
              ids: Int32Array.from(order),
              logits: Float32Array.from(order, (token) => logprobs[token]),
              logNormalizer: Math.log(logprobs.reduce((sum, x) => sum + Math.exp(x / rule.temperature), 0)),
            };
            const token = sampleToken(candidates, rule, stream.uniform(), () => logprobs);
            logprob += logprobs[token];
            sequence.push(token);
          }
          expect({ rule, ids: [...drawn[p].tokenIds] }).toEqual({ rule, ids: sequence.slice(ids.length) });
          // Observed under 1e-5.
          expect(drawn[p].logprob).toBeCloseTo(logprob, 3);
        }
      }
    },
  );

  it('gives the row of an ended completion to the next prompt, and changes no completion by that', async () => {
    const prompts = promptsFor(model, 9);
    const stopping = stoppingAt([1, 2, 3, 4, 5, 6]);
    const options = { maxNewTokens: 40, temperature: 1, seed: 'refill' };
    const alone = await generate(stopping, null, prompts, { ...options, batchSize: 1 });
    const delivered: string[] = [];
    let steps = 0;
    const refilled = await generate(stopping, null, prompts, {
      ...options,
      batchSize: 2,
      onBatch: (completions) => delivered.push(...completions.map(({ id }) => id)),
      onProgress: ({ detail }) => {
        steps = detail!.steps as number;
      },
    });
    expect(tokensOf(refilled)).toEqual(tokensOf(alone));
    expect([...delivered].sort()).toEqual(prompts.map(({ id }) => id).sort());
    const lengths = alone.map(({ tokenIds }) => tokenIds.length + 1);
    expect(new Set(lengths).size).toBeGreaterThan(3);
    // Pairs that wait for each other need the longer one's steps each; rows that are refilled share them nearly evenly.
    const waiting = Array.from({ length: 5 }, (_, i) => Math.max(lengths[2 * i], lengths[2 * i + 1] ?? 0));
    expect(steps).toBeLessThan(waiting.reduce((a, b) => a + b, 0));
  });

  it('reads a shared beginning once and says how much that saved, with the same completions', async () => {
    const shared = promptsFor(model, 3).flatMap(({ ids }) => [...ids]);
    expect(shared.length).toBeGreaterThan(16);
    const prompts = promptsFor(model, 5).map(({ id, ids }, i) => ({
      id,
      ids: Int32Array.from([...shared, i + 7, ...ids]),
    }));
    const options = { maxNewTokens: 6, temperature: 1, seed: 'prefix', batchSize: 3 };
    const saved: unknown[] = [];
    const together = await generate(model, null, prompts, {
      ...options,
      onProgress: ({ detail }) => saved.push(detail!.savedTokens),
    });
    expect(new Set(saved)).toEqual(new Set([shared.length * 4]));
    const alone: Completion[] = [];
    for (const prompt of prompts) alone.push(...(await generate(model, null, [prompt], options)));
    expect(tokensOf(together)).toEqual(tokensOf(alone));
    // Observed under 1e-5.
    for (const [i, { logprob }] of together.entries()) expect(logprob).toBeCloseTo(alone[i].logprob, 3);
  });

  it('keeps programs made with a longer shared beginning for calls with a shorter one or none', async () => {
    const { addon } = backend as unknown as { addon: { getNumOfSavedModels(): number } };
    const shared = promptsFor(model, 3).flatMap(({ ids }) => [...ids]);
    const behind = (length: number) =>
      promptsFor(model, 3).map(({ id }, i) => ({
        id,
        ids: Int32Array.from([...shared.slice(0, length), 9 + i, 3, 4]),
      }));
    const options = { maxNewTokens: 5, temperature: 0 };
    const generator = new Generator(model, null);
    await generator.generate(behind(shared.length), options);
    const before = addon.getNumOfSavedModels();
    for (const length of [17, 5]) {
      const kept = await generator.generate(behind(length), options);
      expect(tokensOf(kept)).toEqual(tokensOf(await generate(model, null, behind(length), options)));
    }
    expect(addon.getNumOfSavedModels()).toBe(before);
    generator.dispose();
  });
});

describe('setAdapter', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await loadTiny('tiny-qwen2', backend);
  });
  afterAll(() => model.dispose());

  const { addon } = backend as unknown as { addon: { getNumOfSavedModels(): number } };

  function trained(rank: number, targets: readonly ('q_proj' | 'up_proj')[], phase: number): Adapter {
    const config = resolveLoraConfig({ rank, alpha: 3, targets: [...targets] });
    const fresh = initAdapter(model.config, config, new RandomStream(`adapter ${phase}`));
    const tensors = Object.entries(fresh.tensors).map(([key, tensor]) => [
      key,
      { ...tensor, data: Float32Array.from(tensor.data, (_, i) => 0.3 * Math.sin(i + phase)) },
    ]);
    return { ...fresh, tensors: Object.fromEntries(tensors) };
  }

  it('writes and scores as a fresh generator and scorer do, without new programs where the first adapter was as large', async () => {
    const prompts = promptsFor(model, 3);
    const options = { maxNewTokens: 6, temperature: 0 };
    const items = prompts.map(({ id, ids }) => ({ id, promptIds: ids, texts: [prompts[0].ids] }));
    const adapters = [trained(4, ['q_proj', 'up_proj'], 1), trained(4, ['q_proj', 'up_proj'], 2), null];
    const smaller = trained(2, ['up_proj'], 3);
    const generator = new Generator(model, adapters[0]);
    const scorer = new Scorer(model, adapters[0]);
    await generator.generate(prompts, options);
    await scorer.score(items);
    const models = addon.getNumOfSavedModels();
    const seen = new Set<string>();
    for (const adapter of [...adapters, smaller, adapters[0]]) {
      generator.setAdapter(adapter);
      scorer.setAdapter(adapter);
      const written = await generator.generate(prompts, options);
      const scores = await scorer.score(items);
      expect(addon.getNumOfSavedModels()).toBe(models);
      const fresh = await generate(model, adapter, prompts, options);
      expect(written.map(({ tokenIds }) => tokenIds)).toEqual(fresh.map(({ tokenIds }) => tokenIds));
      // Observed under 1e-5.
      for (const [i, { logprob }] of written.entries()) expect(logprob).toBeCloseTo(fresh[i].logprob, 4);
      const again = await scoreTexts(model, adapter, items);
      for (const [i, { logprobs }] of scores.entries()) expect(logprobs[0]).toBeCloseTo(again[i].logprobs[0], 4);
      seen.add(scores[0].logprobs[0].toFixed(3));
    }
    expect(seen.size).toBe(4);
    generator.dispose();
    scorer.dispose();
  });

  it('makes new programs for an adapter that the first ones have no room for', async () => {
    const prompts = promptsFor(model, 2);
    const options = { maxNewTokens: 4, temperature: 0 };
    const generator = new Generator(model, trained(2, ['q_proj'], 1));
    await generator.generate(prompts, options);
    const larger = trained(4, ['q_proj', 'up_proj'], 2);
    generator.setAdapter(larger);
    const written = await generator.generate(prompts, options);
    expect(written).toEqual(await generate(model, larger, prompts, options));
    generator.dispose();
  });
});
