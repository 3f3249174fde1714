import type { ChatMessage } from '../../labels';
import { type Completion, generate } from '../../model/generate';
import { encodePrompt } from '../../model/tokens';
import type { ModelHost } from '../model-host';
import type { Candidate, WriteRequest, Writer, Written } from './writer';

export interface LocalWriterOptions {
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  /** Texts written side by side; not part of the result. */
  readonly batchSize?: number;
  /** The clock of `createdAt`. */
  readonly now?: () => Date;
}

/**
 * A local model as writer, in plain text: a text is the whole completion; a topic's first line is its headline, the rest its context.
 * Small models miss the form often; what fails is counted as with any writer. A request longer than the model's positions is not asked
 * and says so.
 */
export function localWriter(host: ModelHost, options: LocalWriterOptions): Writer {
  const { temperature, topP, seed, batchSize = 16, now = () => new Date() } = options;
  const { files } = host;
  const model = files.hash.slice(0, 12);
  const written = (request: WriteRequest, part: Partial<Written>): Written => ({
    id: request.id,
    candidates: [],
    unusable: null,
    said: null,
    missing: null,
    replyKey: null,
    model: `local ${model}`,
    costUsd: 0,
    createdAt: now().toISOString(),
    ...part,
  });
  return {
    id: `local ${model} temperature ${temperature} topP ${topP} seed ${seed}`,
    // Every headline that is named costs a small model reading time, and it hardly minds them.
    limits: { topicsPerRequest: 1, takenShown: 12 },
    async write(requests, call) {
      const answers = new Map<string, Written>();
      const byLength = new Map<number, { request: WriteRequest; ids: Int32Array }[]>();
      for (const request of requests) {
        const ids = encodePrompt(files.tokenizer, messagesOf(request));
        const room = files.config.maxPositions - request.maxTokens;
        if (ids.length > room) {
          const missing = `its prompt has ${ids.length} tokens, the model has room for ${room}`;
          answers.set(request.id, written(request, { missing }));
          continue;
        }
        const group = byLength.get(request.maxTokens);
        if (group) group.push({ request, ids });
        else byLength.set(request.maxTokens, [{ request, ids }]);
      }
      for (const [maxNewTokens, group] of byLength) {
        const asked = new Map(group.map(({ request }) => [request.id, request]));
        const keep = (completions: readonly Completion[]): void => {
          const fresh = completions
            .filter(({ id }) => !answers.has(id))
            .map((completion) =>
              written(asked.get(completion.id)!, readCompletion(completion, asked.get(completion.id)!)),
            );
          for (const answer of fresh) answers.set(answer.id, answer);
          if (fresh.length > 0) call.onWritten?.(fresh);
        };
        const loaded = await host.load({ signal: call.signal, onProgress: call.onProgress });
        const prompts = group.map(({ request, ids }) => ({ id: request.id, ids }));
        keep(
          await generate(loaded, null, prompts, {
            maxNewTokens,
            temperature,
            topP,
            seed,
            batchSize,
            onBatch: keep,
            ...(call.signal ? { signal: call.signal } : {}),
            ...(call.onProgress ? { onProgress: call.onProgress } : {}),
          }),
        );
      }
      return requests.map(({ id }) => answers.get(id)!);
    },
    estimate: () => null,
  };
}

function messagesOf({ system, user, plainFormat }: WriteRequest): ChatMessage[] {
  return [
    { role: 'system', content: system },
    { role: 'user', content: `${user}\n${plainFormat}` },
  ];
}

function readCompletion({ text, truncated }: Completion, { kind }: WriteRequest): Partial<Written> {
  if (truncated) return { unusable: 'cut off', said: text };
  const candidate: Candidate | null = kind === 'texts' ? { article: text } : readTopic(text);
  return candidate === null ? { unusable: 'not as asked', said: text } : { candidates: [candidate] };
}

function readTopic(text: string): Candidate | null {
  const [headline, ...rest] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return headline === undefined || rest.length === 0 ? null : { headline, context: rest.join(' ') };
}
