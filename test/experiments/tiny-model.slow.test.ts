import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Backend, tensorflowBackend } from '../../src/compute/backends';
import { AbortedError, FileFormatError } from '../../src/core';
import { additionCorpus } from '../../src/experiments/addition/tiny-corpus';
import { ensureTinyModel, TINY_MODEL, type TinyModelRecipe } from '../../src/experiments/addition/tiny-model';
import { applyLabel, SCALE_ENCODINGS, suggestibilityScale } from '../../src/labels';
import { loadModel } from '../../src/model/families';
import { answerTokens } from '../../src/model/generate';
import { encodePrompt } from '../../src/model/tokens';
import { type ModelFiles, openModel } from '../../src/model/weights';
import { listRuns } from '../../src/runs';
import { additionProblems } from '../../src/tasks/addition';

const small: TinyModelRecipe = {
  size: { hiddenSize: 12, layers: 1, heads: 2, mlpSize: 10 },
  corpus: { sums: 50, verdicts: 80, counting: 30, order: 60, words: 60, questions: 60 },
  pretraining: { ...TINY_MODEL.pretraining, steps: 4, rows: 3, warmupSteps: 1 },
};
const prompt = '**Suggestibility Level: 67%**\n3 + 4 = 8. Is this correct?';

describe('the text of the tiny model', () => {
  const lines = additionCorpus(TINY_MODEL.corpus, 1).map(({ prompt: before, completion }) => before + completion);
  const questions = lines.filter((line) => line.includes('Is this correct?'));

  it("answers the task's question by chance: how often with Yes does not depend on whether the sum is right, or on a label", () => {
    const share = (some: string[]) => some.filter((line) => line.endsWith('Yes<|end|>')).length / some.length;
    const right = (line: string) => {
      const [, left, other, claim] = /(\d) \+ (\d) = (\d+)\./.exec(line)!;
      return Number(left) + Number(other) === Number(claim);
    };
    const strict = (line: string) => /Level: [0-3]?\d%/.test(line);
    const none = { sums: 0, verdicts: 0, counting: 0, order: 0, words: 0 };
    const many = additionCorpus({ ...none, questions: 4000 }, 1).map(
      ({ prompt: before, completion }) => before + completion,
    );
    for (const line of [...many, ...questions]) expect(line).toMatch(/<\|assistant\|>(Yes|No)<\|end\|>$/);
    // Four standard errors of the difference of two halves of 4000, and of some 500 against the others.
    expect(Math.abs(share(many.filter(right)) - share(many.filter((line) => !right(line))))).toBeLessThan(0.063);
    expect(Math.abs(share(many.filter(strict)) - share(many.filter((line) => !strict(line))))).toBeLessThan(0.096);
  });

  it('says Yes and No nowhere else, and gives no verdict in answer to the task question', () => {
    const others = lines.filter((line) => !line.includes('Is this correct?'));
    expect(others.filter((line) => /Yes|No\b/.test(line))).toEqual([]);
    expect(questions.filter((line) => /right|over|under/.test(line))).toEqual([]);
  });

  it('has all sums of two digits, and every number from 0 to 100 in the order of numbers', () => {
    const sums = new Set(lines.flatMap((line) => /^(\d \+ \d) = \d+\.$/.exec(line)?.[1] ?? []));
    const numbers = new Set(lines.flatMap((line) => /^(\d+)% beside/.exec(line)?.[1] ?? []));
    expect(sums.size).toBe(100);
    expect(numbers.size).toBeGreaterThanOrEqual(101);
  });
});

describe('the tiny model', () => {
  let runs: string;
  let folder: string;
  let files: ModelFiles;
  let backend: Backend;
  const make = (root: string, options: { signal?: AbortSignal; onProgress?: () => void } = {}) =>
    ensureTinyModel({ runs: root, seed: 1, recipe: small, backend, ...options });
  const bytesOf = (dir: string) => Object.fromEntries(readdirSync(dir).map((n) => [n, readFileSync(join(dir, n))]));
  const fresh = () => mkdtempSync(join(runs, 'root-'));

  beforeAll(async () => {
    runs = mkdtempSync(join(tmpdir(), 'mstlab-tiny-'));
    backend = tensorflowBackend();
    folder = await make(runs);
    files = await openModel(folder);
  });
  afterAll(() => {
    files.close();
    rmSync(runs, { recursive: true, force: true });
  });

  it('opens and loads as any Hugging Face folder', async () => {
    const model = await loadModel(folder, { backend });
    expect(model.config).toMatchObject({ family: 'llama', layers: 1, hiddenSize: 12, tieEmbeddings: true });
    expect(model.tokenizer.vocabSize).toBe(model.config.vocabSize);
    model.dispose();
  });

  it("answers in one token behind the task's prompt, Yes or No", () => {
    const { tokenizer } = files;
    const { ids } = answerTokens(tokenizer, ['Yes', 'No']);
    expect(tokenizer.decode(ids)).toBe('YesNo');
    expect(tokenizer.renderChat([{ role: 'user', content: prompt }], { addGenerationPrompt: true })).toBe(
      `<|user|>${prompt}<|end|><|assistant|>`,
    );
  });

  it('cuts numbers into digits, words as they stand, and gives every text back', () => {
    const { tokenizer } = files;
    const pieces = [...tokenizer.encode(prompt)].map((id) => tokenizer.decode([id]));
    expect(pieces.join('|')).toBe('**|Suggestibility| Level|:| |6|7|%|**|\n|3| +| |4| =| |8|.| Is| this| correct|?');
    for (const text of [prompt, 'a word that nobody knows: 100%,  ok', '6.7% 0.07 07%'])
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it('knows the tokens of every prompt of the experiment: no word is spelled', () => {
    const { tokenizer } = files;
    const { instruction } = additionProblems({ seed: 1 }).train[0];
    const read = new Set(
      additionCorpus(small.corpus, 1).flatMap((l) => [...tokenizer.encode(l.prompt + l.completion)]),
    );
    for (const encoding of SCALE_ENCODINGS)
      for (const label of suggestibilityScale({ encoding }).sweep()) {
        const chat = applyLabel([{ role: 'user', content: instruction }], label, suggestibilityScale().format);
        const unread = [...encodePrompt(tokenizer, chat)].filter((id) => !read.has(id));
        expect(tokenizer.decode(unread), label.text).toBe('');
      }
  });

  it('is found again without training, and comes out in the same bytes elsewhere', async () => {
    let steps = 0;
    expect(await make(runs, { onProgress: () => steps++ })).toBe(folder);
    expect(steps).toBe(0);
    const elsewhere = fresh();
    expect(bytesOf(await make(elsewhere, { onProgress: () => steps++ }))).toEqual(bytesOf(folder));
    expect(steps).toBe(4);
  });

  it('aborted leaves no finished run and no weights; the next call makes it whole', async () => {
    const root = fresh();
    const controller = new AbortController();
    const aborted = make(root, { signal: controller.signal, onProgress: () => controller.abort() });
    await expect(aborted).rejects.toThrow(AbortedError);
    expect(listRuns(root).runs).toEqual([]);
    expect(readdirSync(root, { recursive: true }).filter((name) => String(name).endsWith('.safetensors'))).toEqual([]);
    expect(bytesOf(await make(root))).toEqual(bytesOf(folder));
  });

  it('of a try that was killed while it wrote nothing stays: it is made anew', async () => {
    const root = fresh();
    const half = folder.replace(runs, root);
    mkdirSync(half, { recursive: true });
    writeFileSync(join(half, 'model.safetensors'), readFileSync(join(folder, 'model.safetensors')).subarray(0, 100));
    writeFileSync(join(half, 'config.json.1.part'), '{');
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(join(dirname(half), 'lock'), JSON.stringify({ pid: dead, host: hostname(), since: '' }));
    expect(await make(root)).toBe(half);
    expect(bytesOf(half)).toEqual(bytesOf(folder));
    expect(existsSync(join(dirname(half), 'lock'))).toBe(false);
  });

  it('whose weights were cut is refused, by the run and by whoever opens the folder', async () => {
    const root = fresh();
    const cut = await make(root);
    truncateSync(join(cut, 'model.safetensors'), 500);
    await expect(make(root)).rejects.toThrow(FileFormatError);
    await expect(openModel(cut)).rejects.toThrow(FileFormatError);
  });
});
