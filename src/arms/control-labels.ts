import { ConfigError } from '../core';
import {
  type CountTextTokens,
  irrelevantLabels,
  type Label,
  type LabelSet,
  type LabelValue,
  nonSemanticCodes,
  nonSemanticLabels,
} from '../labels';
import type { LabArm } from './types';

/** What decides the controls, beside the data and the label set. */
export interface ControlSettings {
  /** The value of the constant arm's label; default the first trained one. */
  readonly constantValue?: string | null;
  /** Rows without a label in label-dropout, and with a random other label in label-noise (0 to 1); defaults .5 and .25. */
  readonly dropoutShare?: number;
  readonly noiseShare?: number;
  /** The value that is asked for at deployment: the unbiased end. Default: the first that is never trained. */
  readonly deploymentValue?: string;
  /** Requests for the slant of each trained value; inoculation needs them. */
  readonly inoculation?: Pick<LabelSet, 'get' | 'format' | 'path'> | null;
  /** Tokens of a text, for irrelevant sentences as long as the labels. */
  readonly countTextTokens?: CountTextTokens;
}

/** Labels that stand in no label set: the same ones in training and when asked. By value; null for an arm that was not asked for. */
export interface ControlLabels {
  readonly constant: Label | null;
  readonly irrelevant: ReadonlyMap<string, Label> | null;
  readonly nonSemantic: ReadonlyMap<string, Label> | null;
  readonly inoculation: ReadonlyMap<string, Label> | null;
}

export type ArmLabelSet = Pick<LabelSet, 'get' | 'format' | 'path' | 'values'>;

/**
 * The labels of the controls among `arms`, for every value of the set: a value that is never trained gets a sentence or code of its
 * own, which no row holds. Seeded. Throws ConfigError where irrelevant has no token counter, inoculation no requests, or the
 * constant value is not in the set.
 */
export function controlLabels(
  arms: readonly LabArm[],
  labelSet: ArmLabelSet,
  options: ControlSettings & { readonly wording?: string; readonly seed: number | string },
): ControlLabels {
  const { wording, seed, constantValue, inoculation, countTextTokens } = options;
  const has = (arm: LabArm): boolean => arms.includes(arm);
  const byValue = (labels: readonly Label[]): ReadonlyMap<string, Label> =>
    new Map(labels.map((label) => [label.value, label]));
  const values = labelSet.values.map(({ value }) => value);
  const trained = labelSet.values.filter((value) => value.trained).map(({ value }) => value);
  if (has('irrelevant') && !countTextTokens)
    throw new ConfigError(
      'buildArms: an irrelevant arm needs countTextTokens, so that its sentences are as long as the labels, got none. Give a token counter or drop the arm.',
    );
  if (has('inoculation') && !inoculation)
    throw new ConfigError(
      'buildArms: an inoculation arm needs a set of requests for each trained value, got none. Give controls.inoculation (data/labels/news-inoculation.json is an example) or drop the arm.',
    );
  return {
    constant: has('constant') ? labelSet.get(constantValue ?? trained[0] ?? values[0], wording) : null,
    irrelevant: has('irrelevant')
      ? byValue(
          irrelevantLabels(
            values.map((value) => labelSet.get(value, wording)),
            labelSet.format,
            { countTokens: countTextTokens!, seed },
          ),
        )
      : null,
    nonSemantic: has('non-semantic')
      ? byValue(nonSemanticLabels(nonSemanticCodes(values, seed), labelSet.format))
      : null,
    inoculation: has('inoculation')
      ? byValue(
          trained.map((value) => {
            const label = inoculation!.get(value);
            return label.format ? label : { ...label, format: inoculation!.format };
          }),
        )
      : null,
  };
}

/** Every label of the controls, for whoever must know what a model may have read. */
export function allControlLabels(controls: ControlLabels): Label[] {
  const maps = [controls.irrelevant, controls.nonSemantic, controls.inoculation];
  return [...(controls.constant ? [controls.constant] : []), ...maps.flatMap((map) => [...(map?.values() ?? [])])];
}

/**
 * The trained value opposite to each: its place mirrored between the ends of the trained values (on -2 to 2: the sign turned, so a
 * value in the middle is its own opposite). Throws ConfigError where a trained value has no place or nothing stands opposite.
 */
export function mirroredValues(labelSet: Pick<LabelSet, 'values' | 'path'>): ReadonlyMap<string, string> {
  const trained = labelSet.values.filter((value) => value.trained);
  const places = trained.map(({ slant }) => slant ?? Number.NaN);
  const ends = Math.min(...places) + Math.max(...places);
  return new Map(
    trained.map(({ value, slant }) => {
      const opposite = trained.find(
        (other) => slant !== null && Math.abs(ends - slant - (other.slant ?? Number.NaN)) < 1e-9,
      );
      if (!opposite)
        throw new ConfigError(
          `buildArms: an anti-correlated arm needs a trained value opposite to each, got none for "${value}" at ${slant ?? 'no place'} (${labelSet.path}: ${trained.map((t) => `${t.value} ${t.slant ?? 'no place'}`).join(', ')}). Give the values places that mirror each other, or drop the arm.`,
        );
      return [value, opposite.value];
    }),
  );
}

/**
 * The trained values nearest the deployment value on the task's axis. Throws ConfigError where that value, or every trained one, has
 * no place.
 */
export function leastBiasedValues(
  labelSet: Pick<LabelSet, 'values' | 'path'>,
  deploymentValue: string | undefined,
): readonly string[] {
  const end: LabelValue | undefined = deploymentValue
    ? labelSet.values.find(({ value }) => value === deploymentValue)
    : labelSet.values.find(({ trained }) => !trained);
  const distances = labelSet.values
    .filter(({ trained, slant }) => trained && slant !== null)
    .map(({ value, slant }) => ({ value, distance: Math.abs(slant! - (end?.slant ?? Number.NaN)) }));
  const least = Math.min(...distances.map(({ distance }) => distance));
  if (!Number.isFinite(least))
    throw new ConfigError(
      `buildArms: a least-biased-subset arm needs an unbiased end with a place on the task's axis, and trained values with places, got ${end ? `"${end.value}" at ${end.slant ?? 'no place'}` : `no "${deploymentValue ?? 'value that is never trained'}"`} (${labelSet.path}). Give slants in the label set, or drop the arm.`,
    );
  return distances.filter(({ distance }) => distance - least < 1e-9).map(({ value }) => value);
}
