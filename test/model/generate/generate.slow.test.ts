import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostTensor, input, type Program, reshape } from '../../../src/compute/graph';
import { AbortedError, ConfigError, RandomStream } from '../../../src/core';
import { initAdapter, resolveLoraConfig } from '../../../src/model/adapters';
import { forward, type LoadedModel, logits, paramVariables } from '../../../src/model/families';
import { Generator, generate, Scorer, scoreTexts } from '../../../src/model/generate';
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

  it('reports progress and each finished batch, and stops between two tokens when asked', async () => {
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
