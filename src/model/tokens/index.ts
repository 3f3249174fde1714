export type { DefaultSystem } from './chat-template';
export { type DroppedExample, type EncodedExample, encodeChatExample, encodePrompt } from './encode-chat';
export { tokenizerFromGguf } from './gguf-tokenizer';
export { readJson, tokenizerFromFolder } from './huggingface-tokenizer';
export { createTokenizer, type Tokenizer, type TokenizerFiles, type TokenizerOptions } from './tokenizer';
