import { type FamilySpec, unbuiltOptions } from './family-spec';

/** Qwen 3, dense: no biases, an RMSNorm on every query and key head, a head width of its own. */
export const qwen3: FamilySpec = {
  title: 'Qwen 3 (dense)',
  attentionBias: 'never',
  headNorms: true,
  huggingFace: {
    modelType: 'qwen3',
    defaults: { ropeTheta: 10_000, rmsEps: 1e-6, maxPositions: 32_768, headDim: 128 },
    unbuilt: unbuiltOptions,
  },
  gguf: {
    architecture: 'qwen3',
    rotaryPairsAdjacent: false,
    layerNames: { attn_q_norm: 'self_attn.q_norm', attn_k_norm: 'self_attn.k_norm' },
  },
};
