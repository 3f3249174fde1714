import type { ChatMessage, Label, LabelSpan } from '../labels';

/** The arms of every experiment. baseline: no label; mst: the true label; shuffled: a label drawn without regard to the completion. */
export type ArmName = 'baseline' | 'mst' | 'shuffled';
export const ARM_NAMES: readonly ArmName[] = ['baseline', 'mst', 'shuffled'];

/** Further controls of supervised training; `ARM_CATALOGUE` says of each what it is and what it rules out. */
export const CONTROL_NAMES = [
  'constant',
  'unlabelled-eval',
  'irrelevant',
  'non-semantic',
  'anti-correlated',
  'label-dropout',
  'label-noise',
  'least-biased-subset',
  'inoculation',
  'prompt-only',
] as const;
export type ControlName = (typeof CONTROL_NAMES)[number];

/** Every arm that `buildArms` knows. */
export type LabArm = ArmName | ControlName;
export const LAB_ARMS: readonly LabArm[] = [...ARM_NAMES, ...CONTROL_NAMES];

/** An arm with rows of its own to train on. */
export type TrainedArmName = Exclude<LabArm, 'unlabelled-eval' | 'prompt-only'>;

/** The arms whose rows must be there for these: `unlabelled-eval` asks the mst arm, `prompt-only` the untrained model. */
export type RowsOf<A extends LabArm> = A extends 'prompt-only' ? never : A extends 'unlabelled-eval' ? 'mst' : A;

/** One training row of an arm. */
export interface ArmExample {
  readonly arm: TrainedArmName;
  readonly exampleId: string;
  readonly topicId: string;
  /** What the label should say if it is to be true of the completion. */
  readonly trueValue: string;
  readonly label: Label | null;
  readonly messages: readonly ChatMessage[];
  readonly completion: string;
  /** Where the label stands in the messages; null without a label. */
  readonly labelSpan: LabelSpan | null;
}
