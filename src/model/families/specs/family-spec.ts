/** The fields of a Hugging Face config.json that decide whether a family's graph gives the model's numbers. */
export interface HuggingFaceFacts {
  readonly attention_bias?: boolean | null;
  readonly mlp_bias?: boolean | null;
  readonly use_sliding_window?: boolean | null;
  readonly layer_types?: readonly string[] | null;
}

/**
 * All that sets one model family apart from another: what its graph adds to the common decoder, and how its two kinds of
 * file are read. The common decoder has RMSNorm before each block, rotary positions, grouped-query attention and SwiGLU.
 */
export interface FamilySpec {
  /** The releases it covers, for messages. */
  readonly title: string;
  /** Whether q, k and v add a bias; 'as stored': if the file holds such tensors. */
  readonly attentionBias: 'always' | 'never' | 'as stored';
  /** Queries and keys pass an RMSNorm per head, gain [E], before the rotation. */
  readonly headNorms: boolean;
  readonly huggingFace: {
    /** `model_type` in config.json. */
    readonly modelType: string;
    /** What transformers takes for keys that config.json leaves out; headDim null stands for D / H. */
    readonly defaults: {
      readonly ropeTheta: number;
      readonly rmsEps: number;
      readonly maxPositions: number;
      readonly headDim: number | null;
    };
    /** What in a config would change the numbers and is not built, one phrase each. */
    readonly unbuilt: (config: HuggingFaceFacts) => readonly string[];
  };
  readonly gguf: {
    /** `general.architecture`, and the first word of the keys of its metadata. */
    readonly architecture: string;
    /** llama.cpp's converter lays the rotary partners of q and k side by side; the reader sets them apart again. */
    readonly rotaryPairsAdjacent: boolean;
    /** Names inside `blk.N.` beyond the common ones → Hugging Face names inside `model.layers.N.`. */
    readonly layerNames: Readonly<Record<string, string>>;
  };
}

/** The phrases of the options that several families have under one name. */
export function unbuiltOptions(config: HuggingFaceFacts): string[] {
  const problems: string[] = [];
  if (config.attention_bias) problems.push('attention_bias puts a bias on the output projection, which is not built');
  if (config.mlp_bias) problems.push('mlp_bias is not built');
  if (config.use_sliding_window) problems.push('use_sliding_window is not built');
  const other = (config.layer_types ?? []).filter((type) => type !== 'full_attention');
  if (other.length > 0) problems.push(`layer_types "${other[0]}" is not built`);
  return problems;
}
