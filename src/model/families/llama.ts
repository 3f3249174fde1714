import type { DecoderTraits } from './decoder';

/** Llama 2 and 3 and what follows their layout (SmolLM2, TinyLlama): biases on q, k, v only if the config says so. */
export const llama: DecoderTraits = {
  biases: (config) => (config.attentionBias ? ['q_proj', 'k_proj', 'v_proj'] : []),
  headNorms: false,
};
