import { crossEntropy, gather, type HostTensor, input, type Program, reshape } from '../../compute/graph';
import { type LongCall, throwIfAborted, yieldToEventLoop } from '../../core';
import type { Adapter } from '../adapters';
import { forward, type LoadedModel, logits, paramVariables } from '../families';
import { type ModelSession, openModelSession } from './model-session';
import { layOutScores, type ScoreBatch, type ScoreItem, type ScoreShape } from './score-layout';

/** log p(text | prompt) of each text of an item, summed over its tokens, in nats. */
export interface TextScores {
  readonly id: string;
  readonly logprobs: readonly number[];
}

/** The same, token by token: one array of nats a text. */
export interface TokenScores extends TextScores {
  readonly tokens: readonly Float64Array[];
}

/** Sessions that a Scorer keeps; with an adapter each holds its own merged weights. */
const MAX_SESSIONS = 3;

/** Programs of one session, by name. */
interface Place {
  readonly open: ModelSession;
  readonly shapes: readonly ScoreShape[];
}

/**
 * Scores texts under a model with or without an adapter. Programs are made for the shapes that a call needs and are kept for
 * later calls.
 */
export class Scorer {
  private places: Place[] = [];

  constructor(
    private readonly model: LoadedModel,
    private adapter: Adapter | null,
  ) {}

  /** The adapter of later calls; programs that were made for an adapter of its rank and targets, or larger ones, stay. */
  setAdapter(adapter: Adapter | null): void {
    this.adapter = adapter;
    this.places = this.places.filter(({ open }) => {
      const stays = open.setAdapter(adapter);
      if (!stays) open.session.dispose();
      return stays;
    });
  }

  /**
   * The log-probability of each text after its item's prompt. The texts of an item stand in one row behind one copy of the
   * prompt, each blind to the others, and logits are made at their tokens alone; up to rounding this equals scoring them one by one.
   * Throws ConfigError for an empty prompt or text, an id given twice, or too many tokens; AbortedError between two batches.
   */
  async score(items: readonly ScoreItem[], { signal, onProgress }: LongCall = {}): Promise<TokenScores[]> {
    const batches = layOutScores(items, this.model.config.maxPositions);
    const scores = items.map(({ texts }) => texts.map((ids) => new Float64Array(ids.length)));
    const filled = items.map(({ texts }) => new Int32Array(texts.length));
    const total = batches.reduce((sum, { rows }) => sum + rows.length, 0);
    this.makeRoomFor(batches.map(({ shape }) => shape));
    let done = 0;
    let tokens = 0;
    const start = performance.now();
    for (const batch of batches) {
      throwIfAborted(signal, 'scoreTexts', 'Scores of this call are lost');
      const { open, shape } = this.placeOf(batch.shape)!;
      const { losses } = open.session.run(nameOf(shape), feedsOf({ shape, rows: batch.rows }));
      let at = 0;
      for (const row of batch.rows)
        for (const { of } of row.scored) scores[of.item][of.text][filled[of.item][of.text]++] = -losses.data[at++];
      done += batch.rows.length;
      tokens += batch.rows.reduce((sum, row) => sum + row.tokens.length, 0);
      const detail = { tokens, seconds: (performance.now() - start) / 1000 };
      onProgress?.({ what: 'score', done, total, unit: 'rows', detail });
      await yieldToEventLoop();
    }
    return items.map(({ id }, i) => ({
      id,
      logprobs: scores[i].map((tokens) => tokens.reduce((sum, value) => sum + value, 0)),
      tokens: scores[i],
    }));
  }

  dispose(): void {
    for (const { open } of this.places) open.session.dispose();
    this.places = [];
  }

  /** Makes one session of the shapes that no program fits; earlier sessions go when there are too many. */
  private makeRoomFor(shapes: readonly ScoreShape[]): void {
    if (shapes.every((shape) => this.placeOf(shape))) return;
    if (this.places.length >= MAX_SESSIONS) this.dispose();
    const missing = new Map(shapes.filter((shape) => !this.placeOf(shape)).map((shape) => [nameOf(shape), shape]));
    const made = [...missing.values()];
    const programs = made.map((shape) => scoreProgram(this.model, shape));
    this.places.push({ open: openModelSession(this.model, this.adapter, { kind: 'merged', programs }), shapes: made });
  }

  /** The program that a batch of this shape can run in. */
  private placeOf(needed: ScoreShape): { open: ModelSession; shape: ScoreShape } | null {
    for (const { open, shapes } of this.places) {
      const shape = shapes.find((known) => fits(known, needed));
      if (shape) return { open, shape };
    }
    return null;
  }
}

/** Whether a program of one shape serves another without much waste. */
function fits(known: ScoreShape, needed: ScoreShape): boolean {
  return (
    known.tokens === needed.tokens &&
    known.batch >= needed.batch &&
    known.batch <= 2 * needed.batch &&
    known.scored >= needed.scored
  );
}

/** `scorer.score` for one call. For several calls keep a Scorer: making its programs takes seconds. */
export async function scoreTexts(
  model: LoadedModel,
  adapter: Adapter | null,
  items: readonly ScoreItem[],
  call: LongCall = {},
): Promise<TokenScores[]> {
  const scorer = new Scorer(model, adapter);
  try {
    return await scorer.score(items, call);
  } finally {
    scorer.dispose();
  }
}

function nameOf({ batch, tokens, scored }: ScoreShape): string {
  return `score.${batch}x${tokens}.${scored}`;
}

/** tokens, positions, segments i32 [B,L], rows i32 [N] of [B·L], targets i32 [N] → losses f32 [N] = -log p(target). */
function scoreProgram({ config, computeDtype }: LoadedModel, shape: ScoreShape): Program {
  const { batch: B, tokens: L, scored: N } = shape;
  const params = paramVariables(config, computeDtype);
  const grid = (name: string) => input(name, [B, L], 'i32');
  const inputs = { tokens: grid('tokens'), positions: grid('positions'), segments: grid('segments') };
  const { hidden } = forward(config, params, inputs, { computeDtype });
  const picked = gather(reshape(hidden, [B * L, config.hiddenSize]), input('rows', [N], 'i32'));
  const losses = crossEntropy(logits(config, params, picked, computeDtype), input('targets', [N], 'i32'));
  return { name: nameOf(shape), outputs: { losses }, updates: [] };
}

/** Rows that only fill the batch are padding throughout; scored places that only fill the shape point at token 0. */
function feedsOf({ shape, rows }: ScoreBatch): Record<string, HostTensor> {
  const { batch: B, tokens: L, scored: N } = shape;
  const tokens = new Int32Array(B * L);
  const positions = new Int32Array(B * L);
  const segments = new Int32Array(B * L).fill(-1);
  const at = new Int32Array(N);
  const targets = new Int32Array(N);
  let n = 0;
  rows.forEach((row, b) => {
    tokens.set(row.tokens, b * L);
    positions.set(row.positions, b * L);
    segments.set(row.segments, b * L);
    for (const { column, target } of row.scored) {
      at[n] = b * L + column;
      targets[n++] = target;
    }
  });
  const i32 = (data: Int32Array, shape: readonly number[]): HostTensor => ({ shape, dtype: 'i32', data });
  return {
    tokens: i32(tokens, [B, L]),
    positions: i32(positions, [B, L]),
    segments: i32(segments, [B, L]),
    rows: i32(at, [N]),
    targets: i32(targets, [N]),
  };
}
