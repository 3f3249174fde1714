import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../../src/compute/backends';
import { ConfigError, DataError } from '../../../src/core';
import { loadModel } from '../../../src/model/families';
import { AnswerScorer, answerFeeds, answerShape, answerTokens } from '../../../src/model/generate';
import { openModel } from '../../../src/model/weights';
import { ANSWERS, movedAdapter, raggedPrompts } from '../../support/rl-runs';
import { loadTiny, TINY_MODELS, tinyFolder, tinyGolden } from '../../support/tiny-models';

describe('prompts side by side behind one prefix', () => {
  it('keep their tokens, positions and segments, overlap nowhere, and are read at their last token', () => {
    const token = fc.integer({ min: 0, max: 3 });
    const prompts = fc
      .tuple(
        fc.array(token, { maxLength: 5 }),
        fc.array(fc.array(token, { minLength: 1, maxLength: 90 }), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 0, max: 4 }),
      )
      .map(([prefix, rests, spare]) => ({ all: rests.map((rest) => Int32Array.from([...prefix, ...rest])), spare }));
    fc.assert(
      fc.property(prompts, ({ all, spare }) => {
        const shape = answerShape(all, all.length + spare, 200);
        const { tokens, positions, segments, places } = answerFeeds(shape, all);
        const [R, T] = tokens.shape;
        expect([R, T]).toEqual([shape.rows, shape.tokens]);
        expect(shape.rows * shape.perRow).toBeGreaterThanOrEqual(all.length + spare);
        expect(places.shape).toEqual([all.length + spare]);
        const taken = new Set<number>();
        all.forEach((ids, b) => {
          const last = places.data[b];
          const row = Math.floor(last / T);
          const own = segments.data[last];
          expect(own).toBeGreaterThan(0);
          const seen = Array.from({ length: T }, (_, t) => row * T + t).filter(
            (at) => segments.data[at] === 0 || segments.data[at] === own,
          );
          expect(seen.map((at) => tokens.data[at])).toEqual([...ids]);
          expect(seen.map((at) => positions.data[at])).toEqual([...ids.keys()]);
          expect(seen.at(-1)).toBe(last);
          for (const at of seen) {
            if (segments.data[at] === 0) continue;
            expect(taken.has(at)).toBe(false);
            taken.add(at);
          }
        });
        const rests = all.reduce((sum, { length }) => sum + length - shape.prefix.length, 0);
        expect(taken.size).toBe(rests);
        const padding = [...segments.data].filter((segment) => segment === -1).length;
        expect(padding).toBe(R * T - R * shape.prefix.length - rests);
      }),
    );
  });

  it('share all they have in common but the last token of the shortest', () => {
    const prefixOf = (...all: number[][]) => [
      ...answerShape(
        all.map((ids) => Int32Array.from(ids)),
        all.length,
        9,
      ).prefix,
    ];
    expect(prefixOf([1, 2, 3, 4], [1, 2, 5])).toEqual([1, 2]);
    expect(prefixOf([1, 2, 3], [1, 2, 3])).toEqual([1, 2]);
    expect(prefixOf([1, 2, 3], [1])).toEqual([]);
    expect(prefixOf([1, 2], [2, 1])).toEqual([]);
  });

  it.each([
    ['no example', [], 2],
    ['an empty prompt', [[1], []], 2],
    ['a prompt longer than the positions of the model', [[1, 2, 3, 4, 5, 6, 7]], 2],
    ['no prompt at a time', [[1, 2]], 0],
  ] as [string, number[][], number][])('a shape of %s is refused', (_, examples, prompts) => {
    const all = examples.map((ids) => Int32Array.from(ids));
    expect(() => answerShape(all, prompts, 6)).toThrow(ConfigError);
  });

  it('refuse what the shape was not made for', () => {
    const shape = answerShape([Int32Array.of(1, 2, 3, 4), Int32Array.of(1, 2, 9)], 2, 9);
    const feed = (...all: number[][]) =>
      answerFeeds(
        shape,
        all.map((ids) => Int32Array.from(ids)),
      );
    expect(() => feed([1, 2, 3], [1, 2, 3], [1, 2, 3])).toThrow(/at most 2 prompts fit, got 3/);
    expect(() => feed([1, 2, 3], [1, 7, 3])).toThrow(/begin otherwise \(prompt 1\)/);
    expect(() => feed([1, 2, 3, 4, 5])).toThrow(/1 to 2 more, got 5 tokens \(prompt 0\)/);
    expect(() => feed([1, 2])).toThrow(DataError);
  });
});

describe('answers of one token', () => {
  it.each(TINY_MODELS)('%s: packed prompts score as each prompt alone, with an adapter too', async (name) => {
    const model = await loadTiny(name, tensorflowBackend());
    const prompts = raggedPrompts(7);
    for (const adapter of [null, movedAdapter(model)]) {
      const packed = new AnswerScorer(model, adapter, ANSWERS, prompts, 7);
      const together = await packed.ask(prompts);
      packed.dispose();
      for (const [at, prompt] of [[4, prompts[4]]] as [number, Int32Array][]) {
        const alone = new AnswerScorer(model, adapter, ANSWERS, [prompt], 1);
        const [own] = await alone.ask([prompt]);
        alone.dispose();
        own.scores.forEach((score, a) => {
          // Seen: 6.0e-7, and 1.8e-8 in the mass.
          expect(Math.abs(together[at].scores[a] - score)).toBeLessThan(5e-6);
        });
        expect(Math.abs(together[at].mass - own.mass)).toBeLessThan(2e-7);
      }
    }
  });

  it.each(TINY_MODELS)('%s: scores and mass are those of PyTorch', async (name) => {
    const golden = tinyGolden(name);
    const model = await loadTiny(name, tensorflowBackend());
    const prompts = golden.lengths.map((length, i) => Int32Array.from(golden.ids[i].slice(0, length)));
    const scorer = new AnswerScorer(model, null, ANSWERS, prompts, 3);
    const found = await scorer.ask(prompts);
    scorer.dispose();
    const { shape, data } = golden.tensors['logits.base'];
    const [, T, V] = shape;
    golden.lengths.forEach((length, i) => {
      const start = (i * T + length - 1) * V;
      const row = [...(data as Float32Array).subarray(start, start + V)];
      const total = row.reduce((sum, score) => sum + Math.exp(score), 0);
      const parts = ANSWERS.ids.map((id) => Math.exp(row[id]));
      ANSWERS.ids.forEach((id, a) => {
        // Seen: 5.8e-7, then 3.6e-8 and 1.0e-7.
        expect(Math.abs(found[i].scores[a] - row[id])).toBeLessThan(5e-6);
      });
      expect(Math.abs(found[i].mass - (parts[0] + parts[1]) / total)).toBeLessThan(4e-7);
      expect(Math.abs(found[i].probabilities[0] - parts[0] / (parts[0] + parts[1]))).toBeLessThan(1e-6);
    });
  });

  it('in bf16 packed prompts score as each alone to the rounding of bf16', async () => {
    const model = await loadModel(await openModel(tinyFolder('tiny-llama')), {
      backend: tensorflowBackend(),
      computeDtype: 'bf16',
    });
    const prompts = raggedPrompts(6);
    const adapter = movedAdapter(model);
    const packed = new AnswerScorer(model, adapter, ANSWERS, prompts, 6);
    const together = await packed.ask(prompts);
    packed.dispose();
    for (const at of [5]) {
      const alone = new AnswerScorer(model, adapter, ANSWERS, [prompts[at]], 1);
      const [own] = await alone.ask([prompts[at]]);
      alone.dispose();
      own.scores.forEach((score, a) => {
        // Seen: 1.8e-7, since both layouts round alike here; one rounding that falls otherwise is 2^-9 of a number.
        expect(Math.abs(together[at].scores[a] - score)).toBeLessThan(0.01);
      });
    }
  });

  it('more prompts than one pass holds come back in order', async () => {
    const model = await loadTiny('tiny-llama', tensorflowBackend());
    const prompts = raggedPrompts(7);
    const asked = async (pass: number) => {
      const scorer = new AnswerScorer(model, null, ANSWERS, prompts, pass);
      const found = await scorer.ask(prompts);
      scorer.dispose();
      return found.flatMap(({ scores }) => scores);
    };
    const [whole, parts] = [await asked(7), await asked(3)];
    parts.forEach((score, at) => {
      // Seen: 5.4e-7.
      expect(Math.abs(score - whole[at])).toBeLessThan(5e-6);
    });
  });

  it('must be two or more, one token each and all different, and every fault is named at once', async () => {
    const { tokenizer } = await openModel(tinyFolder('tiny-llama'));
    expect(() => answerTokens(tokenizer, ['a'])).toThrow(/at least 2 answers, got 1/);
    const wrong = () => answerTokens(tokenizer, ['a', 'abcabcabc xyz', 'a']);
    expect(wrong).toThrow(ConfigError);
    expect(wrong).toThrow(/"abcabcabc xyz" is \d+ tokens \(.*"a" and "a" are one token/);
    const { names, ids } = answerTokens(tokenizer, ['a', 'b']);
    expect(names).toEqual(['a', 'b']);
    expect(ids.map((id) => tokenizer.decode([id]))).toEqual(['a', 'b']);
  });
});
