import type { Session } from '../../compute/backends';
import { emptyData, type HostTensor, sizeOf } from '../../compute/graph';
import { ConfigError, type LongCall, RandomStream, throwIfAborted, yieldToEventLoop } from '../../core';
import type { Adapter } from '../adapters';
import { cacheVariables, type LoadedModel, paramVariables } from '../families';
import { openModelSession } from './model-session';
import { type DecodeShape, decodePrograms, LOGITS_VARIABLE } from './programs';
import { type Candidates, sampleToken } from './sampler';
import { type Completion, type GenerateOptions, type Prompt, resolveSampling, type Sampling } from './types';

/** Shapes are rounded up to this many tokens, so that calls of similar lengths share their programs. */
const BUCKET = 32;
/** Candidates a step hands over when sampling: past them the whole row of logits is read. */
const CANDIDATES = 128;

/** One row of a batch while it is decoded. */
interface Row {
  readonly prompt: Prompt;
  readonly stream: RandomStream;
  readonly tokens: number[];
  logprob: number;
  ended: 'stop' | 'length' | null;
}

/**
 * A model with or without an adapter, ready to write completions. Its programs and cache are made for the shape of the first
 * call and kept for later ones that fit. The adapter is merged into the generator's own copy of the weights.
 */
export class Generator {
  private current: { readonly shape: DecodeShape; readonly session: Session } | null = null;

  constructor(
    private readonly model: LoadedModel,
    private readonly adapter: Adapter | null,
  ) {}

  /**
   * One completion a prompt, in the order of the prompts. A prompt's random numbers come from the seed and its id alone, so its
   * completion does not depend on what else is in the batch (up to the rounding of differently shaped products).
   * Throws ConfigError for settings out of range, an empty prompt, an id given twice, or a prompt and maxNewTokens
   * longer than the model's positions; AbortedError between two tokens.
   */
  async generate(prompts: readonly Prompt[], options: GenerateOptions): Promise<Completion[]> {
    const sampling = resolveSampling(options);
    checkPrompts(prompts, this.model, sampling);
    if (prompts.length === 0) return [];
    const session = this.sessionFor(prompts, sampling);
    const shape = this.current!.shape;
    const byLength = [...prompts].sort((a, b) => a.ids.length - b.ids.length);
    const done = new Map<string, Completion>();
    const progress = { tokens: 0, start: performance.now() };
    for (let first = 0; first < byLength.length; first += shape.batch) {
      const rows = byLength.slice(first, first + shape.batch).map((prompt) => newRow(prompt, sampling.seed));
      await this.decodeBatch(session, shape, rows, sampling, options, () => {
        progress.tokens += 1;
        options.onProgress?.({
          what: 'generate',
          done: done.size + rows.filter((row) => row.ended).length,
          total: prompts.length,
          unit: 'completions',
          detail: { steps: progress.tokens, seconds: (performance.now() - progress.start) / 1000 },
        });
      });
      const finished = rows.map((row) => this.completion(row));
      for (const completion of finished) done.set(completion.id, completion);
      options.onBatch?.(finished);
    }
    return prompts.map(({ id }) => done.get(id)!);
  }

  dispose(): void {
    this.current?.session.dispose();
    this.current = null;
  }

  private async decodeBatch(
    session: Session,
    shape: DecodeShape,
    rows: readonly Row[],
    sampling: Sampling,
    { signal }: LongCall,
    onStep: () => void,
  ): Promise<void> {
    const { batch } = shape;
    const temperature: Record<string, HostTensor> = shape.tempered
      ? { temperature: { shape: [], dtype: 'f32', data: Float32Array.of(sampling.temperature) } }
      : {};
    const { stopTokenIds } = this.model.tokenizer;
    let step = session.run('prefill', {
      ...prefillFeeds(shape, rows, this.model.tokenizer.padTokenId),
      ...temperature,
    });
    for (let written = 0; ; written++) {
      this.choose(session, shape, rows, step, sampling, stopTokenIds);
      onStep();
      if (rows.every((row) => row.ended)) return;
      await yieldToEventLoop();
      throwIfAborted(signal, 'generate', 'Completions of this call are lost');
      // A row that has ended, and one that only fills the batch, writes over its last slot and is not read again.
      const slotOf = (row: Row | undefined): number =>
        row ? Math.min(row.prompt.ids.length + written, shape.cacheTokens - 1) : 0;
      const slots = Int32Array.from({ length: batch }, (_, b) => slotOf(rows[b]));
      step = session.run('decode', {
        tokens: column(Int32Array.from({ length: batch }, (_, b) => rows[b]?.tokens.at(-1) ?? 0)),
        positions: column(slots),
        slots: column(slots),
        ...temperature,
      });
    }
  }

  /** Appends one token to each row that has not ended. */
  private choose(
    session: Session,
    shape: DecodeShape,
    rows: readonly Row[],
    step: Record<string, HostTensor>,
    sampling: Sampling,
    stopTokenIds: ReadonlySet<number>,
  ): void {
    const { candidates: K } = shape;
    const V = this.model.config.vocabSize;
    const values = step.values.data as Float32Array;
    const ids = step.ids.data as Int32Array;
    let all: Float32Array | null = null;
    const allLogits = (b: number): Float32Array => {
      all ??= session.read([LOGITS_VARIABLE])[LOGITS_VARIABLE].data as Float32Array;
      return all.subarray(b * V, (b + 1) * V);
    };
    rows.forEach((row, b) => {
      if (row.ended) return;
      const candidates: Candidates = {
        logits: values.subarray(b * K, (b + 1) * K),
        ids: ids.subarray(b * K, (b + 1) * K),
        logNormalizer: (step.logSumTempered ?? step.logSum).data[b],
      };
      const token = sampleToken(candidates, sampling, row.stream.uniform(), () => allLogits(b));
      const rank = candidates.ids.indexOf(token);
      row.logprob += (rank < 0 ? allLogits(b)[token] : candidates.logits[rank]) - step.logSum.data[b];
      if (stopTokenIds.has(token)) row.ended = 'stop';
      else {
        row.tokens.push(token);
        if (row.tokens.length >= sampling.maxNewTokens) row.ended = 'length';
      }
    });
  }

  private completion({ prompt, tokens, logprob, ended }: Row): Completion {
    const tokenIds = Int32Array.from(tokens);
    const text = this.model.tokenizer.decode(tokenIds, { skipSpecial: true });
    return { id: prompt.id, text, tokenIds, truncated: ended === 'length', logprob };
  }

  private sessionFor(prompts: readonly Prompt[], sampling: Sampling): Session {
    const promptTokens = roundUp(Math.max(...prompts.map(({ ids }) => ids.length)));
    const { vocabSize } = this.model.config;
    const needed: DecodeShape = {
      batch: Math.min(sampling.batchSize, prompts.length),
      promptTokens,
      cacheTokens: roundUp(promptTokens + sampling.maxNewTokens),
      candidates: sampling.temperature === 0 ? 1 : Math.min(vocabSize, Math.max(CANDIDATES, sampling.topK ?? 0)),
      tempered: sampling.temperature !== 0 && sampling.temperature !== 1,
    };
    const known = this.current;
    if (known && fits(known.shape, needed)) return known.session;
    this.dispose();
    const session = openSession(this.model, this.adapter, needed);
    this.current = { shape: needed, session };
    return session;
  }
}

/** The session of a shape with an empty cache. */
function openSession(model: LoadedModel, adapter: Adapter | null, shape: DecodeShape): Session {
  const { config, computeDtype } = model;
  const session = openModelSession(
    model,
    adapter,
    decodePrograms(config, paramVariables(config, computeDtype), computeDtype, shape),
  );
  try {
    for (const { name, shape: size, dtype } of cacheVariables(config, shape.batch, shape.cacheTokens, computeDtype))
      session.assign({ [name]: { shape: size, dtype, data: emptyData(dtype, sizeOf(size)) } });
  } catch (error) {
    session.dispose();
    throw error;
  }
  return session;
}

/** Whether programs of one shape serve another without much waste. */
function fits(known: DecodeShape, needed: DecodeShape): boolean {
  const within = (a: number, b: number, slack: number): boolean => a >= b && a <= b + slack;
  return (
    known.batch >= needed.batch &&
    known.candidates >= needed.candidates &&
    known.tempered === needed.tempered &&
    within(known.promptTokens, needed.promptTokens, 2 * BUCKET) &&
    within(known.cacheTokens, needed.cacheTokens, 4 * BUCKET)
  );
}

function newRow(prompt: Prompt, seed: number | string): Row {
  return {
    prompt,
    stream: new RandomStream(seed).fork('sampling').fork(prompt.id),
    tokens: [],
    logprob: 0,
    ended: null,
  };
}

function prefillFeeds(
  { batch, promptTokens: P }: DecodeShape,
  rows: readonly Row[],
  pad: number,
): Record<string, HostTensor> {
  const size = batch * P;
  const tokens = new Int32Array(size).fill(pad);
  const segments = new Int32Array(size).fill(-1);
  const slots = Int32Array.from({ length: size }, (_, i) => i % P);
  const last = Int32Array.from({ length: batch }, (_, b) => b * P + (rows[b]?.prompt.ids.length ?? 1) - 1);
  rows.forEach(({ prompt: { ids } }, b) => {
    tokens.set(ids, b * P);
    segments.fill(1, b * P, b * P + ids.length);
  });
  const grid = (data: Int32Array): HostTensor => ({ shape: [batch, P], dtype: 'i32', data });
  return {
    tokens: grid(tokens),
    segments: grid(segments),
    slots: grid(slots),
    positions: grid(slots),
    ...(P === 1 ? {} : { last: { shape: [batch], dtype: 'i32', data: last } as HostTensor }),
  };
}

function checkPrompts(prompts: readonly Prompt[], { config }: LoadedModel, { maxNewTokens }: Sampling): void {
  const seen = new Set<string>();
  for (const { id, ids } of prompts) {
    if (ids.length === 0)
      throw new ConfigError(`generate: a prompt must have tokens, got none (prompt "${id}"). Add text.`);
    if (seen.has(id)) throw new ConfigError(`generate: prompt ids must differ, got "${id}" twice. Rename one.`);
    seen.add(id);
    if (roundUp(ids.length) + maxNewTokens > config.maxPositions)
      throw new ConfigError(
        `generate: prompt and completion must fit ${config.maxPositions} positions, got ${ids.length} + ${maxNewTokens} tokens ` +
          `(prompt "${id}"). Shorten the prompt or lower maxNewTokens.`,
      );
    const bad = ids.find((token) => token < 0 || token >= config.vocabSize);
    if (bad !== undefined)
      throw new ConfigError(
        `generate: token ids must be 0 to ${config.vocabSize - 1}, got ${bad} (prompt "${id}"). Encode it with this model's tokenizer.`,
      );
  }
}

function column(data: Int32Array): HostTensor {
  return { shape: [data.length, 1], dtype: 'i32', data };
}

function roundUp(tokens: number): number {
  return Math.ceil(tokens / BUCKET) * BUCKET;
}
