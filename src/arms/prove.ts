import { contentHash, DataError } from '../core';
import type { LabelValue } from '../labels';
import { type ArmFacts, armFacts, bareMessages, type CountTokens } from './arm-facts';
import { checkArmLaws } from './arm-laws';
import { ARM_CATALOGUE } from './catalogue';
import type { ArmExample, LabArm, TrainedArmName } from './types';

export type ArmRows = Readonly<Partial<Record<TrainedArmName, readonly ArmExample[]>>>;

/** What was shown about a set of arms: it exists only if every check held. */
export interface ArmProof {
  readonly rows: number;
  /** Hash of ids, messages without the label, and completions, in order: the same for every arm but least-biased-subset. */
  readonly contentHash: string;
  readonly arms: readonly ArmFacts[];
  /** Arms without rows of their own: whose training they are asked with (null: nobody's), and what they rule out. */
  readonly evaluationOnly: readonly {
    readonly arm: LabArm;
    readonly trainedAs: TrainedArmName | null;
    readonly what: string;
    readonly rulesOut: string;
  }[];
  /** Of the shuffled arm's rows, how many carry the true value by chance, and how many a random order gives on average. */
  readonly shuffledTrueByChance: { readonly rows: number; readonly expected: number } | null;
  /** The spread of mean prompt tokens between arms: what the label costs in length. Null without a counter. */
  readonly promptTokensSpread: number | null;
  /** True if the arms drop different rows (least-biased-subset: another number): they then no longer train on the same examples. Null without a counter. */
  readonly dropsDiffer: boolean | null;
}

/** What the arms are held to, beside each other. */
export interface ProveContext {
  /** The unlabelled rows of all examples; default the first arm that has them all. */
  readonly reference?: readonly ArmExample[];
  /** The values of the label set, for places on the task's axis. */
  readonly values?: readonly LabelValue[];
  /** The arms asked for, those without rows of their own among them. */
  readonly arms?: readonly LabArm[];
  /** The values that least-biased-subset may hold; null or absent: any. */
  readonly leastBiased?: readonly string[] | null;
}

/**
 * Shows that arms hold the same examples in the same order with the same completions, that cutting the label out of a row leaves the
 * same messages in every arm, and that each arm's labels are what its name says. least-biased-subset is held to its own rule: as many
 * rows, each as in the reference and of the values nearest the unbiased end, none repeated oftener than another but by one.
 * Throws DataError at the first row where that fails.
 */
export function proveArms(arms: ArmRows, countTokens?: CountTokens, context: ProveContext = {}): ArmProof {
  const entries = Object.entries(arms) as [TrainedArmName, readonly ArmExample[]][];
  const named = entries.find(([name]) => name !== 'least-biased-subset') ?? entries[0];
  const [firstName, first] = context.reference ? (['baseline', context.reference] as const) : (named ?? ['', []]);
  if (first.length === 0) throw new DataError('proveArms: there must be at least one arm, got none. Build arms first.');
  for (const [name, rows] of entries) {
    if (rows.length !== first.length)
      fail(`arms must have as many rows, got ${rows.length} in ${name} and ${first.length} in ${firstName}`);
    const byId = new Map(name === 'least-biased-subset' ? first.map((row) => [row.exampleId, row]) : []);
    for (const [index, row] of rows.entries())
      checkRow(name, firstName, index, row, name === 'least-biased-subset' ? byId.get(row.exampleId) : first[index]);
  }
  const broken = checkArmLaws(arms, context.values ?? [], context.leastBiased ?? null);
  if (broken) fail(broken);
  const facts = entries.map(([arm, rows]) => armFacts(arm, rows, first, countTokens));
  const means = facts.map((fact) => fact.tokens?.meanPromptTokens ?? null);
  const known = means.filter((mean): mean is number => mean !== null);
  const evaluationOnly = (context.arms ?? []).filter((arm) => ARM_CATALOGUE[arm].trainedAs !== arm);
  return {
    rows: first.length,
    contentHash: contentHash(first.map((row) => [row.exampleId, bareMessages(row), row.completion])),
    arms: facts,
    evaluationOnly: evaluationOnly.map((arm) => {
      const { trainedAs, what, rulesOut } = ARM_CATALOGUE[arm];
      return { arm, trainedAs, what, rulesOut };
    }),
    shuffledTrueByChance: chanceMatches(arms),
    promptTokensSpread: known.length > 0 ? Math.max(...known) - Math.min(...known) : null,
    dropsDiffer: countTokens ? dropsDiffer(facts) : null,
  };
}

function checkRow(
  name: TrainedArmName,
  firstName: string,
  index: number,
  row: ArmExample,
  reference: ArmExample | undefined,
): void {
  const at = `row ${index + 1} of ${name} (${row.exampleId})`;
  if (row.arm !== name) fail(`${at} must belong to its arm, got ${row.arm}`);
  if (!reference) fail(`${at} must be an example of ${firstName}, got another`);
  if (row.exampleId !== reference.exampleId)
    fail(`${at} must be the example of ${firstName}, got another than ${reference.exampleId}`);
  if (row.completion !== reference.completion) fail(`${at} must have the completion of ${firstName}, got another`);
  if (row.trueValue !== reference.trueValue)
    fail(`${at} must have the true value of ${firstName}, ${reference.trueValue}, got ${row.trueValue}`);
  if ((row.label === null) !== (row.labelSpan === null)) fail(`${at} must have a label and its span, or neither`);
  if (row.label !== null && row.labelSpan !== null) {
    const span = row.labelSpan;
    if (!row.messages[span.message]?.content.slice(span.start, span.end).includes(row.label.text))
      fail(`${at} must hold its label "${row.label.text}" at its span, got other text there`);
  }
  if (JSON.stringify(bareMessages(row)) !== JSON.stringify(bareMessages(reference)))
    fail(`${at} must equal ${firstName} outside the label, got other messages`);
}

function dropsDiffer(facts: readonly ArmFacts[]): boolean {
  const full = facts.filter(({ arm }) => arm !== 'least-biased-subset');
  const ids = new Set(full.map(({ tokens }) => JSON.stringify(tokens!.dropped.map(({ exampleId }) => exampleId))));
  const counts = new Set(facts.map(({ tokens }) => tokens!.dropped.length));
  return ids.size > 1 || counts.size > 1;
}

function chanceMatches({ mst, shuffled }: ArmRows): ArmProof['shuffledTrueByChance'] {
  if (mst === undefined || shuffled === undefined) return null;
  const rows = shuffled.filter((row, index) => row.label?.value === mst[index].label?.value).length;
  const counts = new Map<string, number>();
  for (const row of mst) if (row.label) counts.set(row.label.value, (counts.get(row.label.value) ?? 0) + 1);
  const expected = [...counts.values()].reduce((sum, count) => sum + (count * count) / mst.length, 0);
  return { rows, expected };
}

function fail(what: string): never {
  throw new DataError(`proveArms: ${what}. Build the arms with buildArms from one list of examples.`);
}
