import { contentHash } from '../core';
import { type ChatMessage, cutSpan } from '../labels';
import { ARM_CATALOGUE } from './catalogue';
import { entropyNats, expectedMutualInformationNats, mutualInformationNats } from './mutual-information';
import type { ArmExample, TrainedArmName } from './types';

/** Counts the tokens of a row, or says why the row will be dropped (as the encoder of the training run does). */
export type CountTokens = (
  row: ArmExample,
) => { readonly promptTokens: number; readonly completionTokens: number } | { readonly dropped: string };

export interface ArmTokens {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly meanPromptTokens: number | null;
  readonly longestRowTokens: number;
  /** The mean prompt of the same rows with the label cut out; null if no row is left. */
  readonly meanPromptTokensWithoutLabel: number | null;
  /** What the label adds to a row that has one: mean, least and most tokens; null without such rows. */
  readonly labelTokens: { readonly mean: number; readonly least: number; readonly most: number } | null;
  /** Rows that the training run will drop (too long for it), with the reason. */
  readonly dropped: readonly { readonly exampleId: string; readonly reason: string }[];
}

/** What the label as written says of the true value, in nats. A row without a label counts as a label of its own. */
export interface LabelInformation {
  /** Mutual information of label and true value: the entropy of the truth where the label tells it, about `chanceNats` where it does not. */
  readonly sharedNats: number;
  readonly truthNats: number;
  readonly labelNats: number;
  /** The mean of `sharedNats` over all orders of these labels. */
  readonly chanceNats: number;
}

/** Which rows an arm has in place of all, and how often each stands in it. */
export interface ArmRepeats {
  readonly distinctRows: number;
  readonly values: readonly string[];
  readonly least: number;
  readonly most: number;
  readonly byExample: Readonly<Record<string, number>>;
}

export interface ArmFacts {
  readonly arm: TrainedArmName;
  /** What stands in its prompts, and which explanation of an effect it takes away. */
  readonly what: string;
  readonly rulesOut: string;
  readonly rows: number;
  readonly labelledRows: number;
  /** Rows by label value; of a sentence or code, the value in whose place it stands. */
  readonly labelCounts: Readonly<Record<string, number>>;
  /** Rows whose label is true; null where labels are no statements on the row. */
  readonly trueLabels: number | null;
  /** Hash of the example ids in order, and of the completions in order. */
  readonly orderHash: string;
  readonly completionsHash: string;
  /** Prompts that are not those of the baseline's row in the same place, and where they differ. */
  readonly promptsThatDiffer: number;
  readonly differsIn: 'nothing' | 'the label' | 'the rows';
  /** Null without a label. */
  readonly information: LabelInformation | null;
  /** Null for an arm that has every row once. */
  readonly repeats: ArmRepeats | null;
  readonly tokens: ArmTokens | null;
}

/** Labels of these arms do not speak of the row in the task's terms. */
const NO_STATEMENT: readonly TrainedArmName[] = ['irrelevant', 'non-semantic', 'inoculation'];

/** The messages without the label, with their keys in a fixed order. */
export function bareMessages(row: ArmExample): ChatMessage[] {
  return cutSpan(row.messages, row.labelSpan).map(({ role, content }) => ({ role, content }));
}

/** The facts of one arm beside the reference, the unlabelled rows of the same examples. */
export function armFacts(
  arm: TrainedArmName,
  rows: readonly ArmExample[],
  reference: readonly ArmExample[],
  countTokens: CountTokens | undefined,
): ArmFacts {
  const labelCounts: Record<string, number> = {};
  for (const { label } of rows) if (label) labelCounts[label.value] = (labelCounts[label.value] ?? 0) + 1;
  const labelled = rows.filter(({ label }) => label !== null);
  const prompts = reference.map((row) => JSON.stringify(bareMessages(row)));
  const promptOf = ({ messages }: ArmExample) =>
    JSON.stringify(messages.map(({ role, content }) => ({ role, content })));
  const promptsThatDiffer = rows.filter((row, at) => promptOf(row) !== prompts[at]).length;
  return {
    arm,
    what: ARM_CATALOGUE[arm].what,
    rulesOut: ARM_CATALOGUE[arm].rulesOut,
    rows: rows.length,
    labelledRows: labelled.length,
    labelCounts,
    trueLabels:
      labelled.length === 0 || NO_STATEMENT.includes(arm)
        ? null
        : labelled.filter(({ label, trueValue }) => label!.value === trueValue).length,
    orderHash: contentHash(rows.map(({ exampleId }) => exampleId)),
    completionsHash: contentHash(rows.map(({ completion }) => completion)),
    promptsThatDiffer,
    differsIn: promptsThatDiffer === 0 ? 'nothing' : arm === 'least-biased-subset' ? 'the rows' : 'the label',
    information: labelled.length === 0 ? null : informationOf(rows),
    repeats: arm === 'least-biased-subset' ? repeatsOf(rows) : null,
    tokens: countTokens ? armTokens(rows, countTokens) : null,
  };
}

function informationOf(rows: readonly ArmExample[]): LabelInformation {
  const labels = rows.map(({ label }) => (label === null ? 'none' : `label: ${label.text}`));
  const truth = rows.map(({ trueValue }) => trueValue);
  return {
    sharedNats: mutualInformationNats(labels, truth),
    truthNats: entropyNats(truth),
    labelNats: entropyNats(labels),
    chanceNats: expectedMutualInformationNats(labels, truth),
  };
}

function repeatsOf(rows: readonly ArmExample[]): ArmRepeats {
  const byExample: Record<string, number> = {};
  for (const { exampleId } of rows) byExample[exampleId] = (byExample[exampleId] ?? 0) + 1;
  const counts = Object.values(byExample);
  return {
    distinctRows: counts.length,
    values: [...new Set(rows.map(({ trueValue }) => trueValue))].sort(),
    least: counts.reduce((a, b) => Math.min(a, b)),
    most: counts.reduce((a, b) => Math.max(a, b)),
    byExample,
  };
}

function armTokens(rows: readonly ArmExample[], countTokens: CountTokens): ArmTokens {
  const dropped: { exampleId: string; reason: string }[] = [];
  let promptTokens = 0;
  let bareTokens = 0;
  let completionTokens = 0;
  let longestRowTokens = 0;
  const labelTokens: number[] = [];
  for (const row of rows) {
    const count = countTokens(row);
    if ('dropped' in count) {
      dropped.push({ exampleId: row.exampleId, reason: count.dropped });
      continue;
    }
    promptTokens += count.promptTokens;
    completionTokens += count.completionTokens;
    longestRowTokens = Math.max(longestRowTokens, count.promptTokens + count.completionTokens);
    const bare =
      row.label === null ? count : countTokens({ ...row, label: null, labelSpan: null, messages: bareMessages(row) });
    // A row that is short enough with its label is so without it.
    if ('dropped' in bare) continue;
    bareTokens += bare.promptTokens;
    if (row.label !== null) labelTokens.push(count.promptTokens - bare.promptTokens);
  }
  const kept = rows.length - dropped.length;
  return {
    promptTokens,
    completionTokens,
    meanPromptTokens: kept > 0 ? promptTokens / kept : null,
    longestRowTokens,
    meanPromptTokensWithoutLabel: kept > 0 ? bareTokens / kept : null,
    labelTokens:
      labelTokens.length === 0
        ? null
        : {
            mean: labelTokens.reduce((a, b) => a + b, 0) / labelTokens.length,
            least: labelTokens.reduce((a, b) => Math.min(a, b)),
            most: labelTokens.reduce((a, b) => Math.max(a, b)),
          },
    dropped,
  };
}
