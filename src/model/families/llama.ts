import type { DecoderTraits } from './decoder';

/** Llama 2 and 3 and what follows their layout (SmolLM2, TinyLlama): no biases. */
export const llama: DecoderTraits = { biases: [] };
