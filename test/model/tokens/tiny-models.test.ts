import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../../src/labels';
import {
  createTokenizer,
  encodeChatExample,
  encodePrompt,
  tokenizerFromFolder,
  tokenizerFromGguf,
} from '../../../src/model/tokens';

const folder = (name: string) => join(__dirname, '../../golden', name);
const MODELS = ['tiny-llama', 'tiny-llama3', 'tiny-qwen2', 'tiny-qwen3'];
const chat: ChatMessage[] = [{ role: 'user', content: ' is it? ' }];

interface Golden {
  renders: { messages: ChatMessage[]; addGenerationPrompt: boolean; thinking?: boolean; text: string }[];
}

describe('the chat templates of four families', () => {
  test.each(MODELS)('%s renders as Python’s jinja2 does, with the date that is given', (name) => {
    const files = tokenizerFromFolder(folder(name));
    const { renders } = JSON.parse(readFileSync(join(folder(name), 'golden.json'), 'utf8')) as Golden;
    expect(renders).toHaveLength(name === 'tiny-qwen3' ? 12 : 4);
    for (const { messages, addGenerationPrompt, thinking = false, text } of renders) {
      const tokenizer = createTokenizer(files, { defaultSystem: 'template', thinking });
      expect(tokenizer.renderChat(messages, { addGenerationPrompt })).toBe(text);
    }
  });

  test.each([
    ['tiny-llama', '<|im_start|>user\n is it? <|im_end|>\n<|im_start|>assistant\n'],
    ['tiny-qwen2', '<|im_start|>user\n is it? <|im_end|>\n<|im_start|>assistant\n'],
    ['tiny-qwen3', '<|im_start|>user\n is it? <|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n'],
    [
      'tiny-llama3',
      '<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nis it?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
    ],
  ])('%s invents no system turn with defaultSystem "none"', (name, text) => {
    const tokenizer = createTokenizer(tokenizerFromFolder(folder(name)));
    expect(tokenizer.renderChat(chat, { addGenerationPrompt: true })).toBe(text);
  });

  test.each([
    ['tiny-llama', 0],
    ['tiny-llama3', 1],
    ['tiny-qwen2', 0],
    ['tiny-qwen3', 0],
  ])('%s holds exactly %i begin-of-text token, with either system option', (name, wanted) => {
    for (const defaultSystem of ['none', 'template'] as const) {
      const files = tokenizerFromFolder(folder(name));
      const tokenizer = createTokenizer(files, { defaultSystem });
      const bos = tokenizer.encode('<|begin_of_text|>');
      const count = [...encodePrompt(tokenizer, chat)].filter((id) => bos.length === 1 && id === bos[0]).length;
      expect(count).toBe(wanted);
    }
  });

  test.each([
    ['tiny-llama', '<|im_end|>'],
    ['tiny-llama3', '<|eot_id|>'],
    ['tiny-qwen2', '<|im_end|>'],
    ['tiny-qwen3', '<|im_end|>'],
  ])('%s supervises its own end of turn, %s', (name, end) => {
    const tokenizer = createTokenizer(tokenizerFromFolder(folder(name)));
    const row = encodeChatExample(tokenizer, chat, 'it is.', { maxTokens: 99 });
    if ('dropped' in row) throw new Error(row.dropped);
    expect(tokenizer.decode(row.ids.slice(row.promptLength))).toBe(`it is.${end}`);
  });

  test('the day is an option, and a day that is none is refused', () => {
    const files = tokenizerFromFolder(folder('tiny-llama3'));
    const on = (date: string) =>
      createTokenizer(files, { defaultSystem: 'template', date }).renderChat(chat, { addGenerationPrompt: true });
    expect(on('2025-01-05')).toContain('today: 05 Jan 2025');
    expect(() => on('yesterday')).toThrow('date must be YYYY-MM-DD, got "yesterday"');
    expect(createTokenizer(files, { date: '2025-01-05' }).hash).not.toBe(createTokenizer(files).hash);
  });
});

describe('what a tokenizer.json or a template would add by itself', () => {
  test('a begin-of-text that the tokenizer would put before every text does not come twice', () => {
    const files = tokenizerFromFolder(folder('tiny-llama3'));
    const id = createTokenizer(files).encode('<|begin_of_text|>')[0];
    const special = { id: '<|begin_of_text|>', type_id: 0 };
    // As the files of Llama 3 have it.
    const post_processor = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: special }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<|begin_of_text|>': { id: special.id, ids: [id], tokens: [special.id] } },
    };
    const tokenizer = createTokenizer({ ...files, tokenizerJson: { ...files.tokenizerJson, post_processor } });
    const ids = [...encodePrompt(tokenizer, chat)];
    expect(ids[0]).toBe(id);
    expect(ids.filter((other) => other === id)).toHaveLength(1);
    expect(ids).toEqual([...encodePrompt(createTokenizer(files), chat)]);
  });

  test('a template that asks for the clock gets the fixed day', () => {
    const files = tokenizerFromFolder(folder('tiny-llama'));
    const chatTemplate = "{{ strftime_now('%d %B %Y, %A %H:%M') }}{% for m in messages %} {{ m.content }}{% endfor %}";
    const tokenizer = createTokenizer({ ...files, chatTemplate }, { defaultSystem: 'template', date: '2025-03-09' });
    expect(tokenizer.renderChat(chat, { addGenerationPrompt: true })).toBe('09 March 2025, Sunday 00:00  is it? ');
  });
});

describe('the thinking switch', () => {
  const files = tokenizerFromFolder(folder('tiny-qwen3'));
  const EMPTY = '<think>\n\n</think>\n\n';

  test('is off unless asked for: prompt and training row then hold the same empty thoughts, outside the completion', () => {
    const tokenizer = createTokenizer(files);
    const row = encodeChatExample(tokenizer, chat, 'it is.', { maxTokens: 99 });
    if ('dropped' in row) throw new Error(row.dropped);
    expect(tokenizer.decode(row.ids.slice(0, row.promptLength))).toContain(`assistant\n${EMPTY}`);
    expect(tokenizer.decode(row.ids.slice(row.promptLength))).toBe('it is.<|im_end|>');
    expect(row.ids.slice(0, row.promptLength)).toEqual(encodePrompt(tokenizer, chat));
  });

  test('when on, a prompt ends before the thoughts and a training row supervises them', () => {
    const tokenizer = createTokenizer(files, { thinking: true });
    expect(tokenizer.renderChat(chat, { addGenerationPrompt: true })).not.toContain('<think>');
    const row = encodeChatExample(tokenizer, chat, '<think>\nso\n</think>\n\nit is.', { maxTokens: 99 });
    if ('dropped' in row) throw new Error(row.dropped);
    expect(tokenizer.decode(row.ids.slice(row.promptLength))).toBe('<think>\nso\n</think>\n\nit is.<|im_end|>');
  });

  test('tells two tokenizers apart only where the template reads it', () => {
    const hash = (name: string, thinking: boolean) =>
      createTokenizer(tokenizerFromFolder(folder(name)), { thinking }).hash;
    expect(hash('tiny-qwen3', true)).not.toBe(hash('tiny-qwen3', false));
    for (const name of ['tiny-llama', 'tiny-llama3', 'tiny-qwen2']) expect(hash(name, true)).toBe(hash(name, false));
  });
});

describe('templates that go wrong', () => {
  const files = tokenizerFromFolder(folder('tiny-llama'));
  const rendering = (chatTemplate: string | null) => () =>
    createTokenizer({ ...files, chatTemplate }).renderChat(chat, { addGenerationPrompt: true });

  test('a template that refuses the messages is a data error with its words', () => {
    expect(rendering("{{ raise_exception('roles must alternate') }}")).toThrow('got "roles must alternate"');
  });

  test('a template that is not Jinja, or none at all, names the file', () => {
    expect(rendering('{% if %}')).toThrow(/must be Jinja.*tokenizer\.json/);
    expect(rendering(null)).toThrow(/must have a chat template, got none.*tokenizer\.json/);
  });

  test('a template that mixes the system turn into the user turn cannot leave it out, and says so', () => {
    const mixing =
      "{% if messages[0].role == 'system' and messages|length > 1 %}USER {{ messages[0].content }} {{ messages[1].content }}{% else %}USER {{ messages[0].content }}{% endif %}END";
    expect(rendering(mixing)).toThrow('Use defaultSystem "template"');
  });

  test('a template without an end of turn cannot make training rows', () => {
    const open =
      "{% for m in messages %}{{ m.role + ' ' + m.content }}{% endfor %}{% if add_generation_prompt %}assistant {% endif %}";
    const tokenizer = createTokenizer({ ...files, chatTemplate: open });
    expect(() => encodeChatExample(tokenizer, chat, 'it is', { maxTokens: 99 })).toThrow('must end with a stop token');
  });
});

describe('tokenizer files that go wrong', () => {
  const metadata = {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'gpt-2',
    'tokenizer.ggml.tokens': ['<|im_end|>', 'a', 'b', 'ab'],
    'tokenizer.ggml.token_type': [3, 1, 1, 1],
    'tokenizer.ggml.merges': ['a b'],
    'tokenizer.ggml.eos_token_id': 0,
  };

  test('metadata that is whole makes a tokenizer', () => {
    const tokenizer = createTokenizer(tokenizerFromGguf(metadata, 'x.gguf'));
    expect([...tokenizer.encode('aab<|im_end|>')]).toEqual([1, 3, 0]);
    expect([...tokenizer.stopTokenIds]).toEqual([0]);
  });

  test.each([
    ['tokenizer.ggml.model', 'llama', 'must be byte-level BPE'],
    ['tokenizer.ggml.pre', 'novel', 'must be one of smollm, gpt-2, llama-bpe, qwen2, got "novel"'],
    ['tokenizer.ggml.tokens', undefined, '"tokenizer.ggml.tokens" must be a list of strings'],
    ['tokenizer.ggml.merges', [], '"tokenizer.ggml.merges" must be a list of strings'],
    ['tokenizer.ggml.token_type', [3], '"tokenizer.ggml.token_type" must have 4 entries, got 1'],
  ])('metadata with %s = %j names the file and the key', (key, value, message) => {
    expect(() => tokenizerFromGguf({ ...metadata, [key]: value }, 'x.gguf')).toThrow(message);
    expect(() => tokenizerFromGguf({ ...metadata, [key]: value }, 'x.gguf')).toThrow('x.gguf');
  });

  test('a folder without tokenizer.json names it', () => {
    expect(() => tokenizerFromFolder(__dirname)).toThrow(/tokenizer\.json must be a JSON file/);
  });

  test('a stop token outside the vocabulary is refused', () => {
    const files = tokenizerFromFolder(folder('tiny-llama'));
    expect(() => createTokenizer({ ...files, stopTokens: ['<|nothing|>'] })).toThrow('got "<|nothing|>"');
  });
});
