import { ConfigError } from '../../core';
import type { ModelConfig } from '../weights';
import { type DecoderTraits, decoderForward } from './decoder';
import { FAMILY_NAMES, FAMILY_SPECS } from './specs';
import type { ForwardInput, ForwardOptions, ForwardResult, ParamLookup } from './types';

/** What a family adds to the common decoder. Throws ConfigError if it is not one we have. */
export function familyTraits(family: ModelConfig['family']): DecoderTraits {
  if (!Object.hasOwn(FAMILY_SPECS, family))
    throw new ConfigError(
      `forward: the model's family must be one of ${FAMILY_NAMES.join(', ')}, got "${family}" (model config). Use a model of these families.`,
    );
  const { headNorms } = FAMILY_SPECS[family];
  return { headNorms, biases: (config) => (config.attentionBias ? ['q_proj', 'k_proj', 'v_proj'] : []) };
}

/**
 * The forward pass of a model: tokens, positions, segments i32 [B,T] → hidden f32 [B,T,D] after the final norm.
 * Token i sees token j if j ≤ i and (segments[j] = segments[i] or segments[j] = 0): one rule for padding (-1),
 * packing (1, 2, ...) and a prefix shared by several texts (0). With `options.cache` keys and values live in
 * session variables. Throws ShapeError if the inputs disagree.
 */
export function forward(
  config: ModelConfig,
  params: ParamLookup,
  inputs: ForwardInput,
  options: ForwardOptions,
): ForwardResult {
  return decoderForward(familyTraits(config.family), config, params, inputs, options);
}
