import { FAMILY_NAMES, FAMILY_SPECS, type FamilyName } from '../families/specs';

/** GGUF names of tensors outside the layers → Hugging Face names. */
const GLOBAL_NAMES: Readonly<Record<string, string>> = {
  'token_embd.weight': 'model.embed_tokens.weight',
  'output_norm.weight': 'model.norm.weight',
  'output.weight': 'lm_head.weight',
};

/** GGUF names inside `blk.N.` that all families share → Hugging Face names inside `model.layers.N.`. */
const LAYER_NAMES: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/** The family that a file of this `general.architecture` belongs to, or null. */
export function familyOfArchitecture(architecture: unknown): FamilyName | null {
  return FAMILY_NAMES.find((name) => FAMILY_SPECS[name].gguf.architecture === architecture) ?? null;
}

/** The Hugging Face name of a GGUF tensor, or null if the family has no such tensor. */
export function huggingFaceName(name: string, family: FamilyName | null): string | null {
  if (Object.hasOwn(GLOBAL_NAMES, name)) return GLOBAL_NAMES[name];
  const names = { ...LAYER_NAMES, ...(family ? FAMILY_SPECS[family].gguf.layerNames : {}) };
  const parts = /^blk\.(\d+)\.([a-z_]+)\.(weight|bias)$/.exec(name);
  if (!parts || !Object.hasOwn(names, parts[2])) return null;
  return `model.layers.${parts[1]}.${names[parts[2]]}.${parts[3]}`;
}

/**
 * Undoes the row order that llama.cpp's converter gives the query and key projections of the llama architecture.
 * The file pairs rotary partners (rows 2j and 2j+1 of a head); Hugging Face keeps them apart (j and j + E/2).
 * rows [heads·E, columns] → a new array of the same shape.
 * Source: `permute` in llama.cpp's conversion of Llama models.
 */
export function unpermuteRotary(data: Float32Array, heads: number, columns: number): Float32Array {
  const headDim = data.length / columns / heads;
  const out = new Float32Array(data.length);
  for (let head = 0; head < heads; head++) {
    for (let pair = 0; pair < headDim / 2; pair++) {
      for (let half = 0; half < 2; half++) {
        const from = (head * headDim + 2 * pair + half) * columns;
        const to = (head * headDim + half * (headDim / 2) + pair) * columns;
        out.set(data.subarray(from, from + columns), to);
      }
    }
  }
  return out;
}
