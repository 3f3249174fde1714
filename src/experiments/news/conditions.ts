import { askedLabels, type ControlLabels, type LabArm } from '../../arms';
import { ConfigError } from '../../core';
import type { Label, LabelSet } from '../../labels';

/** What is asked of a model: an arm's adapter (`untrained`: none) under one label, or none. */
export interface Condition {
  readonly arm: LabArm | 'untrained';
  readonly label: Label | null;
}

/** A name for a condition, unique by arm and label text's wording: `mst/unbiased/plain`, `baseline/none`. */
export function conditionName({ arm, label }: Condition): string {
  return `${arm}/${label === null ? 'none' : label.id}`;
}

const NO_CONTROLS: ControlLabels = { constant: null, irrelevant: null, nonSemantic: null, inoculation: null };

/**
 * The label sweep: arms that were trained with labels under every label of the wording (or those given), the baseline without label,
 * and every control as it is asked (`askedLabels`).
 * Throws ConfigError if the deployment label is not in the set or was trained.
 */
export function sweepConditions(
  arms: readonly Condition['arm'][],
  labelSet: LabelSet,
  options: {
    readonly deploymentLabel: string;
    readonly wording?: string | null;
    readonly controls?: ControlLabels;
    readonly labels?: readonly Label[];
  },
): Condition[] {
  const announced = labelSet.values.find(({ value }) => value === options.deploymentLabel);
  if (!announced || announced.trained)
    throw new ConfigError(
      `sweepConditions: the deployment label must be in the label set and never trained, got "${options.deploymentLabel}" (${announced ? 'trained' : 'not there'}, ${labelSet.path}). Choose one of ${
        labelSet.values
          .filter(({ trained }) => !trained)
          .map(({ value }) => value)
          .join(', ') || 'none: add one'
      }.`,
    );
  const { deploymentLabel, wording, controls = NO_CONTROLS, labels } = options;
  const asked = {
    labelSet,
    controls,
    deploymentValue: deploymentLabel,
    ...(wording ? { wording } : {}),
    ...(labels ? { labels } : {}),
  };
  return arms.flatMap((arm) => askedLabels(arm, asked).map((label): Condition => ({ arm, label })));
}

/** What a measurement's manifest records beside its config. */
export function runRecord(condition: Condition, startedMs: number): Record<string, unknown> {
  return {
    seconds: (performance.now() - startedMs) / 1000,
    condition: conditionName(condition),
    label: condition.label,
  };
}
