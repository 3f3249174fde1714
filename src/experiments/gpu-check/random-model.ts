import type { HostTensor } from '../../compute/graph';
import { contentHash, InternalError, RandomStream } from '../../core';
import type { Tokenizer } from '../../model/tokens';
import { expectedTensors, type ModelConfig, type ModelFiles, type TensorSource } from '../../model/weights';

const base = {
  family: 'llama',
  ropeTheta: 500_000,
  ropeScaling: null,
  rmsEps: 1e-5,
  tieEmbeddings: true,
  attentionBias: false,
} as const;

/**
 * Shapes of the training run. `1b` is that of Llama 3.2 1B; `small` is that of SmolLM2 135M with a tenth of its layers; `tiny` runs in
 * seconds on any CPU.
 */
export const CHECK_SIZES = {
  tiny: {
    model: { ...base, vocabSize: 512, hiddenSize: 64, layers: 2, heads: 4, kvHeads: 2, headDim: 16, mlpSize: 192 },
    batch: 4,
    tokens: 32,
  },
  small: {
    model: { ...base, vocabSize: 49_152, hiddenSize: 576, layers: 3, heads: 9, kvHeads: 3, headDim: 64, mlpSize: 1536 },
    batch: 4,
    tokens: 128,
  },
  '1b': {
    model: {
      ...base,
      vocabSize: 128_256,
      hiddenSize: 2048,
      layers: 16,
      heads: 32,
      kvHeads: 8,
      headDim: 64,
      mlpSize: 8192,
    },
    batch: 12,
    tokens: 512,
  },
} as const;
export type CheckSize = keyof typeof CHECK_SIZES;

/** Values drawn once and laid into every tensor from another place on: a billion separate draws would take minutes. */
const DRAWN = (1 << 20) + 7;

/**
 * A model of this shape out of nothing: norms of 1, everything else uniform with standard deviation 0.02, each tensor made when it is
 * read. It has no text: its tokenizer throws.
 */
export function randomModel(shape: Omit<ModelConfig, 'maxPositions'>, name: string, seed: number): ModelFiles {
  const config: ModelConfig = { ...shape, maxPositions: 4096 };
  const shapes = expectedTensors(config);
  const random = new RandomStream(`gpu-check/${seed}`);
  const bound = 0.02 * Math.sqrt(3);
  const drawn = Float32Array.from({ length: DRAWN }, () => (2 * random.uniform() - 1) * bound);
  const names = Object.keys(shapes);
  const tensors: TensorSource = {
    files: [],
    names: () => names,
    info: (tensor) => ({ shape: shapes[tensor], stored: 'F32' }),
    read: (tensor): HostTensor => {
      const size = shapes[tensor].reduce((product, axis) => product * axis, 1);
      const data = new Float32Array(size);
      if (tensor.endsWith('norm.weight')) data.fill(1);
      else {
        let from = (names.indexOf(tensor) * 7919) % DRAWN;
        for (let at = 0; at < size; ) {
          const piece = drawn.subarray(from, Math.min(DRAWN, from + size - at));
          data.set(piece, at);
          at += piece.length;
          from = 0;
        }
      }
      return { shape: shapes[tensor], dtype: 'f32', data };
    },
    // Readers of stored bytes have none to read here: every tensor is f32 and comes from `read`.
    close: () => {},
  } as TensorSource;
  return {
    id: name,
    path: name,
    config,
    tensors,
    tokenizer: wordless(config.vocabSize),
    hash: contentHash({ config, seed, drawn: DRAWN }),
    close: () => {},
  };
}

function wordless(vocabSize: number): Tokenizer {
  const refuse = (): never => {
    throw new InternalError('randomModel: a random model has no text.');
  };
  return {
    encode: refuse,
    decode: refuse,
    renderChat: refuse,
    stopTokenIds: new Set<number>(),
    specialTokens: [],
    padTokenId: 0,
    vocabSize,
    defaultSystem: 'none',
    hash: 'random model',
  } as Tokenizer;
}
