import type { Label } from '../labels';
import { ARM_CATALOGUE } from './catalogue';
import type { ArmLabelSet, ControlLabels } from './control-labels';
import type { LabArm } from './types';

export interface AskedLabelsOptions {
  readonly labelSet: ArmLabelSet;
  readonly controls: ControlLabels;
  /** The value that is never trained and asked for at deployment. */
  readonly deploymentValue: string;
  readonly wording?: string;
  /** Labels to ask under in place of the whole set, such as a new wording. */
  readonly labels?: readonly Label[];
}

/**
 * The labels that an arm is asked under, null for none, each with the format that it was trained with. An arm that was trained
 * without labels, or is asked without them on purpose, gets none; codes and irrelevant sentences stand for the values of the labels,
 * and a value that was never trained has one of its own that no training row holds. Labels that are given are put to irrelevant as
 * they are: whether a real label moves it is a question of its own.
 */
export function askedLabels(arm: LabArm | 'untrained', options: AskedLabelsOptions): readonly (Label | null)[] {
  const { labelSet, controls, deploymentValue, wording } = options;
  const real = options.labels ?? labelSet.values.map(({ value }) => labelSet.get(value, wording));
  const atDeployment = options.labels ?? [labelSet.get(deploymentValue, wording)];
  const own = (map: ReadonlyMap<string, Label> | null): Label[] => real.flatMap(({ value }) => map?.get(value) ?? []);
  switch (arm === 'untrained' ? 'labels' : ARM_CATALOGUE[arm].asked) {
    case 'unlabelled':
      return [null];
    case 'labels':
      return real;
    case 'labels-and-none':
      return [...real, null];
    case 'constant':
      return distinct([...(controls.constant ? [controls.constant] : []), ...atDeployment]);
    case 'irrelevant':
      return options.labels ?? distinct(own(controls.irrelevant));
    case 'codes':
      return distinct(own(controls.nonSemantic));
  }
}

function distinct(labels: readonly Label[]): Label[] {
  return [...new Map(labels.map((label) => [label.id, label])).values()];
}
