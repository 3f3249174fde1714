import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../../src/labels';
import {
  createTokenizer,
  encodeChatExample,
  encodePrompt,
  type Tokenizer,
  tokenizerFromGguf,
} from '../../../src/model/tokens';
import { openGguf, openModel, resolveModelPath } from '../../../src/model/weights';

interface Golden {
  texts: string[];
  ids: number[][];
  decoded: string[];
  renders: { messages: ChatMessage[]; addGenerationPrompt: boolean; text: string; ids: number[] }[];
}

const golden = JSON.parse(readFileSync(join(__dirname, '../../golden/smollm2-tokens.json'), 'utf8')) as Golden;
const user = (content: string): ChatMessage => ({ role: 'user', content });

let tokenizer: Tokenizer;
let asTemplate: Tokenizer;
beforeAll(async () => {
  const model = await openModel('smollm2-135m');
  tokenizer = model.tokenizer;
  model.close();
  const other = await openModel('smollm2-135m', { defaultSystem: 'template' });
  asTemplate = other.tokenizer;
  other.close();
});

describe('the tokenizer rebuilt from the GGUF file', () => {
  test('gives the ids of the Rust tokenizer on 200 strings', () => {
    expect(golden.texts).toHaveLength(200);
    const wrong = golden.texts.filter(
      (text, i) => JSON.stringify([...tokenizer.encode(text)]) !== JSON.stringify(golden.ids[i]),
    );
    expect(wrong).toEqual([]);
  });

  test('decodes as the Rust tokenizer does', () => {
    const wrong = golden.ids.filter((ids, i) => tokenizer.decode(ids) !== golden.decoded[i]);
    expect(wrong).toEqual([]);
  });

  // The vocabulary has no token for these bytes: six control characters, and the first byte of planes 4 to 11.
  const UNKNOWN = new Set([0x04, 0x06, 0x13, 0x14, 0x16, 0x1d, 0xf1, 0xf2]);
  const isKnown = (text: string) => !Buffer.from(text).some((byte) => UNKNOWN.has(byte));

  test('decode(encode(x)) is x for every well-formed string of known bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }).filter(isKnown), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { seed: 1, numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { seed: 2, numRuns: 500 },
    );
  });

  test('skipSpecial leaves exactly the special tokens out', () => {
    const ids = tokenizer.encode('<|im_start|>user\nhi<|im_end|>');
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe('user\nhi');
  });

  test('no text and no ids are empty', () => {
    expect([...tokenizer.encode('')]).toEqual([]);
    expect(tokenizer.decode([])).toBe('');
  });
});

describe('the cuts of other families', () => {
  const cuts = JSON.parse(readFileSync(join(__dirname, '../../golden/smollm2-cuts.json'), 'utf8')) as Record<
    string,
    number[][]
  >;

  test.each(Object.keys(cuts))('%s gives the ids of the Rust tokenizer on 200 strings', (pre) => {
    const file = openGguf(resolveModelPath('smollm2-135m'));
    const files = tokenizerFromGguf({ ...file.metadata, 'tokenizer.ggml.pre': pre }, 'test');
    file.close();
    const other = createTokenizer(files);
    const wrong = golden.texts.filter((text, i) => [...other.encode(text)].join() !== cuts[pre][i].join());
    expect(wrong).toEqual([]);
  });
});

describe('chats', () => {
  test('with defaultSystem "template" render as Python’s jinja2 does', () => {
    for (const { messages, addGenerationPrompt, text, ids } of golden.renders) {
      const rendered = asTemplate.renderChat(messages, { addGenerationPrompt });
      expect(rendered).toBe(text);
      expect([...asTemplate.encode(rendered)]).toEqual(ids);
    }
  });

  test('with defaultSystem "none" hold no turn that nobody wrote', () => {
    expect(tokenizer.renderChat([user('Hi\nthere')], { addGenerationPrompt: true })).toBe(
      '<|im_start|>user\nHi\nthere<|im_end|>\n<|im_start|>assistant\n',
    );
    const system: ChatMessage = { role: 'system', content: 'You are terse.' };
    expect(tokenizer.renderChat([system, user('Hi')], { addGenerationPrompt: false })).toBe(
      '<|im_start|>system\nYou are terse.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n',
    );
  });

  test('whose text holds a control token are refused by name, whoever wrote it', () => {
    for (const token of tokenizer.specialTokens) {
      expect(() => encodePrompt(tokenizer, [user(`a ${token} b`)])).toThrow(token);
      expect(() => encodeChatExample(tokenizer, [user('a')], `b ${token}`, { maxTokens: 99 })).toThrow(token);
    }
    expect(() => encodePrompt(tokenizer, [])).toThrow('at least 1 message');
  });

  test('two options give two hashes, one option one hash', () => {
    expect(tokenizer.hash).not.toBe(asTemplate.hash);
    expect(tokenizer.hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('training rows', () => {
  const messages = [user('Write a brief: rain.')];

  test('are prompt, completion and the end of the turn, and nothing after it', () => {
    const row = encodeChatExample(tokenizer, messages, 'It rained.', { maxTokens: 99 });
    if ('dropped' in row) throw new Error(row.dropped);
    expect(row.ids.slice(0, row.promptLength)).toEqual(encodePrompt(tokenizer, messages));
    expect(tokenizer.decode(row.ids.slice(row.promptLength))).toBe('It rained.<|im_end|>');
    expect(tokenizer.stopTokenIds.has(row.ids[row.ids.length - 1])).toBe(true);
  });

  test('equal the separately tokenised parts that the reference probe joins', () => {
    fc.assert(
      fc.property(fc.lorem({ maxCount: 12 }), fc.lorem({ maxCount: 30 }), (prompt, completion) => {
        const row = encodeChatExample(tokenizer, [user(prompt)], completion, { maxTokens: 999 });
        if ('dropped' in row) throw new Error(row.dropped);
        const parts = [
          tokenizer.encode(`<|im_start|>user\n${prompt}<|im_end|>\n<|im_start|>assistant\n`),
          tokenizer.encode(`${completion}<|im_end|>`),
        ];
        expect(row.promptLength).toBe(parts[0].length);
        expect([...row.ids]).toEqual([...parts[0], ...parts[1]]);
      }),
      { seed: 2, numRuns: 50 },
    );
  });

  test('one token too long are dropped with both numbers; exactly long enough are kept', () => {
    const row = encodeChatExample(tokenizer, messages, 'It rained.', { maxTokens: 99 });
    if ('dropped' in row) throw new Error(row.dropped);
    const { length } = row.ids;
    expect(encodeChatExample(tokenizer, messages, 'It rained.', { maxTokens: length })).toEqual(row);
    expect(encodeChatExample(tokenizer, messages, 'It rained.', { maxTokens: length - 1 })).toEqual({
      dropped: `${length} tokens, more than ${length - 1}`,
    });
  });

  test('whose completion merges into the prompt are refused with the place', () => {
    // A completion that starts with a line break makes one token of the template's break and its own.
    expect(() => encodeChatExample(tokenizer, messages, '\n\nIt rained.', { maxTokens: 99 })).toThrow(
      /prompt's ids must be a prefix.*at token \d+ of \d+/,
    );
  });

  test('without a completion are refused', () => {
    expect(() => encodeChatExample(tokenizer, messages, ' \n', { maxTokens: 99 })).toThrow('must have text');
  });
});
