import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import type { BatchSettings } from './batch-settings';
import { messageParams } from './client';
import { GarbledAnswer } from './failures';
import type { ClaudeRequest } from './types';

const count = z.number().int().nonnegative();

// Not strict, as with messages: the API adds fields over time.
const batchShape = z.object({
  id: z.string().regex(/^[\w-]{1,200}$/),
  type: z.literal('message_batch'),
  processing_status: z.string(),
  created_at: z.string().refine((text) => !Number.isNaN(Date.parse(text))),
  archived_at: z.string().nullish(),
  results_url: z.string().nullish(),
  request_counts: z.object({ processing: count, succeeded: count, errored: count, canceled: count, expired: count }),
});

const pageShape = z.object({
  data: z.array(batchShape),
  has_more: z.boolean(),
  last_id: z.string().nullish(),
});

const lineShape = z.object({
  custom_id: z.string(),
  result: z.discriminatedUnion('type', [
    z.object({ type: z.literal('succeeded'), message: z.unknown() }),
    z.object({
      type: z.literal('errored'),
      error: z.object({ error: z.object({ type: z.string(), message: z.string() }) }),
    }),
    z.object({ type: z.literal('canceled') }),
    z.object({ type: z.literal('expired') }),
  ]),
});

/** What came of one request of a batch. */
export type BatchLine = z.infer<typeof lineShape>;

/** A batch, as far as it is looked at. */
export interface BatchState {
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly hasEnded: boolean;
  /** False before the end, and again when the results have been deleted. */
  readonly hasResults: boolean;
  readonly requests: number;
  /** Not ended yet. */
  readonly processing: number;
}

/** What a submission sends of a request. */
export interface SubmittedRequest {
  readonly customId: string;
  readonly request: ClaudeRequest;
}

const pageSize = 100;
/** The SDK's own time limit must not fire before ours (milliseconds). */
const sdkMarginMs = 5_000;

/** A request as it stands in the body of a batch. */
export function batchRequest({ customId, request }: SubmittedRequest): Anthropic.Messages.BatchCreateParams.Request {
  return { custom_id: customId, params: messageParams(request) };
}

/**
 * The calls of the Message Batches API, each sent once and with a time limit on its whole answer.
 * They throw the SDK's errors, the network's, and GarbledAnswer if an answer is not what the API sends.
 */
export class BatchApi {
  constructor(
    private readonly client: Anthropic,
    private readonly settings: BatchSettings,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Submits a batch. An abort does not break it off: what is under way must come to an answer. */
  async create(requests: readonly SubmittedRequest[]): Promise<BatchState> {
    const { createMs } = this.settings;
    const options = { signal: AbortSignal.timeout(createMs), timeout: createMs + sdkMarginMs };
    const body = { requests: requests.map(batchRequest) };
    return stateOf(await read(this.client.messages.batches.create(body, options).asResponse(), batchShape));
  }

  async retrieve(id: string): Promise<BatchState> {
    return stateOf(await read(this.client.messages.batches.retrieve(id, {}, this.options()).asResponse(), batchShape));
  }

  /** Batches that were created at `since` or later (milliseconds since 1970), the newest first. */
  async *newest(since: number): AsyncGenerator<BatchState> {
    let after: string | null = null;
    for (;;) {
      const query = { limit: pageSize, ...(after === null ? {} : { after_id: after }) };
      const page: z.infer<typeof pageShape> = await read(
        this.client.messages.batches.list(query, this.options()).asResponse(),
        pageShape,
      );
      for (const batch of page.data) {
        if (Date.parse(batch.created_at) < since) return;
        yield stateOf(batch);
      }
      after = page.last_id ?? null;
      if (!page.has_more || after === null || page.data.length === 0) return;
    }
  }

  /**
   * The results of an ended batch, in no order. The address is built here and not taken from the batch, so that the key goes to no
   * other host than all requests do.
   */
  async *results(id: string): AsyncGenerator<BatchLine> {
    const silence = new AbortController();
    const { idleMs } = this.settings;
    let timer = setTimeout(() => silence.abort(), idleMs);
    const rearm = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), idleMs);
    };
    try {
      const signal = this.signal ? AbortSignal.any([this.signal, silence.signal]) : silence.signal;
      const options = { signal, timeout: idleMs + sdkMarginMs, headers: { accept: 'application/binary' } };
      const response = await this.client.get(`/v1/messages/batches/${id}/results`, options).asResponse();
      const requestId = response.headers.get('request-id');
      if (response.body === null) throw new GarbledAnswer('results without a body', requestId);
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        rearm();
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.trim()) yield readLine(line, requestId);
      }
      if (rest.trim()) yield readLine(rest, requestId);
    } finally {
      clearTimeout(timer);
      // Leaves no stream behind if the reader has seen enough.
      silence.abort();
    }
  }

  private options(): { signal: AbortSignal; timeout: number } {
    const { answerMs } = this.settings;
    const limit = AbortSignal.timeout(answerMs);
    return { signal: this.signal ? AbortSignal.any([this.signal, limit]) : limit, timeout: answerMs + sdkMarginMs };
  }
}

function readLine(text: string, requestId: string | null): BatchLine {
  return parsed(text, lineShape, requestId);
}

async function read<T>(answer: Promise<Response>, shape: z.ZodType<T>): Promise<T> {
  const response = await answer;
  return parsed(await response.text(), shape, response.headers.get('request-id'));
}

function parsed<T>(text: string, shape: z.ZodType<T>, requestId: string | null): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GarbledAnswer(`an answer of ${text.length} characters that is not JSON`, requestId);
  }
  const result = shape.safeParse(value);
  if (!result.success)
    throw new GarbledAnswer(`an answer of ${text.length} characters that is not of the Batches API`, requestId);
  return result.data;
}

function stateOf(batch: z.infer<typeof batchShape>): BatchState {
  const { processing, succeeded, errored, canceled, expired } = batch.request_counts;
  return {
    id: batch.id,
    createdAt: new Date(batch.created_at).toISOString(),
    hasEnded: batch.processing_status === 'ended',
    hasResults: batch.results_url != null && batch.archived_at == null,
    requests: processing + succeeded + errored + canceled + expired,
    processing,
  };
}
