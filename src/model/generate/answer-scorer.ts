import type { Program } from '../../compute/graph';
import { type LongCall, throwIfAborted, yieldToEventLoop } from '../../core';
import type { Adapter } from '../adapters';
import type { LoadedModel } from '../families';
import { answerGraph } from './answer-graph';
import { type AnswerShape, answerFeeds, answerShape } from './answer-layout';
import type { AnswerTokens } from './answer-tokens';
import { type ModelSession, openModelSession } from './model-session';

/** The next token of one prompt, as far as the answers go. */
export interface AnswerScores {
  /** Scores of the answers, in their order. */
  readonly scores: readonly number[];
  /** Probabilities of the answers among themselves, at temperature 1. */
  readonly probabilities: readonly number[];
  /** Share of the whole next-token distribution that the answers have together, 0 to 1. */
  readonly mass: number;
}

/** Prompts of one pass. */
const PASS_PROMPTS = 64;

/**
 * Asks a model, with or without an adapter, for one forced token a prompt. The arithmetic is that of training: the adapter meets
 * each weight in one product, nothing is merged into bf16 weights.
 */
export class AnswerScorer {
  private readonly shape: AnswerShape;
  private readonly open: ModelSession;

  /** `examples` show the common prefix and the greatest length of the prompts to come; see `answerShape` for what is thrown. */
  constructor(
    model: LoadedModel,
    adapter: Adapter | null,
    answers: AnswerTokens,
    examples: readonly Int32Array[],
    passPrompts = PASS_PROMPTS,
  ) {
    const shape = answerShape(examples, passPrompts, model.config.maxPositions);
    this.shape = shape;
    this.open = openModelSession(model, adapter, {
      kind: 'apart',
      programs: (graph) => [answerProgram(model, shape, answers, graph?.lora ?? null)],
    });
  }

  /** The adapter of later calls; false, and nothing changes, where the session was made for none or for a smaller one. */
  setAdapter(adapter: Adapter | null): boolean {
    return this.open.setAdapter(adapter);
  }

  /** Scores of each prompt, in order. Throws DataError for a prompt that does not fit the shape, AbortedError between passes. */
  async ask(prompts: readonly Int32Array[], { signal, onProgress }: LongCall = {}): Promise<AnswerScores[]> {
    const found: AnswerScores[] = [];
    for (let start = 0; start < prompts.length; start += this.shape.prompts) {
      throwIfAborted(signal, 'AnswerScorer', 'Answers of this call are lost');
      const part = prompts.slice(start, start + this.shape.prompts);
      const { scores, logMass } = this.open.session.run('answers', answerFeeds(this.shape, part));
      const width = scores.shape[1];
      part.forEach((_, b) => {
        const row = [...(scores.data as Float32Array).subarray(b * width, (b + 1) * width)];
        found.push({ scores: row, probabilities: softmaxOf(row), mass: Math.min(1, Math.exp(logMass.data[b])) });
      });
      onProgress?.({ what: 'ask', done: found.length, total: prompts.length, unit: 'prompts' });
      await yieldToEventLoop();
    }
    return found;
  }

  dispose(): void {
    this.open.session.dispose();
  }
}

/** The program `answers`: feeds of `answerFeeds` → scores f32 [B,A], logMass f32 [B]. */
function answerProgram(
  model: LoadedModel,
  shape: AnswerShape,
  answers: AnswerTokens,
  lora: Parameters<typeof answerGraph>[3],
): Program {
  // A session that unpacked a 4-bit base holds plain weights.
  const { scores, logMass } = answerGraph({ ...model, quantisation: 'none' }, shape, answers, lora);
  return { name: 'answers', outputs: { scores, logMass }, updates: [] };
}

/** e^x over its sum, in float64. */
export function softmaxOf(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const parts = scores.map((score) => Math.exp(score - most));
  const total = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / total);
}
