/** What opens a turn of each role, and what ends one. */
const TURNS = ['<|system|>', '<|user|>', '<|assistant|>'] as const;
const END = '<|end|>';

/** Cuts text as large models do: words with the space before them, digits one by one, punctuation mark by mark. */
const PIECES = ' ?\\p{L}+|\\p{N}|\\*\\*| ?[^\\s\\p{L}\\p{N}]|\\s';

const CHAT_TEMPLATE =
  "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

/** A question and its answer as the chat template writes them: what precedes the answer, and the answer with its end. */
export function chatTurns(question: string, answer: string): { prompt: string; completion: string } {
  return { prompt: `<|user|>${question}${END}<|assistant|>`, completion: `${answer}${END}` };
}

/** The files of a tokenizer beside a model's weights, by name. */
export interface TokenizerJsonFiles {
  readonly files: {
    readonly 'tokenizer.json': object;
    readonly 'tokenizer_config.json': {
      readonly tokenizer_class: string;
      readonly clean_up_tokenization_spaces: false;
      readonly bos_token: null;
      readonly chat_template: string;
      readonly eos_token: string;
      readonly pad_token: string;
    };
    readonly 'generation_config.json': object;
  };
  readonly vocabSize: number;
  /** The id that ends a turn and that pads. */
  readonly endId: number;
}

/**
 * A tokenizer for a small text: every word that occurs in `lines` is a token, with and without the space before it as it occurs;
 * digits and marks are tokens each by themselves, and other words are spelled in ASCII characters. A byte-level BPE without
 * merges, which `ignore_merges` lets read whole words.
 */
export function tokenizerFor(lines: readonly string[]): TokenizerJsonFiles {
  const special = [END, ...TURNS];
  const single = [' ', '\n', ...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))];
  const isSpecial = new RegExp(special.map((token) => token.replaceAll('|', '\\|')).join('|'), 'g');
  const cut = new RegExp(PIECES, 'gu');
  const words = new Set<string>();
  for (const line of lines)
    for (const [piece] of line.replaceAll(isSpecial, '\n').matchAll(cut)) if (piece.length > 1) words.add(piece);
  const plain = [...single, ...[...words].sort()].map((token) => token.replaceAll(' ', 'Ġ').replaceAll('\n', 'Ċ'));
  const vocab = Object.fromEntries([...special, ...plain].map((token, id) => [token, id]));
  const added = special.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const tokenizerJson = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Split', pattern: { Regex: PIECES }, behavior: 'Isolated', invert: false }, bytes],
    },
    post_processor: null,
    decoder: bytes,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab,
      merges: [],
    },
  };
  return {
    files: {
      'tokenizer.json': tokenizerJson,
      'tokenizer_config.json': {
        tokenizer_class: 'PreTrainedTokenizerFast',
        clean_up_tokenization_spaces: false,
        bos_token: null,
        eos_token: END,
        pad_token: END,
        chat_template: CHAT_TEMPLATE,
      },
      'generation_config.json': { eos_token_id: vocab[END], pad_token_id: vocab[END] },
    },
    vocabSize: special.length + plain.length,
    endId: vocab[END],
  };
}
