import { ConfigError, RandomStream } from '../core';
import { type ChatMessage, type Label, type LabelSet, placeLabel } from '../labels';
import type { Example } from '../tasks';
import type { CountTokens } from './arm-facts';
import { armsToTrain } from './catalogue';
import {
  type ArmLabelSet,
  type ControlLabels,
  type ControlSettings,
  controlLabels,
  leastBiasedValues,
  mirroredValues,
} from './control-labels';
import { type ArmProof, proveArms } from './prove';
import { type ArmExample, type ArmName, LAB_ARMS, type LabArm, type RowsOf, type TrainedArmName } from './types';

export interface BuildArmsOptions<A extends LabArm = ArmName> {
  readonly examples: readonly Example[];
  readonly arms: readonly A[];
  readonly labelSet: ArmLabelSet;
  /** Which wording to train with; default the set's first. */
  readonly wording?: string;
  /** Seeds what the arms draw (the order of shuffled labels, codes, which rows lose theirs), and nothing else. */
  readonly seed: number | string;
  /** Adds token counts and dropped rows to the proof. */
  readonly countTokens?: CountTokens;
  /** What decides the controls; needed by irrelevant and inoculation. */
  readonly controls?: ControlSettings;
}

export interface BuiltArms<A extends LabArm = LabArm> {
  /** The rows of every arm that is trained; unlabelled-eval has those of mst, prompt-only none. */
  readonly arms: Record<RowsOf<A>, ArmExample[]>;
  readonly proof: ArmProof;
  /** The labels of the controls, for asking them as they were trained. */
  readonly controls: ControlLabels;
}

/** Shares of the rows without their label in label-dropout, and with another in label-noise. */
export const DROPOUT_SHARE = 0.5;
export const NOISE_SHARE = 0.25;

/**
 * Makes the arms of an experiment from one list of examples. Every arm has the same examples in the same order with the same
 * completions; only the label differs. The one exception is least-biased-subset: as many rows, each one of those nearest the
 * unbiased end; such a row keeps its place, and the others' places are filled with them in turn. The shuffled arm permutes the true
 * labels over the rows (it does not draw them afresh), so that each value stands as often as in mst and some rows are true by chance;
 * irrelevant has the same permutation. What label-dropout and label-noise touch is an exact share of the rows, and a larger share
 * touches the same rows and more.
 * Throws ConfigError if an arm is unknown or twice, if there are no examples, if shuffled has fewer than 2 distinct labels, for a
 * share outside 0 to 1, and where a control lacks what it needs.
 */
export function buildArms<A extends LabArm>(options: BuildArmsOptions<A>): BuiltArms<A> {
  const { examples, arms, labelSet, wording, seed, controls: settings = {} } = options;
  const unknown = arms.filter((arm) => !LAB_ARMS.includes(arm));
  if (unknown.length > 0 || arms.length === 0 || new Set<string>(arms).size !== arms.length)
    throw new ConfigError(
      `buildArms: arms must be distinct names of ${LAB_ARMS.join(', ')}, got [${arms.join(', ')}]. Choose from these.`,
    );
  if (examples.length === 0)
    throw new ConfigError('buildArms: there must be at least one example, got none. Load a task first.');
  for (const [name, share] of Object.entries({
    dropoutShare: settings.dropoutShare ?? DROPOUT_SHARE,
    noiseShare: settings.noiseShare ?? NOISE_SHARE,
  }))
    if (!(share >= 0 && share <= 1))
      throw new ConfigError(`buildArms: ${name} must be 0 to 1, got ${share}. Give a share of the rows.`);
  const controls = controlLabels(arms, labelSet, { ...settings, ...(wording === undefined ? {} : { wording }), seed });
  const context: Context = {
    examples,
    labelSet,
    random: new RandomStream(seed),
    controls,
    settings,
    labelOf: (value) => labelSet.get(value, wording),
    trueLabels: () => examples.map((example) => labelSet.get(example.labelValue, wording)),
  };
  const built: Partial<Record<TrainedArmName, ArmExample[]>> = {};
  for (const arm of armsToTrain(arms)) {
    const rows = arm === 'least-biased-subset' ? leastBiasedRows(context) : examples;
    const labels = LABELS[arm](context);
    built[arm] = rows.map((example, index) => armRow(arm, example, labels[index] ?? null, labelSet));
  }
  const reference = examples.map((example) => armRow('baseline', example, null, labelSet));
  const leastBiased = built['least-biased-subset'] ? leastBiasedValues(labelSet, settings.deploymentValue) : null;
  const proof = proveArms(built, options.countTokens, { reference, values: labelSet.values, arms, leastBiased });
  return { arms: built as Record<RowsOf<A>, ArmExample[]>, proof, controls };
}

/** A chat of one user turn with the label in it: the one way in which training and evaluation prompts are made. */
export function promptMessages(
  instruction: string,
  label: Label | null,
  labelSet: Pick<LabelSet, 'format'>,
): ChatMessage[] {
  return placeLabel([{ role: 'user', content: instruction }], label, labelSet.format).messages;
}

interface Context {
  readonly examples: readonly Example[];
  readonly labelSet: ArmLabelSet;
  readonly random: RandomStream;
  readonly controls: ControlLabels;
  readonly settings: ControlSettings;
  labelOf(value: string): Label;
  trueLabels(): readonly Label[];
}

/** The label of every row. */
const LABELS: Readonly<Record<TrainedArmName, (context: Context) => readonly (Label | null)[]>> = {
  baseline: () => [],
  mst: ({ trueLabels }) => trueLabels(),
  shuffled: (context) => {
    const trueLabels = context.trueLabels();
    const texts = [...new Set(trueLabels.map((label) => label.text))];
    if (texts.length < 2)
      throw new ConfigError(
        `buildArms: a shuffled arm needs at least 2 distinct labels, got ${texts.length} (${texts.map((t) => `"${t}"`).join(', ')}, ${context.labelSet.path}). Add a label or drop the shuffled arm.`,
      );
    return permuted(context, trueLabels);
  },
  constant: ({ examples, controls }) => examples.map(() => controls.constant),
  irrelevant: (context) =>
    permuted(context, context.trueLabels()).map(({ value }) => context.controls.irrelevant!.get(value)!),
  'non-semantic': ({ examples, controls }) => examples.map(({ labelValue }) => controls.nonSemantic!.get(labelValue)!),
  'anti-correlated': ({ examples, labelSet, labelOf }) => {
    const opposite = mirroredValues(labelSet);
    return examples.map(({ labelValue }) => labelOf(opposite.get(labelValue) ?? labelValue));
  },
  'label-dropout': (context) => {
    const dropped = chosenRows(context, 'label-dropout', context.settings.dropoutShare ?? DROPOUT_SHARE);
    return context.trueLabels().map((label, at) => (dropped.has(at) ? null : label));
  },
  'label-noise': (context) => {
    const noisy = chosenRows(context, 'label-noise', context.settings.noiseShare ?? NOISE_SHARE);
    const trained = context.labelSet.values.filter(({ trained }) => trained).map(({ value }) => value);
    const stream = context.random.fork('label-noise-values');
    return context.trueLabels().map((label, at) => {
      const others = trained.filter((value) => value !== label.value);
      if (others.length === 0)
        throw new ConfigError(
          `buildArms: a label-noise arm needs another trained value than "${label.value}", got none (${context.labelSet.path}). Add a value or drop the arm.`,
        );
      // Drawn for every row, so that a larger share leaves the rows it already touched as they are.
      const other = others[stream.below(others.length)];
      return noisy.has(at) ? context.labelOf(other) : label;
    });
  },
  'least-biased-subset': () => [],
  inoculation: ({ examples, controls, settings }) =>
    examples.map(({ labelValue }) => {
      const label = controls.inoculation!.get(labelValue);
      if (!label)
        throw new ConfigError(
          `buildArms: an inoculation arm needs a request for every value, got none for "${labelValue}" (${settings.inoculation!.path}). Add its text.`,
        );
      return label;
    }),
};

function permuted({ random }: Context, labels: readonly Label[]): Label[] {
  return random.fork('shuffled-labels').shuffled(labels);
}

function chosenRows({ random, examples }: Context, purpose: string, share: number): ReadonlySet<number> {
  const order = random.fork(purpose).shuffled(examples.map((_, at) => at));
  return new Set(order.slice(0, Math.round(share * order.length)));
}

function leastBiasedRows({ examples, labelSet, settings, random }: Context): readonly Example[] {
  const nearest = new Set(leastBiasedValues(labelSet, settings.deploymentValue));
  const subset = examples.filter(({ labelValue }) => nearest.has(labelValue));
  if (subset.length === 0)
    throw new ConfigError(
      `buildArms: a least-biased-subset arm needs rows of ${[...nearest].join(', ')}, got none of ${examples.length} (${labelSet.path}). Add such rows or drop the arm.`,
    );
  const inTurn = random.fork('least-biased-subset').shuffled(subset);
  let next = 0;
  return examples.map((example) => (nearest.has(example.labelValue) ? example : inTurn[next++ % inTurn.length]));
}

function armRow(
  arm: TrainedArmName,
  example: Example,
  label: Label | null,
  labelSet: Pick<LabelSet, 'format'>,
): ArmExample {
  const { messages, span } = placeLabel([{ role: 'user', content: example.instruction }], label, labelSet.format);
  return {
    arm,
    exampleId: example.id,
    topicId: example.topicId,
    trueValue: example.labelValue,
    label,
    messages,
    completion: example.completion,
    labelSpan: span,
  };
}
