import { ConfigError, RandomStream } from '../core';
import { type ChatMessage, type Label, type LabelSet, placeLabel } from '../labels';
import type { Example } from '../tasks';
import { type ArmProof, type CountTokens, proveArms } from './prove';
import type { ArmExample, ArmName } from './types';
import { ARM_NAMES } from './types';

export interface BuildArmsOptions<A extends ArmName = ArmName> {
  readonly examples: readonly Example[];
  readonly arms: readonly A[];
  readonly labelSet: Pick<LabelSet, 'get' | 'format' | 'path'>;
  /** Which wording to train with; default the set's first. */
  readonly wording?: string;
  /** Seeds the order of the shuffled labels, and nothing else. */
  readonly seed: number | string;
  /** Adds token counts and dropped rows to the proof. */
  readonly countTokens?: CountTokens;
}

/**
 * Makes the arms of an experiment from one list of examples. Every arm has the same examples in the same order with the
 * same completions; only the label differs. The shuffled arm permutes the true labels over the rows (it does not draw
 * them afresh), so that each value stands as often as in mst and some rows are true by chance; the proof counts them.
 * Throws ConfigError if an arm is unknown or twice, if there are no examples, or if shuffled has fewer than 2 distinct labels.
 */
export function buildArms<A extends ArmName>(
  options: BuildArmsOptions<A>,
): { readonly arms: Record<A, ArmExample[]>; readonly proof: ArmProof } {
  const { examples, arms, labelSet, wording, seed } = options;
  const unknown = arms.filter((arm) => !ARM_NAMES.includes(arm));
  if (unknown.length > 0 || arms.length === 0 || new Set(arms).size !== arms.length)
    throw new ConfigError(
      `buildArms: arms must be distinct names of ${ARM_NAMES.join(', ')}, got [${arms.join(', ')}]. Choose from these.`,
    );
  if (examples.length === 0)
    throw new ConfigError('buildArms: there must be at least one example, got none. Load a task first.');
  const labelled = arms.some((arm) => arm !== 'baseline');
  const trueLabels = labelled ? examples.map((example) => labelSet.get(example.labelValue, wording)) : [];
  const built = {} as Record<A, ArmExample[]>;
  for (const arm of arms) {
    const labels = labelsOf(arm, trueLabels, seed, labelSet.path);
    built[arm] = examples.map((example, index) => armRow(arm, example, labels[index] ?? null, labelSet));
  }
  return { arms: built, proof: proveArms(built, options.countTokens) };
}

/** A chat of one user turn with the label in it: the one way in which training and evaluation prompts are made. */
export function promptMessages(
  instruction: string,
  label: Label | null,
  labelSet: Pick<LabelSet, 'format'>,
): ChatMessage[] {
  return placeLabel([{ role: 'user', content: instruction }], label, labelSet.format).messages;
}

function labelsOf(arm: ArmName, trueLabels: readonly Label[], seed: number | string, path: string): readonly Label[] {
  if (arm === 'baseline') return [];
  if (arm === 'mst') return trueLabels;
  const texts = [...new Set(trueLabels.map((label) => label.text))];
  if (texts.length < 2)
    throw new ConfigError(
      `buildArms: a shuffled arm needs at least 2 distinct labels, got ${texts.length} (${texts.map((t) => `"${t}"`).join(', ')}, ${path}). Add a label or drop the shuffled arm.`,
    );
  return new RandomStream(seed).fork('shuffled-labels').shuffled(trueLabels);
}

function armRow(arm: ArmName, example: Example, label: Label | null, labelSet: Pick<LabelSet, 'format'>): ArmExample {
  const { messages, span } = placeLabel([{ role: 'user', content: example.instruction }], label, labelSet.format);
  return {
    arm,
    exampleId: example.id,
    topicId: example.topicId,
    label,
    messages,
    completion: example.completion,
    labelSpan: span,
  };
}
