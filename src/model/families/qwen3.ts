import type { DecoderTraits } from './decoder';

/** Qwen 3 (dense): no biases, an RMSNorm on every query and key head. */
export const qwen3: DecoderTraits = { biases: () => [], headNorms: true };
