import {
  add,
  cast,
  constant,
  equal,
  fill,
  gather,
  greater,
  input,
  logicalAnd,
  logicalNot,
  loop,
  type Program,
  reshape,
  sub,
  sum,
  transpose,
  type Value,
  variable,
  where,
} from '../../compute/graph';
import type { AdapterGraph } from '../adapters';
import { type ComputeDType, forward, type KvCache, type ParamLookup } from '../families';
import type { ModelConfig } from '../weights';
import { type CandidateValues, candidateValues } from './candidates';
import type { DecodeShape } from './decode-shape';
import { type DrawRule, drawToken, isAnyOf } from './draw';

/** What the programs are made of besides their sizes. */
export interface DecodeModel {
  readonly config: ModelConfig;
  readonly params: ParamLookup;
  readonly computeDtype: ComputeDType;
  readonly adapter: AdapterGraph | null;
  readonly stopTokenIds: ReadonlySet<number>;
}

/** Passes of one run of `write`. */
export const CHUNK = 32;

/** The variables that hold the last logits f32 [N,V] and [B,V], read only when the candidates do not decide a draw. */
export const LOGITS_VARIABLE = { prefill: 'generate.prefillLogits', write: 'generate.logits' } as const;

/**
 * Prompts lie at the left, padding behind them: each row counts its own slots, and what padding wrote is overwritten by decoding
 * before any token sees it. A row that has ended can take another prompt while the others go on.
 *
 * `prefix` (only with prefixTokens): tokens, positions, segments, slots i32 [1,X] → read f32 []; its keys and values go to all rows.
 * `prefill`: tokens, positions, slots i32 [N,P], rows i32 [N] (rows of the cache), last i32 [N] (row of [N·P] of each prompt's last
 * token), without a prefix also segments i32 [N,P], if tempered temperature f32 [] → values f32 [N,K], ids i32 [N,K],
 * logSum f32 [N], if tempered logSumTempered f32 [N]: the candidates for the first token.
 * `write`: up to CHUNK tokens a row, see `writeProgram`; it keeps the weights packed, a second copy of them.
 */
export function decodePrograms(model: DecodeModel, shape: DecodeShape): readonly Program[] {
  const programs = [prefillProgram(model, shape), writeProgram(model, shape)];
  return shape.prefixTokens > 0 ? [prefixProgram(model, shape), ...programs] : programs;
}

function prefixProgram(model: DecodeModel, { batch: B, prefixTokens: X, cacheTokens }: DecodeShape): Program {
  const grid = (name: string): Value => input(name, [1, X], 'i32');
  const ids = constant(
    Int32Array.from({ length: B }, (_, b) => b),
    [B],
    'i32',
  );
  const { hidden } = forward(
    model.config,
    model.params,
    { tokens: grid('tokens'), positions: grid('positions'), segments: grid('segments') },
    {
      ...shared(model),
      adapterApart: true,
      cache: {
        maxTokens: cacheTokens,
        rows: { count: B, ids },
        slots: grid('slots'),
        keySegments: null,
        attend: 'tokens',
      },
    },
  );
  return { name: 'prefix', outputs: { read: sum(hidden) }, updates: [] };
}

function prefillProgram(model: DecodeModel, shape: DecodeShape): Program {
  const { batch: B, group: N, promptTokens: P, cacheTokens, prefixTokens } = shape;
  const grid = (name: string): Value => input(name, [N, P], 'i32');
  const cache: KvCache = {
    maxTokens: cacheTokens,
    rows: { count: B, ids: input('rows', [N], 'i32') },
    slots: grid('slots'),
    keySegments: null,
    attend: prefixTokens > 0 ? 'cache' : 'tokens',
  };
  const inputs = { tokens: grid('tokens'), positions: grid('positions'), segments: grid('segments') };
  const { hidden } = forward(model.config, model.params, inputs, { ...shared(model), adapterApart: true, cache });
  const picked = gather(reshape(hidden, [N * P, model.config.hiddenSize]), input('last', [N], 'i32'));
  const temperature = shape.tempered ? input('temperature', [], 'f32') : null;
  const { scores, ...candidates } = candidateValues(model, picked, shape.candidates, temperature, false);
  return {
    name: 'prefill',
    outputs: outputsOf(candidates, shape),
    updates: [{ variable: variable(LOGITS_VARIABLE.prefill, scores.shape, 'f32'), value: scores }],
  };
}

/** What the host draws from. */
function outputsOf(candidates: Omit<CandidateValues, 'scores'>, { tempered }: DecodeShape): Record<string, Value> {
  const { logSumTempered, ...rest } = candidates;
  return tempered ? { ...rest, logSumTempered } : rest;
}

/** One token a row: tokens, slots i32 [B,1] → final hidden rows f32 [B,D]. */
function step(model: DecodeModel, shape: DecodeShape, tokens: Value, slots: Value): Value {
  const { hidden } = forward(
    model.config,
    model.params,
    // The cache tells what is seen, so the segments are not read.
    { tokens, positions: slots, segments: tokens },
    {
      ...shared(model),
      constantWeights: true,
      cache: { maxTokens: shape.cacheTokens, slots, keySegments: null, attend: 'cache' },
    },
  );
  return reshape(hidden, [shape.batch, model.config.hiddenSize]);
}

function shared({ computeDtype, adapter }: DecodeModel) {
  return { computeDtype, lora: adapter?.lora ?? null };
}

/**
 * The decode loop inside the graph. tokens, slots i32 [B,1]: each row's last token and the slot it goes to; left i32 [B]: tokens that
 * the row may still write, 0 for a row that does not run; keep i32 []: the loop ends when no more than so many rows run;
 * and, as the rule of drawing needs them, uniforms f32 [B,CHUNK], one a token, temperature f32 [], topK i32 [], topP f32 [].
 * → written i32 [B,CHUNK], -1 where a row wrote nothing; logprobs f32 [B,CHUNK]; passes i32 [].
 * A row stops running at a stop token, at its length, and where its draw is not decided by the candidates. The last kind has written
 * less than there were passes, and the host draws its next token: values f32 [B,K], ids i32 [B,K], logSum, logSumTempered f32 [B]
 * and the variable of logits hold what it drew from.
 */
function writeProgram(model: DecodeModel, shape: DecodeShape): Program {
  const { batch: B, candidates: K, filters, tempered } = shape;
  const { samples } = filters;
  const one = (name: string): Value => input(name, [B, 1], 'i32');
  const temperature = tempered ? input('temperature', [], 'f32') : null;
  const rule: DrawRule = {
    temperature: samples ? (temperature ?? fill(1, [], 'f32')) : null,
    topK: filters.topK ? input('topK', [], 'i32') : null,
    topP: filters.topP ? input('topP', [], 'f32') : null,
  };
  const uniforms = samples ? transpose(input('uniforms', [B, CHUNK], 'f32')) : null;
  const keep = input('keep', [], 'i32');
  const column = (x: Value): Value => reshape(x, [B, 1]);
  const place = constant(
    Int32Array.from({ length: CHUNK }, (_, i) => i),
    [1, CHUNK],
    'i32',
  );
  const start = {
    pass: fill(0, [], 'i32'),
    tokens: one('tokens'),
    slots: one('slots'),
    left: input('left', [B], 'i32'),
    written: fill(-1, [B, CHUNK], 'i32'),
    logprobs: fill(0, [B, CHUNK], 'f32'),
  };
  const undecided: CandidateValues = {
    scores: fill(0, [B, model.config.vocabSize], 'f32'),
    values: fill(0, [B, K], 'f32'),
    ids: fill(0, [B, K], 'i32'),
    logSum: fill(0, [B], 'f32'),
    logSumTempered: fill(0, [B], 'f32'),
  };
  const { state, iterations } = loop<Record<string, Value>>({
    state: samples ? { ...start, ...undecided } : start,
    condition: ({ left }) => greater(sum(cast(greater(left, 0), 'i32')), keep),
    maxIterations: CHUNK,
    body: ({ pass, tokens, slots, left, written, logprobs, ...earlier }) => {
      const hidden = step(model, shape, tokens, slots);
      const candidates = candidateValues(model, hidden, K, temperature, true);
      const uniform = uniforms ? reshape(gather(uniforms, reshape(pass, [1])), [B]) : fill(0, [B], 'f32');
      const { token, logprob, decided } = drawToken(candidates, rule, uniform);
      const runs = greater(left, 0);
      const writes = logicalAnd(runs, decided);
      const next = where(logicalAnd(writes, logicalNot(isAnyOf(token, model.stopTokenIds))), sub(left, 1), 0);
      const goesOn = column(greater(next, 0));
      const here = logicalAnd(equal(place, pass), column(writes));
      const leaves = logicalAnd(runs, logicalNot(decided));
      const kept = Object.entries(earlier).map(([name, before]) => {
        const now = candidates[name as keyof CandidateValues];
        return [name, where(now.shape.length > 1 ? column(leaves) : leaves, now, before)] as const;
      });
      return {
        pass: add(pass, 1),
        // A row that does not go on writes the same token to the same slot again.
        tokens: where(goesOn, column(token), tokens),
        slots: where(goesOn, add(slots, 1), slots),
        left: next,
        written: where(here, column(token), written),
        logprobs: where(here, column(logprob), logprobs),
        ...Object.fromEntries(kept),
      };
    },
  });
  const { written, logprobs, scores, values, ids, logSum, logSumTempered } = state;
  const outputs = { written, logprobs, passes: iterations };
  if (!samples) return { name: 'write', outputs, updates: [] };
  return {
    name: 'write',
    outputs: { ...outputs, ...outputsOf({ values, ids, logSum, logSumTempered }, shape) },
    updates: [{ variable: variable(LOGITS_VARIABLE.write, scores.shape, 'f32'), value: scores }],
  };
}
