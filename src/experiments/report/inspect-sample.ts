import type { ChatMessage } from '../../labels';
import type { InspectGeneration, InspectMetadata, InspectSample, InspectScore } from './inspect-schema';

/** What a task gives to its log. */
export interface InspectParts {
  readonly samples: InspectSample[];
  readonly dataset: string;
  readonly generation: InspectGeneration;
  readonly taskArgs: InspectMetadata;
  /** What a scorer's number is, by scorer. */
  readonly scorers: Readonly<Record<string, string>>;
  /** The sample's condition, for a mean of its own. */
  readonly conditionOf: (sample: InspectSample) => string;
}

/** A sample of one exchange. */
export function exchange(
  messages: readonly ChatMessage[],
  model: string,
  completion: string,
  truncated = false,
): Pick<InspectSample, 'epoch' | 'input' | 'messages' | 'output'> {
  const input = messages.map(({ role, content }) => ({ role, content, source: 'input' as const }));
  const answer = { role: 'assistant' as const, content: completion, source: 'generate' as const };
  return {
    epoch: 1,
    input,
    messages: [...input, answer],
    output: {
      model,
      completion,
      choices: [{ message: { ...answer, model }, stop_reason: truncated ? 'max_tokens' : 'stop' }],
    },
  };
}

/** A model's name as Inspect writes them, provider first: a folder is named by its last part, so that no path of this machine is told. */
export function modelName(id: string): string {
  return `mstlab/${id.split(/[\\/]/).filter(Boolean).at(-1) ?? id}`;
}

/** Inspect's unscored score: kept with its reason, left out of every metric. */
export function unscored(explanation: string, metadata: InspectMetadata): InspectScore {
  return { value: Number.NaN, answer: null, explanation, reason: 'grader_failed', metadata };
}
