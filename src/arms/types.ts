import type { ChatMessage, Label, LabelSpan } from '../labels';

/** baseline: no label; mst: the true label; shuffled: a label drawn without regard to the completion. */
export type ArmName = 'baseline' | 'mst' | 'shuffled';
export const ARM_NAMES: readonly ArmName[] = ['baseline', 'mst', 'shuffled'];

/** One training row of an arm. */
export interface ArmExample {
  readonly arm: ArmName;
  readonly exampleId: string;
  readonly topicId: string;
  readonly label: Label | null;
  readonly messages: readonly ChatMessage[];
  readonly completion: string;
  /** Where the label stands in the messages; null without a label. */
  readonly labelSpan: LabelSpan | null;
}
