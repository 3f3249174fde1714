import type { ArmName } from '../../arms';
import { ConfigError } from '../../core';
import type { Label, LabelSet } from '../../labels';

/** What is asked of a model: an arm's adapter (`untrained`: none) under one label, or none. */
export interface Condition {
  readonly arm: ArmName | 'untrained';
  readonly label: Label | null;
}

/** A name for a condition, unique by arm and label text's wording: `mst/unbiased/plain`, `baseline/none`. */
export function conditionName({ arm, label }: Condition): string {
  return `${arm}/${label === null ? 'none' : label.id}`;
}

/**
 * The label sweep: arms that were trained with labels under every label of the wording, the baseline without label.
 * Throws ConfigError if the deployment label is not in the set or was trained.
 */
export function sweepConditions(
  arms: readonly ArmName[],
  labelSet: LabelSet,
  options: { readonly deploymentLabel: string; readonly wording?: string | null },
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
  const labels = labelSet.values.map(({ value }) => labelSet.get(value, options.wording ?? undefined));
  return arms.flatMap((arm): Condition[] =>
    arm === 'baseline' ? [{ arm, label: null }] : labels.map((label) => ({ arm, label })),
  );
}

/** What a measurement's manifest records beside its config. */
export function runRecord(condition: Condition, startedMs: number): Record<string, unknown> {
  return {
    seconds: (performance.now() - startedMs) / 1000,
    condition: conditionName(condition),
    label: condition.label,
  };
}
