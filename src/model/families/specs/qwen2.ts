import { type FamilySpec, unbuiltOptions } from './family-spec';

/** Qwen 2 and 2.5: biases on queries, keys and values. */
export const qwen2: FamilySpec = {
  title: 'Qwen 2 and 2.5',
  attentionBias: 'always',
  headNorms: false,
  huggingFace: {
    modelType: 'qwen2',
    defaults: { ropeTheta: 10_000, rmsEps: 1e-6, maxPositions: 32_768, headDim: null },
    unbuilt: unbuiltOptions,
  },
  gguf: { architecture: 'qwen2', rotaryPairsAdjacent: false, layerNames: {} },
};
