import { type FamilySpec, unbuiltOptions } from './family-spec';

/** Llama 2 and 3 and what follows their layout (SmolLM2, TinyLlama). */
export const llama: FamilySpec = {
  title: 'Llama 2 and 3, SmolLM2',
  attentionBias: 'as stored',
  headNorms: false,
  huggingFace: {
    modelType: 'llama',
    defaults: { ropeTheta: 10_000, rmsEps: 1e-6, maxPositions: 2_048, headDim: null },
    unbuilt: unbuiltOptions,
  },
  gguf: { architecture: 'llama', rotaryPairsAdjacent: true, layerNames: {} },
};
