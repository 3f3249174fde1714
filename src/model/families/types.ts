import type { DType, Value } from '../../compute/graph';

/** The projections of one layer that a low-rank adapter can sit on, in the order in which a layer uses them. */
export const PROJECTIONS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;
export type Projection = (typeof PROJECTIONS)[number];

export type ComputeDType = Extract<DType, 'f32' | 'bf16'>;

/**
 * A tensor of the base model by its Hugging Face name; the same name gives the same Value. One that has to be computed (an
 * unpacked weight) is not computed before `after`, where that is given: it needs nothing but variables, so that an executor
 * would unpack all layers before the first one.
 */
export type ParamLookup = (name: string, after?: Value) => Value;

/** One low-rank pair as PEFT stores it: a [R,Din], b [Dout,R], both in the compute dtype. */
export interface LoraPair {
  readonly a: Value;
  readonly b: Value;
}

/**
 * The adapter of one forward pass: y = x·Wᵀ + scale · dropout(x)·Aᵀ·Bᵀ.
 * `dropout` null means rate 0; in f32 the product is then folded into one: x·(W + scale·B·A)ᵀ.
 * `dropout.seed` is i32 [2]; every projection draws its own mask from it.
 */
export interface LoraInput {
  readonly scale: number;
  readonly pair: (layer: number, projection: Projection) => LoraPair | null;
  readonly dropout: { readonly rate: number; readonly seed: Value } | null;
}

/**
 * What a forward pass reads; all i32.
 * tokens [B,T]; positions [B,T] for the rotation, each below `positionLimit`; segments [B,T]: token i sees token j
 * if j ≤ i and (segments[j] = segments[i] or segments[j] = 0). Padding has segment -1; 0 is a prefix that every
 * later segment sees.
 */
export interface ForwardInput {
  readonly tokens: Value;
  readonly positions: Value;
  readonly segments: Value;
}

/**
 * A key/value cache in session variables. For each layer two variables of [B·K·maxTokens, E] in the compute dtype
 * (`cacheVariables` names them): row (b·K + k)·maxTokens + s holds slot s of row b, so that no step transposes it.
 *
 * slots i32 [B,T]: the slot each of the given tokens is written to; token i sees slot j if j ≤ slots[i].
 * keySegments i32 [B,maxTokens] or null: adds the rule of segments over slots (-1 hides a slot). With right-padded
 * prompts it is not needed: the padding lies behind the newest slot and is overwritten by decoding. With attend 'cache'
 * and null here the program does not read `segments`.
 * attend 'tokens': the given tokens see only each other (a prompt written into an empty cache);
 * 'cache': they see the cache after the write (a decode step, or a prompt continued).
 */
export interface KvCache {
  readonly maxTokens: number;
  /**
   * Null: the cache has the rows of the pass. Else it has `count`, and row b of the pass is its row ids[b], ids i32 [B] (a row may
   * be named again by a row of the same tokens); a pass of one row may name several with attend 'tokens', and is written to each.
   */
  readonly rows?: { readonly count: number; readonly ids: Value } | null;
  readonly slots: Value;
  readonly keySegments: Value | null;
  readonly attend: 'tokens' | 'cache';
}

export interface ForwardOptions {
  readonly computeDtype: ComputeDType;
  readonly lora?: LoraInput | null;
  readonly cache?: KvCache | null;
  /**
   * The products' weights are variables that are not set again once the program has run (`constantB` of matmul): a kernel may
   * keep them packed, a second copy for each program that asks for it. For decoding, where few rows meet each weight and an
   * adapter stays apart from it: x·Wᵀ + scale·(x·Aᵀ)·Bᵀ, summed in f32. No gradients.
   */
  readonly constantWeights?: boolean;
  /** An adapter is summed that way beside weights that are not constant too: for so few rows that W + s·B·A would cost a good part. */
  readonly adapterApart?: boolean;
  /** One more than the largest position that occurs; default: T, or maxTokens with a cache. */
  readonly positionLimit?: number;
}

/** hidden f32 [B,T,D] after the final norm; layerInputs f32 [B·T,D] at the mouth of each layer (for recompute). */
export interface ForwardResult {
  readonly hidden: Value;
  readonly layerInputs: readonly Value[];
}
