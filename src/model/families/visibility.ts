import {
  add,
  cast,
  constant,
  equal,
  lessEqual,
  logicalAnd,
  logicalOr,
  mul,
  reshape,
  sub,
  type Value,
} from '../../compute/graph';

/** Far below any score in f32, yet finite: a row that sees nothing stays free of NaN. */
const HIDDEN = 1e9;

/**
 * What attention adds to its scores: 0 where token i sees token j, -1e9 elsewhere; f32 [B,1,T,T].
 * i sees j if j ≤ i and (segments[j] = segments[i] or segments[j] = 0). segments i32 [B,T].
 */
export function segmentBias(segments: Value): Value {
  const [B, T] = segments.shape;
  const index = Int32Array.from({ length: T }, (_, i) => i);
  const causal = lessEqual(constant(index, [1, 1, T], 'i32'), constant(index, [1, T, 1], 'i32'));
  return asBias(logicalAnd(sharesSegment(segments, segments), causal), [B, 1, T, T]);
}

/**
 * The same over the slots of a cache: token i sees slot j if j ≤ slots[i] and, with keySegments, the segments allow.
 * slots, segments i32 [B,T], keySegments i32 [B,S] or null → f32 [B,1,T,S].
 */
export function cacheBias(slots: Value, segments: Value, keySegments: Value | null, maxTokens: number): Value {
  const [B, T] = slots.shape;
  const index = constant(
    Int32Array.from({ length: maxTokens }, (_, j) => j),
    [1, 1, maxTokens],
    'i32',
  );
  const written = lessEqual(index, reshape(slots, [B, T, 1]));
  const visible = keySegments ? logicalAnd(sharesSegment(segments, keySegments), written) : written;
  return asBias(visible, [B, 1, T, maxTokens]);
}

/** [B,T] queries and [B,S] keys → bool [B,T,S]. */
function sharesSegment(queries: Value, keys: Value): Value {
  const [B, T] = queries.shape;
  const S = keys.shape[1];
  const keyRow = reshape(keys, [B, 1, S]);
  return logicalOr(equal(keyRow, reshape(queries, [B, T, 1])), equal(keyRow, 0));
}

function asBias(visible: Value, shape: readonly number[]): Value {
  return reshape(mul(sub(cast(visible, 'f32'), 1), HIDDEN), shape);
}

/**
 * Rows of the cache's variables that tokens at `slots` i32 [B,T] are written to: i32 [B·K·T]. With `ids` i32 [N] the pass's rows are
 * those rows of the cache (N = B), or its one row is each of them (B = 1): i32 [N·K·T].
 */
export function cacheRows(slots: Value, kvHeads: number, maxTokens: number, ids: Value | null = null): Value {
  const [B, T] = slots.shape;
  const N = ids ? ids.shape[0] : B;
  const heads = (count: number) => Int32Array.from({ length: count * kvHeads }, (_, i) => i * maxTokens);
  const first = ids
    ? add(mul(reshape(ids, [N, 1, 1]), kvHeads * maxTokens), constant(heads(1), [1, kvHeads, 1], 'i32'))
    : constant(heads(B), [B, kvHeads, 1], 'i32');
  return reshape(add(first, reshape(slots, [B, 1, T])), [N * kvHeads * T]);
}
