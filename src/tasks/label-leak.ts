import { ConfigError, DataError } from '../core';
import { measureLeak, unmeasurable } from './news/leak-measure';
import { standardised, surfaceFeatures } from './news/surface-leak';
import { type Analyzer, fitTfidf, type SparseRows, transformTfidf } from './text-model';

/** A training row as the audit sees it: the prompt without its label, what the label would say, and what it resembles. */
export interface LeakItem {
  readonly prompt: string;
  /** A name, or a number, which is cut into ranges. */
  readonly label: string | number;
  /** Rows of one group resemble each other (news: the domain; addition: the operands): they are never apart in a fold. */
  readonly group: string;
}

/** What of the prompt is read: its words, its pieces of words (single digits and signs, too), its length, its marks. */
export type LeakReader = 'words' | 'characters' | 'length' | 'punctuation';
export const LEAK_READERS: readonly LeakReader[] = ['words', 'characters', 'length', 'punctuation'];

/** How well one reader names the label from the prompt without it; the columns of a frame. */
export interface LabelLeakRow {
  readonly reader: LeakReader;
  readonly n: number;
  readonly groups: number;
  readonly labels: number;
  /** Share of rows whose label is named by a model that never saw their group; null with a reason. */
  readonly accuracy: number | null;
  /** 95% interval: percentile bootstrap over groups. */
  readonly low: number | null;
  readonly high: number | null;
  /** Share of the most frequent label. */
  readonly chance: number | null;
  /** True if the whole interval lies above chance. */
  readonly leaks: boolean | null;
  readonly missing_reason: string | null;
}

export interface LabelLeakAudit {
  readonly rows: readonly LabelLeakRow[];
  /** True if any reader names the label above chance; null if none could be measured. */
  readonly leaks: boolean | null;
  readonly text: string;
}

export interface LabelLeakOptions {
  readonly items: readonly LeakItem[];
  /** Ranges that numbers are cut into, each with as many rows (2 or more); default 3. */
  readonly bins?: number;
  readonly readers?: readonly LeakReader[];
}

const ANALYZERS: Readonly<Record<'words' | 'characters', Analyzer>> = {
  words: { kind: 'word', minN: 1, maxN: 2 },
  characters: { kind: 'char_wb', minN: 1, maxN: 2 },
};

/**
 * Can the label be told from the prompt without it, before anything is trained? If so the baseline arm can read it too, and is no
 * control. Logistic regression (C 3) from each reader's features (TF-IDF of words 1 to 2 or of characters 1 to 2; words and
 * sentences; marks), each group named by a model that never saw it, in up to 8 folds of whole groups. Each interval stands for its
 * reader alone. Deterministic. Throws ConfigError for no items, numbers mixed with names, numbers that are not finite, or bins under 2.
 */
export function auditLabelLeak({ items, bins = 3, readers = LEAK_READERS }: LabelLeakOptions): LabelLeakAudit {
  const names = labelNames(items, bins);
  const groups = items.map(({ group }) => group);
  const prompts = items.map(({ prompt }) => prompt);
  const shared = { n: items.length, groups: new Set(groups).size, labels: new Set(names).size };
  const missing = (reader: LeakReader, reason: string): LabelLeakRow => ({
    reader,
    ...shared,
    accuracy: null,
    low: null,
    high: null,
    chance: null,
    leaks: null,
    missing_reason: reason,
  });
  const rows = readers.map((reader): LabelLeakRow => {
    const reason = unmeasurable(names, groups);
    if (reason) return missing(reader, reason);
    const features = featuresOf(prompts, reader);
    if (typeof features === 'string') return missing(reader, features);
    const [leak] = measureLeak(names, groups, features, ['profile'], `label-leak-${reader}`);
    const { accuracy, low, high, chance, leaks } = leak;
    return { reader, ...shared, accuracy, low, high, chance, leaks, missing_reason: null };
  });
  const known = rows.filter(({ leaks }) => leaks !== null);
  const leaks = known.length === 0 ? null : known.some((row) => row.leaks);
  return { rows, leaks, text: auditText(rows, leaks) };
}

function labelNames(items: readonly LeakItem[], bins: number): string[] {
  const labels = items.map(({ label }) => label);
  const numbers = labels.filter((label) => typeof label === 'number');
  const faults = [
    items.length === 0 && 'there must be items, got none',
    numbers.length > 0 && numbers.length < labels.length && 'labels must be all names or all numbers, got both',
    numbers.some((number) => !Number.isFinite(number)) && 'numbers must be finite',
    !(Number.isInteger(bins) && bins >= 2) && `bins must be a whole number of at least 2, got ${bins}`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new ConfigError(`auditLabelLeak: ${faults.join('; ')}. Correct these options.`);
  if (numbers.length === 0) return labels.map(String);
  const sorted = [...numbers].sort((a, b) => a - b);
  // Equal numbers stay together: a range begins at the number in its place of the order.
  const starts = [
    ...new Set(Array.from({ length: bins }, (_, bin) => sorted[Math.floor((bin * sorted.length) / bins)])),
  ];
  return numbers.map((number) => `from ${starts.findLast((start) => number >= start)}`);
}

/** Features by the rows that may be fitted on, or why there are none. */
function featuresOf(
  prompts: readonly string[],
  reader: LeakReader,
): ((fitRows: readonly number[]) => SparseRows) | string {
  if (reader === 'words' || reader === 'characters') {
    try {
      const tfidf = fitTfidf([...prompts], { analyzer: ANALYZERS[reader], minDocuments: 2 });
      const matrix = transformTfidf(tfidf, [...prompts]);
      return () => matrix;
    } catch (error) {
      if (error instanceof DataError) return 'no word stands in two prompts';
      throw error;
    }
  }
  const rows = prompts.map((prompt) => surfaceFeatures(prompt, reader));
  return (fitRows) => standardised(rows, fitRows);
}

function auditText(rows: readonly LabelLeakRow[], leaks: boolean | null): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
  const lines = rows.map(({ reader, accuracy, low, high, chance, leaks: own, missing_reason }) =>
    accuracy === null
      ? `${reader}: not measured, ${missing_reason}`
      : `${reader}: names the label of ${percent(accuracy)} of rows [${percent(low!)}, ${percent(high!)}], chance ${percent(chance!)}${own ? ': LEAKS' : ''}`,
  );
  const { n, groups, labels } = rows[0] ?? { n: 0, groups: 0, labels: 0 };
  const verdict =
    leaks === null
      ? 'Whether the prompt gives the label away is not known.'
      : leaks
        ? 'The prompt gives the label away: the baseline arm can read it too, so a difference between mst and baseline is less than what labels do.'
        : 'No reader names the label above chance: without a label the baseline arm cannot tell the rows apart by these.';
  return [`${n} prompts without their labels, ${labels} labels, ${groups} groups`, ...lines, verdict].join('\n');
}
