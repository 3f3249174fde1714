import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../../src/compute/backends';
import { type LoadedModel, loadModel } from '../../../src/model/families';
import { generate, scoreTexts } from '../../../src/model/generate';

/** What transformers gives in f32: test/golden/make_smollm2.py. */
const { continuations } = JSON.parse(readFileSync(join(__dirname, '../../golden/smollm2-greedy.json'), 'utf8')) as {
  continuations: { prompt: string; promptIds: number[]; ids: number[]; logprobs: number[] }[];
};

describe('SmolLM2-135M-Instruct in f32', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await loadModel('smollm2-135m', { backend: tensorflowBackend({ device: 'cpu' }) });
  });
  afterAll(() => model.dispose());

  const logprobOf = (logprobs: readonly number[]) => logprobs.reduce((sum, x) => sum + x, 0);

  it('continues three prompts side by side as the reference implementation does, and says how likely that was', async () => {
    expect(continuations.length).toBe(3);
    const prompts = continuations.map(({ prompt, promptIds }) => ({ id: prompt, ids: Int32Array.from(promptIds) }));
    const maxNewTokens = Math.max(...continuations.map(({ ids }) => ids.length));
    const written = await generate(model, null, prompts, { maxNewTokens, temperature: 0 });
    written.forEach(({ tokenIds, truncated, logprob }, i) => {
      const { ids, logprobs } = continuations[i];
      const stops = model.tokenizer.stopTokenIds.has(ids.at(-1)!);
      expect([...tokenIds]).toEqual(stops ? ids.slice(0, -1) : ids);
      expect(truncated).toBe(!stops);
      expect(Math.abs(logprob - logprobOf(logprobs))).toBeLessThan(2e-3);
    });
  });

  it('scores those continuations as the reference does', async () => {
    const items = continuations.map(({ prompt, promptIds, ids }) => ({
      id: prompt,
      promptIds: Int32Array.from(promptIds),
      texts: [Int32Array.from(ids), Int32Array.from(ids.slice(0, 4))],
    }));
    const scored = await scoreTexts(model, null, items);
    scored.forEach(({ logprobs: [whole, start] }, i) => {
      const { logprobs } = continuations[i];
      expect(Math.abs(whole - logprobOf(logprobs))).toBeLessThan(2e-3);
      expect(Math.abs(start - logprobOf(logprobs.slice(0, 4)))).toBeLessThan(2e-3);
    });
  });
});
