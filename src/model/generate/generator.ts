import { emptyData, type HostTensor, sizeOf } from '../../compute/graph';
import { ConfigError, throwIfAborted, yieldToEventLoop } from '../../core';
import type { Adapter } from '../adapters';
import { cacheVariables, type LoadedModel, paramVariables } from '../families';
import { CANDIDATES, type DecodeShape, neededShape, serves } from './decode-shape';
import { type ModelSession, openModelSession } from './model-session';
import { decodePrograms, LOGITS_VARIABLE } from './programs';
import { commonPrefix, drawsOf, prefillFeeds, prefixFeeds, Row, writeFeeds } from './rows';
import { type Candidates, sampleToken } from './sampler';
import { type Completion, type GenerateOptions, type Prompt, resolveSampling, type Sampling } from './types';

/** A prefix shared by all prompts is read once from this many tokens on. */
const MIN_PREFIX = 16;

/** One call of `generate` while it runs. */
interface Call {
  readonly session: ModelSession['session'];
  readonly shape: DecodeShape;
  readonly sampling: Sampling;
  /** What the programs read of the rule of drawing. */
  readonly rule: { readonly temperature: Record<string, HostTensor>; readonly filters: Record<string, HostTensor> };
  /** Tokens that all prompts share and that are in the cache of every row. */
  readonly prefix: number;
  readonly waiting: Prompt[];
  readonly rows: (Row | null)[];
  passes: number;
  tokens: number;
}

/**
 * A model with or without an adapter, ready to write completions. Its programs and cache are made for the shape of the first call
 * and kept for later ones that fit. The model's weights are shared, and the decode loop keeps its own copy of them in the order in
 * which its kernels read them; an adapter stays beside them, so that another can take its place at once.
 */
export class Generator {
  private current: { readonly shape: DecodeShape; readonly open: ModelSession } | null = null;

  /** `candidates`: likeliest tokens of a step among which a draw is decided in the graph; past them the host decides it. */
  constructor(
    private readonly model: LoadedModel,
    private adapter: Adapter | null,
    private readonly candidates = CANDIDATES,
  ) {}

  /**
   * The adapter of later calls. The programs stay where the generator has had an adapter of at least this rank and these targets;
   * else the next call makes new ones.
   */
  setAdapter(adapter: Adapter | null): void {
    this.adapter = adapter;
    if (this.current && !this.current.open.setAdapter(adapter)) this.dispose();
  }

  /**
   * One completion a prompt, in the order of the prompts. A row whose completion ends takes the next prompt at once. Tokens that
   * all prompts begin with are read once. A prompt's random numbers come from the seed and its id alone, so its completion does
   * not depend on what else is in the batch (up to the rounding of differently shaped products).
   * Throws ConfigError for settings out of range, an empty prompt, an id given twice, or a prompt and maxNewTokens
   * longer than the model's positions; AbortedError between two runs of at most 32 tokens a row.
   */
  async generate(prompts: readonly Prompt[], options: GenerateOptions): Promise<Completion[]> {
    const sampling = resolveSampling(options);
    checkPrompts(prompts, this.model, sampling);
    if (prompts.length === 0) return [];
    const call = this.start(prompts, sampling);
    const done = new Map<string, Completion>();
    const begun = performance.now();
    while (done.size < prompts.length) {
      if (mayAdmit(call)) this.admit(call);
      else this.write(call);
      const finished = this.leave(call);
      for (const completion of finished) done.set(completion.id, completion);
      if (finished.length > 0) options.onBatch?.(finished);
      options.onProgress?.({
        what: 'generate',
        done: done.size,
        total: prompts.length,
        unit: 'completions',
        detail: {
          steps: call.passes,
          tokens: call.tokens,
          savedTokens: call.prefix * (prompts.length - 1),
          seconds: (performance.now() - begun) / 1000,
        },
      });
      await yieldToEventLoop();
      if (done.size < prompts.length)
        throwIfAborted(options.signal, 'generate', 'Completions that onBatch has not been given are lost');
    }
    return prompts.map(({ id }) => done.get(id)!);
  }

  dispose(): void {
    this.current?.open.session.dispose();
    this.current = null;
  }

  private start(prompts: readonly Prompt[], sampling: Sampling): Call {
    const common = commonPrefix(prompts);
    const { session, shape } = this.sessionFor(prompts, common < MIN_PREFIX ? 0 : common, sampling);
    const prefix = shape.prefixTokens === 0 || common < MIN_PREFIX ? 0 : Math.min(common, shape.prefixTokens);
    if (prefix > 0) session.run('prefix', prefixFeeds(shape, prompts[0], prefix, this.model.tokenizer.padTokenId));
    const { temperature, topK, topP } = sampling;
    const scalar = (dtype: 'f32' | 'i32', value: number): HostTensor => ({
      shape: [],
      dtype,
      data: dtype === 'f32' ? Float32Array.of(value) : Int32Array.of(value),
    });
    const { topK: filtersTopK, topP: filtersTopP } = shape.filters;
    return {
      session,
      shape,
      sampling,
      rule: {
        temperature: shape.tempered ? { temperature: scalar('f32', temperature) } : {},
        filters: {
          ...(filtersTopK ? { topK: scalar('i32', topK!) } : {}),
          ...(filtersTopP ? { topP: scalar('f32', topP!) } : {}),
        },
      },
      prefix,
      waiting: [...prompts],
      rows: Array.from({ length: shape.batch }, () => null),
      passes: 0,
      tokens: 0,
    };
  }

  /** Reads the next prompts into free rows and writes the first token of each. */
  private admit(call: Call): void {
    const { session, shape, sampling, rows, waiting } = call;
    const { stopTokenIds, padTokenId } = this.model.tokenizer;
    const free = [...rows.keys()].filter((at) => rows[at] === null).slice(0, shape.group);
    const newcomers = waiting.splice(0, free.length).map((prompt, i) => ({
      row: new Row(prompt, drawsOf(prompt, sampling.seed), sampling.maxNewTokens, stopTokenIds),
      at: free[i],
    }));
    const result = session.run('prefill', {
      ...prefillFeeds(shape, newcomers, call.prefix, padTokenId),
      ...call.rule.temperature,
    });
    const host = this.hostSampler(call, result, LOGITS_VARIABLE.prefill);
    newcomers.forEach(({ row, at }, n) => {
      host(row, n);
      rows[at] = row;
    });
    call.tokens += newcomers.length;
  }

  /** Up to CHUNK tokens of every row that runs. */
  private write(call: Call): void {
    const { session, shape, rows, rule } = call;
    const running = rows.filter((row) => row !== null).length;
    const result = session.run('write', {
      ...writeFeeds(shape, rows, keptRunning(call, running)),
      ...rule.temperature,
      ...rule.filters,
    });
    const passes = result.passes.data[0];
    const chunk = result.written.shape[1];
    const host = this.hostSampler(call, result, LOGITS_VARIABLE.write);
    rows.forEach((row, b) => {
      if (!row) return;
      let pass = 0;
      for (; pass < passes && !row.ended && result.written.data[b * chunk + pass] >= 0; pass++)
        row.write(result.written.data[b * chunk + pass], result.logprobs.data[b * chunk + pass]);
      call.tokens += pass;
      if (row.ended || pass === passes) return;
      host(row, b);
      call.tokens += 1;
    });
    call.passes += passes;
  }

  /** Draws a row's next token from the candidates at place n of a result, or from all of its logits. */
  private hostSampler(
    { session, shape, sampling }: Call,
    result: Record<string, HostTensor>,
    logitsVariable: string,
  ): (row: Row, n: number) => void {
    const { candidates: K } = shape;
    const V = this.model.config.vocabSize;
    let all: Float32Array | null = null;
    const allLogits = (n: number): Float32Array => {
      all ??= session.read([logitsVariable])[logitsVariable].data as Float32Array;
      return all.subarray(n * V, (n + 1) * V);
    };
    return (row, n) => {
      const candidates: Candidates = {
        logits: (result.values.data as Float32Array).subarray(n * K, (n + 1) * K),
        ids: (result.ids.data as Int32Array).subarray(n * K, (n + 1) * K),
        logNormalizer: (result.logSumTempered ?? result.logSum).data[n],
      };
      const token = sampleToken(candidates, sampling, row.upcoming(1)[0], () => allLogits(n));
      const rank = candidates.ids.indexOf(token);
      row.write(token, (rank < 0 ? allLogits(n)[token] : candidates.logits[rank]) - result.logSum.data[n]);
    };
  }

  /** The completions that have ended; their rows are free. */
  private leave({ rows }: Call): Completion[] {
    const finished: Completion[] = [];
    rows.forEach((row, at) => {
      if (!row?.ended) return;
      const tokenIds = Int32Array.from(row.tokens);
      const text = this.model.tokenizer.decode(tokenIds, { skipSpecial: true });
      finished.push({ id: row.prompt.id, text, tokenIds, truncated: row.ended === 'length', logprob: row.logprob });
      rows[at] = null;
    });
    return finished;
  }

  private sessionFor(prompts: readonly Prompt[], common: number, sampling: Sampling) {
    const needed = neededShape(prompts, common, sampling, this.model.config, this.candidates);
    if (!this.current || !serves(this.current.shape, needed)) {
      this.dispose();
      this.current = { shape: needed.shape, open: openDecodeSession(this.model, this.adapter, needed.shape) };
    }
    return { session: this.current.open.session, shape: this.current.shape };
  }
}

/** Whether prompts are read now: as many as a group holds have room, or all that wait. */
function mayAdmit({ rows, waiting, shape }: Call): boolean {
  const free = rows.filter((row) => row === null).length;
  return waiting.length > 0 && free >= Math.min(shape.group, waiting.length);
}

/**
 * How many rows may go on running when the loop ends. With prompts waiting it ends when there is room for a group; drawing, when an
 * eighth of the rows has left it, which may be for the host to draw their token.
 */
function keptRunning({ rows, waiting, shape }: Call, running: number): number {
  const leaving = [];
  if (waiting.length > 0) leaving.push(Math.min(shape.group, waiting.length) - (rows.length - running));
  if (shape.filters.samples) leaving.push(Math.ceil(running / 8));
  return leaving.length === 0 ? 0 : Math.max(0, running - Math.min(...leaving));
}

/** The session of a shape with an empty cache. */
function openDecodeSession(model: LoadedModel, adapter: Adapter | null, shape: DecodeShape): ModelSession {
  const { config, computeDtype } = model;
  const { stopTokenIds } = model.tokenizer;
  const params = paramVariables(config, computeDtype);
  const open = openModelSession(model, adapter, {
    kind: 'apart',
    programs: (graph) => decodePrograms({ config, params, computeDtype, adapter: graph, stopTokenIds }, shape),
  });
  try {
    const cache = cacheVariables(config, shape.batch, shape.cacheTokens, computeDtype).map(
      ({ name, shape: size, dtype }) => [name, { shape: size, dtype, data: emptyData(dtype, sizeOf(size)) }] as const,
    );
    // All at once: each set of variables that is assigned costs TensorFlow a pass over the whole graph, 70 ms here.
    open.session.assign(Object.fromEntries(cache));
  } catch (error) {
    open.session.dispose();
    throw error;
  }
  return open;
}

function checkPrompts(prompts: readonly Prompt[], { config }: LoadedModel, { maxNewTokens }: Sampling): void {
  const seen = new Set<string>();
  for (const { id, ids } of prompts) {
    if (ids.length === 0)
      throw new ConfigError(`generate: a prompt must have tokens, got none (prompt "${id}"). Add text.`);
    if (seen.has(id)) throw new ConfigError(`generate: prompt ids must differ, got "${id}" twice. Rename one.`);
    seen.add(id);
    if (ids.length + maxNewTokens > config.maxPositions)
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
