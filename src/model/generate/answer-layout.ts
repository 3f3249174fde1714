import type { HostTensor } from '../../compute/graph';
import { ConfigError, DataError } from '../../core';

/**
 * The static sizes of a pass over prompts that each wait for one token. Prompts stand side by side in rows of `tokens` places
 * behind one copy of the prefix that all share: a place costs the same wherever it stands, and the prefix is read once a row.
 */
export interface AnswerShape {
  readonly prompts: number;
  readonly rows: number;
  /** Prompts of one row. */
  readonly perRow: number;
  /** The tokens that every prompt begins with. */
  readonly prefix: Int32Array;
  /** Longest rest behind the prefix. */
  readonly tail: number;
  /** Places of a row: prefix + perRow · tail. */
  readonly tokens: number;
}

/** Attention is quadratic in a row, and past this it costs more than the prefix saves. */
const ROW_TOKENS = 208;

/**
 * The shape for `prompts` prompts at a time, of which `examples` show the common prefix and the greatest length.
 * Throws ConfigError for no example, an empty one, or one longer than the model's positions.
 */
export function answerShape(examples: readonly Int32Array[], prompts: number, maxPositions: number): AnswerShape {
  const longest = examples.reduce((most, { length }) => Math.max(most, length), 0);
  const shortest = examples.reduce((least, { length }) => Math.min(least, length), Number.POSITIVE_INFINITY);
  if (examples.length === 0 || shortest === 0 || longest > maxPositions || prompts < 1)
    throw new ConfigError(
      `answerShape: there must be prompts of 1 to ${maxPositions} tokens, got ${examples.length} examples of ${Number.isFinite(shortest) ? shortest : 0} to ${longest} tokens for ${prompts} prompts. Shorten them or choose a model with more positions.`,
    );
  const [first] = examples;
  // The last token of a prompt is its own: it is where the answer is read.
  let shared = shortest - 1;
  for (const ids of examples) {
    let same = 0;
    while (same < shared && ids[same] === first[same]) same++;
    shared = same;
  }
  const tail = longest - shared;
  const most = Math.max(1, Math.floor((ROW_TOKENS - shared) / tail));
  const rows = Math.ceil(prompts / most);
  const perRow = Math.ceil(prompts / rows);
  return { prompts, rows, perRow, prefix: first.slice(0, shared), tail, tokens: shared + perRow * tail };
}

/**
 * Lays prompts into a shape: tokens, positions, segments i32 [R,T] (the prefix is segment 0, seen by all; padding -1) and
 * places i32 [B], the place of each prompt's last token among R·T. Fewer prompts than the shape holds leave places at 0.
 * Throws DataError for more prompts than fit, one with another prefix, and one that is too long.
 */
export function answerFeeds(shape: AnswerShape, prompts: readonly Int32Array[]): Record<string, HostTensor> {
  const { rows: R, tokens: T, perRow, prefix, tail } = shape;
  if (prompts.length > shape.prompts)
    throw new DataError(`answerFeeds: at most ${shape.prompts} prompts fit, got ${prompts.length}. Cut them in parts.`);
  const tokens = new Int32Array(R * T);
  const positions = new Int32Array(R * T);
  const segments = new Int32Array(R * T).fill(-1);
  const places = new Int32Array(shape.prompts);
  for (let row = 0; row < R; row++)
    for (let t = 0; t < prefix.length; t++) {
      tokens[row * T + t] = prefix[t];
      positions[row * T + t] = t;
      segments[row * T + t] = 0;
    }
  prompts.forEach((ids, b) => {
    const rest = ids.length - prefix.length;
    if (rest < 1 || rest > tail || prefix.some((id, t) => ids[t] !== id))
      throw new DataError(
        `answerFeeds: a prompt must begin with the ${prefix.length} tokens of the shape and have 1 to ${tail} more, got ${ids.length} tokens${rest < 1 || rest > tail ? '' : ' that begin otherwise'} (prompt ${b}). Give answerShape an example like it.`,
      );
    const column = b % perRow;
    const start = Math.floor(b / perRow) * T + prefix.length + column * tail;
    for (let t = 0; t < rest; t++) {
      tokens[start + t] = ids[prefix.length + t];
      positions[start + t] = prefix.length + t;
      segments[start + t] = column + 1;
    }
    places[b] = start + rest - 1;
  });
  const i32 = (data: Int32Array, of: readonly number[]): HostTensor => ({ shape: of, dtype: 'i32', data });
  return {
    tokens: i32(tokens, [R, T]),
    positions: i32(positions, [R, T]),
    segments: i32(segments, [R, T]),
    places: i32(places, [shape.prompts]),
  };
}
