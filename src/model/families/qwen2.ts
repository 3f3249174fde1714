import type { DecoderTraits } from './decoder';

/** Qwen 2 and 2.5: biases on queries, keys and values. */
export const qwen2: DecoderTraits = { biases: () => ['q_proj', 'k_proj', 'v_proj'], headNorms: false };
