import {
  add,
  div,
  exp,
  gather,
  input,
  log,
  type Program,
  reshape,
  slice,
  sub,
  sum,
  topK,
  type Value,
  variable,
} from '../../compute/graph';
import { type ComputeDType, forward, logits, type ParamLookup } from '../families';
import type { ModelConfig } from '../weights';

/** The static sizes of a pair of decoding programs. */
export interface DecodeShape {
  /** B rows decoded side by side. */
  readonly batch: number;
  /** P: tokens that the longest prompt may have. */
  readonly promptTokens: number;
  /** S: slots of the cache; prompt and completion together. */
  readonly cacheTokens: number;
  /** K: candidates that each step hands to the sampler. */
  readonly candidates: number;
  /** Whether logits are divided by a temperature that is neither 0 nor 1. */
  readonly tempered: boolean;
}

/** The variable that holds the last step's logits f32 [B,V], read only when the candidates do not decide a draw. */
export const LOGITS_VARIABLE = 'generate.logits';

/**
 * `prefill` writes the prompts' keys and values into the cache and gives the candidates for the first token; `decode` does the
 * same for one more token a row. Prompts lie at the left, padding (segment -1) behind them: each row counts its own slots, and
 * what padding wrote is overwritten by decoding before any token sees it.
 *
 * prefill: tokens, positions, segments, slots i32 [B,P], last i32 [B] (row of [B·P] of each prompt's last token).
 * decode: tokens, positions, slots i32 [B,1]; a slot is seen once it is written, so segments play no part.
 * Both give values f32 [B,K], ids i32 [B,K], logSum f32 [B]; if tempered, they also take temperature f32 [] and give
 * logSumTempered f32 [B], the log of the sum at that temperature.
 */
export function decodePrograms(
  config: ModelConfig,
  params: ParamLookup,
  computeDtype: ComputeDType,
  shape: DecodeShape,
): readonly Program[] {
  const { batch: B, promptTokens: P, cacheTokens } = shape;
  const pass = (name: string, T: number, attend: 'tokens' | 'cache'): Program => {
    const tokens = input('tokens', [B, T], 'i32');
    const positions = input('positions', [B, T], 'i32');
    const segments = input('segments', [B, T], 'i32');
    const slots = input('slots', [B, T], 'i32');
    const { hidden } = forward(
      config,
      params,
      { tokens, positions, segments },
      { computeDtype, cache: { maxTokens: cacheTokens, slots, keySegments: null, attend } },
    );
    const rows = reshape(hidden, [B * T, config.hiddenSize]);
    const picked = T === 1 ? rows : gather(rows, input('last', [B], 'i32'));
    return candidateProgram(name, logits(config, params, picked, computeDtype), shape);
  };
  return [pass('prefill', P, 'tokens'), pass('decode', 1, 'cache')];
}

function candidateProgram(name: string, scores: Value, { candidates, tempered }: DecodeShape): Program {
  const [B, V] = scores.shape;
  const { values, indices } = topK(scores, candidates);
  const peak = slice(values, [0, 0], [B, 1]);
  const fromPeak = sub(scores, peak);
  const logSum = (shifted: Value, top: Value): Value => add(log(sum(exp(shifted), [1])), reshape(top, [B]));
  const outputs: Record<string, Value> = { values, ids: indices, logSum: logSum(fromPeak, peak) };
  if (tempered) {
    const temperature = input('temperature', [], 'f32');
    outputs.logSumTempered = logSum(div(fromPeak, temperature), div(peak, temperature));
  }
  return { name, outputs, updates: [{ variable: variable(LOGITS_VARIABLE, [B, V], 'f32'), value: scores }] };
}
