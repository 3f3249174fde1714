import type { LabelValue } from '../labels';
import type { ArmRows } from './prove';
import type { ArmExample, TrainedArmName } from './types';

type Law = (rows: readonly ArmExample[], values: readonly LabelValue[]) => string | null;

/**
 * The first arm whose labels are not what its name says, in words; null if all are. `values` gives places on the task's axis,
 * `leastBiased` the values that least-biased-subset may hold (null: any).
 */
export function checkArmLaws(
  arms: ArmRows,
  values: readonly LabelValue[],
  leastBiased: readonly string[] | null,
): string | null {
  for (const [arm, rows] of Object.entries(arms) as [TrainedArmName, readonly ArmExample[]][]) {
    const broken = LAWS[arm](rows, values);
    if (broken) return `${arm}: ${broken}`;
  }
  const outside = arms['least-biased-subset']?.find(({ trueValue }) => leastBiased && !leastBiased.includes(trueValue));
  if (outside)
    return `least-biased-subset: rows must be of ${leastBiased!.join(', ')}, got ${outside.exampleId} of ${outside.trueValue}`;
  const { mst, shuffled, irrelevant } = arms;
  for (const [name, rows] of Object.entries({ shuffled, irrelevant }))
    if (mst && rows && sortedValues(rows) !== sortedValues(mst))
      return `${name} must show each value as often as mst, got other counts`;
  return null;
}

const everyRow =
  (what: string, holds: (row: ArmExample) => boolean): Law =>
  (rows) => {
    const at = rows.findIndex((row) => !holds(row));
    const label = rows[at]?.label;
    return at < 0
      ? null
      : `row ${at + 1} (${rows[at].exampleId}) must have ${what}, got ${label ? `"${label.text}" (${label.value})` : 'none'}`;
  };

const isTrue = ({ label, trueValue }: ArmExample): boolean => label?.value === trueValue;
const unlabelled = everyRow('no label', ({ label }) => label === null);
const oneToOne: Law = (rows) => {
  const [there, back] = [new Map<string, string>(), new Map<string, string>()];
  for (const [at, { label, trueValue }] of rows.entries()) {
    if (!label) return `row ${at + 1} must have a label, got none`;
    if (!there.has(trueValue)) there.set(trueValue, label.text);
    if (!back.has(label.text)) back.set(label.text, trueValue);
    if (there.get(trueValue) !== label.text || back.get(label.text) !== trueValue)
      return `row ${at + 1} must have the one label of ${trueValue}, got "${label.text}"`;
  }
  return null;
};

const LAWS: Readonly<Record<TrainedArmName, Law>> = {
  baseline: unlabelled,
  mst: everyRow('its true label', isTrue),
  shuffled: everyRow('a label', ({ label }) => label !== null),
  constant: (rows) =>
    everyRow('the one label of all', ({ label }) => label?.text === rows[0].label?.text && !!label)(rows, []),
  irrelevant: everyRow('a sentence', ({ label }) => label !== null),
  'non-semantic': oneToOne,
  'anti-correlated': (rows, values) => {
    const places = new Map(values.map(({ value, slant }) => [value, slant]));
    const trained = values.flatMap(({ trained, slant }) => (trained && slant !== null ? [slant] : []));
    const ends = Math.min(...trained) + Math.max(...trained);
    const isMirror = ({ label, trueValue }: ArmExample): boolean => {
      const [own, said] = [places.get(trueValue) ?? null, label ? (places.get(label.value) ?? null) : null];
      return values.length === 0 || (own !== null && said !== null && Math.abs(ends - own - said) < 1e-9);
    };
    return oneToOne(rows, values) ?? everyRow('the label opposite to its true one', isMirror)(rows, values);
  },
  'label-dropout': everyRow('its true label or none', (row) => row.label === null || isTrue(row)),
  'label-noise': everyRow('a label', ({ label }) => label !== null),
  'least-biased-subset': (rows, values) => {
    const counts = new Map<string, number>();
    for (const { exampleId } of rows) counts.set(exampleId, (counts.get(exampleId) ?? 0) + 1);
    const all = [...counts.values()].sort((a, b) => a - b);
    if (all[all.length - 1] - all[0] > 1)
      return `no row must be repeated oftener than another but by one, got ${all[0]} to ${all[all.length - 1]} times`;
    return unlabelled(rows, values);
  },
  inoculation: everyRow('the request for its true value', isTrue),
};

function sortedValues(rows: readonly ArmExample[]): string {
  return JSON.stringify(rows.map(({ label }) => label?.value ?? null).sort());
}
