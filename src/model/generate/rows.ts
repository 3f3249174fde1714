import type { HostTensor } from '../../compute/graph';
import { RandomStream } from '../../core';
import type { DecodeShape } from './decode-shape';
import { CHUNK } from './programs';
import type { Prompt } from './types';

/** One prompt while its completion is written. */
export class Row {
  readonly tokens: number[] = [];
  logprob = 0;
  ended: 'stop' | 'length' | null = null;
  /** Draws that the graph was offered and has not used. */
  private readonly ahead: number[] = [];

  constructor(
    readonly prompt: Prompt,
    private readonly stream: RandomStream,
    private readonly maxNewTokens: number,
    private readonly stopTokenIds: ReadonlySet<number>,
  ) {}

  /** Tokens that may still be written. */
  get left(): number {
    return this.ended ? 0 : this.maxNewTokens - this.tokens.length;
  }

  /** The slot of the last token, which is not in the cache yet. */
  get slot(): number {
    return this.prompt.ids.length + this.tokens.length - 1;
  }

  /** The next draws, each one to be used for one token. */
  upcoming(count: number): readonly number[] {
    while (this.ahead.length < count) this.ahead.push(this.stream.uniform());
    return this.ahead.slice(0, count);
  }

  /** Takes a token with its log-probability, and with it the next draw. */
  write(token: number, logprob: number): void {
    this.upcoming(1);
    this.ahead.shift();
    this.logprob += logprob;
    if (this.stopTokenIds.has(token)) this.ended = 'stop';
    else {
      this.tokens.push(token);
      if (this.tokens.length >= this.maxNewTokens) this.ended = 'length';
    }
  }
}

/** The stream of draws of a prompt: of the seed and its id alone. */
export function drawsOf(prompt: Prompt, seed: number | string): RandomStream {
  return new RandomStream(seed).fork('sampling').fork(prompt.id);
}

/** Tokens that all prompts begin with, at least one less than the shortest has; 0 for fewer than two prompts. */
export function commonPrefix(prompts: readonly Prompt[]): number {
  if (prompts.length < 2) return 0;
  const [first] = prompts;
  let length = Math.min(...prompts.map(({ ids }) => ids.length)) - 1;
  for (const { ids } of prompts) {
    let same = 0;
    while (same < length && ids[same] === first.ids[same]) same++;
    length = same;
  }
  return length;
}

/** What `prefix` reads: the first `length` tokens of a prompt. */
export function prefixFeeds({ prefixTokens: X }: DecodeShape, { ids }: Prompt, length: number, pad: number) {
  const range = Int32Array.from({ length: X }, (_, i) => i);
  const grid = (data: Int32Array): HostTensor => ({ shape: [1, X], dtype: 'i32', data });
  return {
    tokens: grid(range.map((i) => (i < length ? ids[i] : pad))),
    segments: grid(range.map((i) => (i < length ? 1 : -1))),
    slots: grid(range),
    positions: grid(range),
  };
}

/**
 * What `prefill` reads: prompts behind their first `prefix` tokens, each for a row of the cache. A group that is not full repeats its
 * last prompt, which writes the same values to the same row again.
 */
export function prefillFeeds(
  { group: N, promptTokens: P, prefixTokens }: DecodeShape,
  newcomers: readonly { readonly row: Row; readonly at: number }[],
  prefix: number,
  pad: number,
): Record<string, HostTensor> {
  const full = Array.from({ length: N }, (_, n) => newcomers[Math.min(n, newcomers.length - 1)]);
  const tokens = new Int32Array(N * P).fill(pad);
  const segments = new Int32Array(N * P).fill(-1);
  const slots = Int32Array.from({ length: N * P }, (_, i) => prefix + (i % P));
  full.forEach(({ row: { prompt } }, n) => {
    const rest = prompt.ids.subarray(prefix);
    tokens.set(rest, n * P);
    segments.fill(1, n * P, n * P + rest.length);
  });
  const last = full.map(({ row: { prompt } }, n) => n * P + prompt.ids.length - prefix - 1);
  const grid = (data: Int32Array): HostTensor => ({ shape: [N, P], dtype: 'i32', data });
  const list = (data: readonly number[]): HostTensor => ({ shape: [N], dtype: 'i32', data: Int32Array.from(data) });
  return {
    tokens: grid(tokens),
    slots: grid(slots),
    positions: grid(slots),
    rows: list(full.map(({ at }) => at)),
    last: list(last),
    ...(prefixTokens > 0 ? {} : { segments: grid(segments) }),
  };
}

/** What `write` reads besides the rule of drawing; a row that does not run writes over the last slot and is not read again. */
export function writeFeeds(
  { batch: B, cacheTokens, filters }: DecodeShape,
  rows: readonly (Row | null)[],
  keep: number,
): Record<string, HostTensor> {
  const list = (shape: readonly number[], of: (row: Row) => number, none: number): HostTensor => ({
    shape,
    dtype: 'i32',
    data: Int32Array.from(rows, (row) => (row ? of(row) : none)),
  });
  const uniforms = new Float32Array(B * CHUNK);
  if (filters.samples)
    rows.forEach((row, b) => {
      if (row) uniforms.set(row.upcoming(Math.min(CHUNK, row.left)), b * CHUNK);
    });
  return {
    tokens: list([B, 1], ({ tokens }) => tokens.at(-1)!, 0),
    slots: list([B, 1], ({ slot }) => slot, cacheTokens - 1),
    left: list([B], ({ left }) => left, 0),
    keep: { shape: [], dtype: 'i32', data: Int32Array.of(keep) },
    ...(filters.samples ? { uniforms: { shape: [B, CHUNK], dtype: 'f32', data: uniforms } as HostTensor } : {}),
  };
}
