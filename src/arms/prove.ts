import { contentHash, DataError } from '../core';
import { cutSpan } from '../labels';
import type { ArmExample, ArmName } from './types';

/** Counts the tokens of a row, or says why the row will be dropped (as the encoder of the training run does). */
export type CountTokens = (
  row: ArmExample,
) => { readonly promptTokens: number; readonly completionTokens: number } | { readonly dropped: string };

export interface ArmTokens {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly meanPromptTokens: number | null;
  readonly longestRowTokens: number;
  /** Rows that the training run will drop (too long for it), with the reason. */
  readonly dropped: readonly { readonly exampleId: string; readonly reason: string }[];
}

export interface ArmFacts {
  readonly arm: ArmName;
  readonly rows: number;
  readonly labelledRows: number;
  /** Rows by label value. */
  readonly labelCounts: Readonly<Record<string, number>>;
  readonly tokens: ArmTokens | null;
}

/** What was shown about a set of arms: it exists only if every check held. */
export interface ArmProof {
  readonly rows: number;
  /** Hash of ids, messages without the label, and completions, in order: the same for every arm. */
  readonly contentHash: string;
  readonly arms: readonly ArmFacts[];
  /** Of the shuffled arm's rows, how many carry the true value by chance, and how many a random order gives on average. */
  readonly shuffledTrueByChance: { readonly rows: number; readonly expected: number } | null;
  /** The spread of mean prompt tokens between arms: what the label costs in length. Null without a counter. */
  readonly promptTokensSpread: number | null;
  /** True if the arms drop different rows: they then no longer train on the same examples. Null without a counter. */
  readonly dropsDiffer: boolean | null;
}

/**
 * Shows that arms hold the same examples in the same order with the same completions, and that cutting the label out of
 * a row leaves the same messages in every arm. Throws DataError at the first row where that fails.
 */
export function proveArms(
  arms: Readonly<Partial<Record<ArmName, readonly ArmExample[]>>>,
  countTokens?: CountTokens,
): ArmProof {
  const entries = Object.entries(arms) as [ArmName, readonly ArmExample[]][];
  if (entries.length === 0)
    throw new DataError('proveArms: there must be at least one arm, got none. Build arms first.');
  const [firstName, first] = entries[0];
  for (const [name, rows] of entries) {
    if (rows.length !== first.length)
      fail(`arms must have as many rows, got ${rows.length} in ${name} and ${first.length} in ${firstName}`);
    for (const [index, row] of rows.entries()) checkRow(name, firstName, index, row, first[index]);
  }
  const facts = entries.map(([arm, rows]) => armFacts(arm, rows, countTokens));
  const means = facts.map((fact) => fact.tokens?.meanPromptTokens ?? null);
  const known = means.filter((mean): mean is number => mean !== null);
  return {
    rows: first.length,
    contentHash: contentHash(first.map((row) => [row.exampleId, bare(row), row.completion])),
    arms: facts,
    shuffledTrueByChance: chanceMatches(arms),
    promptTokensSpread: known.length > 0 ? Math.max(...known) - Math.min(...known) : null,
    dropsDiffer: countTokens
      ? new Set(facts.map((f) => JSON.stringify(f.tokens!.dropped.map((d) => d.exampleId)))).size > 1
      : null,
  };
}

/** The proof as a table for a terminal or a notebook. */
export function proofText(proof: ArmProof): string {
  const lines = [
    `${proof.rows} examples, in the same order and with the same completions in every arm (content ${proof.contentHash.slice(0, 12)})`,
  ];
  for (const fact of proof.arms) {
    const counts = Object.entries(fact.labelCounts).map(([value, count]) => `${value} ${count}`);
    const tokens = fact.tokens;
    lines.push(
      `${fact.arm.padEnd(9)} labels: ${counts.join(', ') || 'none'}${
        tokens === null
          ? ''
          : `; tokens: prompt ${tokens.promptTokens} (mean ${tokens.meanPromptTokens?.toFixed(1) ?? 'unknown'}), completion ${tokens.completionTokens}, longest row ${tokens.longestRowTokens}, dropped ${tokens.dropped.length}`
      }`,
    );
    for (const drop of tokens?.dropped.slice(0, 5) ?? []) lines.push(`  dropped ${drop.exampleId}: ${drop.reason}`);
  }
  const chance = proof.shuffledTrueByChance;
  if (chance !== null)
    lines.push(
      `shuffled: ${chance.rows} of ${proof.rows} labels are true by chance (${chance.expected.toFixed(1)} expected)`,
    );
  if (proof.dropsDiffer) lines.push('WARNING: the arms drop different rows, so they do not train on the same examples');
  return lines.join('\n');
}

function checkRow(name: ArmName, firstName: ArmName, index: number, row: ArmExample, reference: ArmExample): void {
  const at = `row ${index + 1} of ${name} (${row.exampleId})`;
  if (row.arm !== name) fail(`${at} must belong to its arm, got ${row.arm}`);
  if (row.exampleId !== reference.exampleId)
    fail(`${at} must be the example of ${firstName}, got another than ${reference.exampleId}`);
  if (row.completion !== reference.completion) fail(`${at} must have the completion of ${firstName}, got another`);
  if ((row.label === null) !== (row.labelSpan === null)) fail(`${at} must have a label and its span, or neither`);
  if (row.label !== null && row.labelSpan !== null) {
    const span = row.labelSpan;
    if (!row.messages[span.message]?.content.slice(span.start, span.end).includes(row.label.text))
      fail(`${at} must hold its label "${row.label.text}" at its span, got other text there`);
  }
  if (JSON.stringify(bare(row)) !== JSON.stringify(bare(reference)))
    fail(`${at} must equal ${firstName} outside the label, got other messages`);
}

/** The messages without the label, with their keys in a fixed order. */
function bare(row: ArmExample): { role: string; content: string }[] {
  return cutSpan(row.messages, row.labelSpan).map(({ role, content }) => ({ role, content }));
}

function armFacts(arm: ArmName, rows: readonly ArmExample[], countTokens: CountTokens | undefined): ArmFacts {
  const labelCounts: Record<string, number> = {};
  for (const row of rows) if (row.label) labelCounts[row.label.value] = (labelCounts[row.label.value] ?? 0) + 1;
  const labelledRows = rows.filter((row) => row.label !== null).length;
  return {
    arm,
    rows: rows.length,
    labelledRows,
    labelCounts,
    tokens: countTokens ? armTokens(rows, countTokens) : null,
  };
}

function armTokens(rows: readonly ArmExample[], countTokens: CountTokens): ArmTokens {
  const dropped: { exampleId: string; reason: string }[] = [];
  let promptTokens = 0;
  let completionTokens = 0;
  let longestRowTokens = 0;
  for (const row of rows) {
    const count = countTokens(row);
    if ('dropped' in count) {
      dropped.push({ exampleId: row.exampleId, reason: count.dropped });
      continue;
    }
    promptTokens += count.promptTokens;
    completionTokens += count.completionTokens;
    longestRowTokens = Math.max(longestRowTokens, count.promptTokens + count.completionTokens);
  }
  const kept = rows.length - dropped.length;
  const meanPromptTokens = kept > 0 ? promptTokens / kept : null;
  return { promptTokens, completionTokens, meanPromptTokens, longestRowTokens, dropped };
}

function chanceMatches(arms: Readonly<Partial<Record<ArmName, readonly ArmExample[]>>>) {
  const { mst, shuffled } = arms;
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
