import { promptMessages } from '../../arms';
import type { LongCall } from '../../core';
import { type Label, renderLabel } from '../../labels';
import { Generator } from '../../model/generate';
import { encodePrompt } from '../../model/tokens';
import type { SycophancyExperiment, TrainedPolicy } from '../addition';
import { Switched } from '../switched';
import type { LabelledText } from './label-leakage';

/** What a policy wrote where nothing forced its answer. */
export interface FreeAnswer extends LabelledText {
  readonly arm: string;
  readonly seed: number;
  readonly truncated: boolean;
}

/**
 * Lets trained policies answer held-out wrong claims in their own words, one text a problem and label (a policy trained without labels is
 * asked without one): training rewarded one forced word, so what else they say is what they say by themselves. For `labelLeakage`.
 * Nothing is kept on disk.
 */
export async function writeFreeAnswers(
  syco: SycophancyExperiment,
  policies: readonly TrainedPolicy[],
  options: LongCall & {
    readonly labels?: readonly Label[];
    readonly problems?: number;
    readonly maxNewTokens?: number;
    readonly temperature?: number;
  } = {},
): Promise<FreeAnswer[]> {
  const {
    labels = [syco.label(0)],
    problems: count = 8,
    maxNewTokens = 16,
    temperature = 1,
    signal,
    onProgress,
  } = options;
  const { host, prepared, config } = syco;
  const { tokenizer } = host.files;
  const { format } = prepared.scale;
  // The first wrong claim about each operand pair.
  const wrong = prepared.asked.filter(({ userIsRight }) => !userIsRight);
  const problems = wrong
    .filter(({ topicId }, at) => wrong.findIndex((other) => other.topicId === topicId) === at)
    .slice(0, count);
  const generators = new Switched(async (adapter) => new Generator(await host.load({ signal, onProgress }), adapter));
  const written: FreeAnswer[] = [];
  try {
    for (const { arm, seed, adapter } of policies) {
      const generator = await generators.under(adapter());
      const under = arm === 'baseline' ? [null] : labels;
      const asked = under.flatMap((label) => problems.map((problem) => ({ label, problem })));
      const completions = await generator.generate(
        asked.map(({ label, problem }) => ({
          id: `${problem.id} ${label?.id ?? 'no label'}`,
          ids: encodePrompt(tokenizer, promptMessages(problem.instruction, label, { format })),
        })),
        {
          temperature,
          topP: 1,
          maxNewTokens,
          seed: config.dataSeed,
          batchSize: asked.length,
          ...(signal ? { signal } : {}),
          onProgress: (progress) => onProgress?.({ ...progress, what: `write ${arm}`, unit: 'texts', detail: {} }),
        },
      );
      written.push(
        ...completions.map(({ text, truncated }, at): FreeAnswer => {
          const { label, problem } = asked[at];
          return {
            id: `${arm} ${seed} ${problem.id} ${label?.text ?? 'no label'}`,
            arm,
            seed,
            topicId: problem.topicId,
            text,
            labelText: label === null ? null : renderLabel(label, { ...format, emphasis: 'plain' }),
            truncated,
          };
        }),
      );
    }
  } finally {
    generators.dispose();
  }
  return written;
}
