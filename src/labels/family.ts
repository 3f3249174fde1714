import { ConfigError } from '../core';
import { encodeValues, encodingId, type FamilyEncoding, type FamilyValue } from './encodings';
import { type CountTextTokens, irrelevantLabels } from './fillers';
import { renderLabel } from './render';
import type { Label, LabelEmphasis, LabelFormat, LabelPlacement, LabelSet } from './types';

/** One way to say what a label announces: the sentence around it, and who wrote it and why. */
export interface Paraphrase {
  readonly id: string;
  readonly source: string;
  /** Holds `{label}` exactly once. */
  readonly template: string;
}

/** One label of a family, with its place on every axis. */
export interface Wording {
  /** `family:encoding:paraphrase:placement:emphasis:value`. */
  readonly id: string;
  /** The label's own text, without template and emphasis. */
  readonly text: string;
  /** As the model reads it. */
  readonly rendered: string;
  readonly value: string;
  /** The value's place on the scale, in its units; null where it has none. */
  readonly scale: number | null;
  /** The place that the text names, after rounding; null where it names none. */
  readonly announced: number | null;
  readonly encoding: string;
  readonly paraphrase: string;
  readonly placement: LabelPlacement;
  readonly emphasis: LabelEmphasis;
  readonly source: string;
  /** The same as a label that carries its own format. */
  readonly label: Label;
}

export interface LabelFamily {
  readonly id: string;
  readonly wordings: readonly Wording[];
}

export interface FamilySpec {
  /** Lower-case letters, digits, _ and -. */
  readonly id: string;
  readonly values: readonly FamilyValue[];
  /** The numbers that stand for 0% and 100%; default 0 to 1. */
  readonly range?: readonly [number, number];
  /** Axes: every member is crossed with every member of the others. Defaults: percent; `{label}` alone; user-prefix; plain. */
  readonly encodings?: readonly FamilyEncoding[];
  readonly paraphrases?: readonly Paraphrase[];
  readonly placements?: readonly LabelPlacement[];
  readonly emphases?: readonly LabelEmphasis[];
}

const NAME = /^[a-z0-9][a-z0-9_-]*$/;
const BARE: Paraphrase = { id: 'bare', source: 'The encoded value alone.', template: '{label}' };
const CODE: Paraphrase = { id: 'code', source: 'A code and the word for it.', template: 'Code: {label}' };

/**
 * The labels of every combination of the axes asked for, values within them, in the order given. Ids name the combination, so that
 * they stay as they are when another axis member or value is added (a non-semantic code may change with the values, for codes must
 * not run in their order). Non-semantic codes have one sentence, `Code: {label}`, whatever the paraphrases. Throws ConfigError with
 * every fault of names, axes and range, and as `encodeValues`.
 */
export function labelFamily(spec: FamilySpec): LabelFamily {
  const {
    id,
    values,
    range = [0, 1],
    encodings = ['percent'],
    paraphrases = [BARE],
    placements = ['user-prefix'],
    emphases = ['plain'],
  } = spec;
  const axes = {
    encodings: encodings.map(encodingId),
    paraphrases: paraphrases.map((paraphrase) => paraphrase.id),
    placements,
    emphases,
    values: values.map(({ value }) => value),
  };
  const faults = [
    !NAME.test(id) && `id must be lower-case letters, digits, _ and -, got "${id}"`,
    !(range[0] < range[1]) && `range must rise, got [${range.join(', ')}]`,
    ...Object.entries(axes).flatMap(([axis, names]) => [
      names.length === 0 && `${axis} must not be empty`,
      new Set<string>(names).size !== names.length && `${axis} must be distinct, got ${names.join(', ')}`,
      names.some((name) => !NAME.test(name)) && `${axis} must be named in lower-case letters, digits, _ and -`,
    ]),
    ...paraphrases.map(
      ({ id: name, template }) =>
        template.split('{label}').length !== 2 &&
        `paraphrase ${name} must hold {label} exactly once, got "${template}"`,
    ),
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new ConfigError(`labelFamily: ${faults.join('; ')}. Correct these.`);
  const wordings = encodings.flatMap((encoding) => {
    const encoded = encodeValues(encoding, values, range);
    const named = encodingId(encoding);
    const own = typeof encoding === 'object' && encoding.kind === 'non-semantic' ? [CODE] : paraphrases;
    return own.flatMap((paraphrase) =>
      placements.flatMap((placement) =>
        emphases.flatMap((emphasis) =>
          values.map(({ value, scale }, at): Wording => {
            const format: LabelFormat = { template: paraphrase.template, placement, emphasis };
            const wording = `${id}:${named}:${paraphrase.id}:${placement}:${emphasis}`;
            const source = sourceOf(encoding, paraphrase);
            const { text, announced } = encoded[at];
            const label: Label = { id: `${value}/${wording}`, value, text, wording, source, format };
            return {
              id: `${wording}:${value}`,
              text,
              rendered: renderLabel(label, format),
              value,
              scale,
              announced,
              encoding: named,
              paraphrase: paraphrase.id,
              placement,
              emphasis,
              source,
              label,
            };
          }),
        ),
      ),
    );
  });
  return { id, wordings };
}

/** The values and wordings of a label set as a family's: each wording is a `profiles` encoding, the set's template its paraphrase. */
export function familySpecOf(
  set: Pick<LabelSet, 'id' | 'values' | 'wordings' | 'get' | 'format'>,
): Required<Pick<FamilySpec, 'id' | 'values' | 'encodings' | 'paraphrases' | 'placements' | 'emphases'>> {
  const { id, values, wordings, format } = set;
  return {
    id,
    values: values.map(({ value, slant }) => ({ value, scale: slant })),
    encodings: wordings.map((wording) => ({
      kind: 'profiles',
      id: wording,
      source: set.get(values[0].value, wording).source,
      texts: Object.fromEntries(values.map(({ value }) => [value, set.get(value, wording).text])),
    })),
    paraphrases: [{ id: 'set', source: `The template of the label set ${id}.`, template: format.template }],
    placements: [format.placement],
    emphases: [format.emphasis],
  };
}

/**
 * The family with an irrelevant sentence in the place of every label, of as many tokens as the label as written: what is left of an
 * effect is not owed to the wording. Ids end in `:irrelevant`. See `irrelevantLabels`; seeded.
 */
export function fillerFamily(
  family: LabelFamily,
  options: { readonly countTokens: CountTextTokens; readonly seed: number | string },
): LabelFamily {
  const labels = irrelevantLabels(
    family.wordings.map(({ label }) => label),
    { template: '{label}', placement: 'user-prefix', emphasis: 'plain' },
    options,
  );
  return {
    id: `${family.id}:irrelevant`,
    wordings: family.wordings.map((wording, at) => ({
      ...wording,
      id: `${wording.id}:irrelevant`,
      text: labels[at].text,
      rendered: renderLabel(labels[at], labels[at].format!),
      announced: null,
      source: labels[at].source,
      label: labels[at],
    })),
  };
}

function sourceOf(encoding: FamilyEncoding, paraphrase: Paraphrase): string {
  const own =
    typeof encoding === 'object' && encoding.kind === 'profiles'
      ? encoding.source
      : `The ${encodingId(encoding)} encoding.`;
  return paraphrase.id === BARE.id ? own : `${own} Sentence: ${paraphrase.source}`;
}
