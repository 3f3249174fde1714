import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../core';
import { readJsonl, writeFileAtomic } from '../../runs';
import type { NewsForm } from '../../tasks';
import type { RejectReason } from './item-rules';
import type { RejectedItem } from './rounds';
import type { Written } from './writer';

/** Where an item of a set comes from: one row of `provenance.jsonl`. */
export interface Provenance {
  readonly file: string;
  /** A topic's id, or `<topicId>/<profile>`. */
  readonly id: string;
  readonly writer: string;
  readonly model: string;
  readonly promptId: string;
  readonly promptHash: string;
  readonly request: string;
  /** Place of the candidate in its reply, from 0. */
  readonly place: number;
  readonly sample: number;
  readonly round: number;
  /** Key of the reply in the writer's store; null if it has none. */
  readonly replyKey: string | null;
  readonly createdAt: string;
  readonly seed: number;
}

/** What is still missing: how many of which kind. */
export interface MissingItems {
  readonly group: string;
  readonly missing: number;
}

/** What came of a making. */
export interface MadeSet {
  readonly kind: 'topics' | NewsForm;
  readonly dir: string;
  readonly complete: boolean;
  readonly wanted: number;
  readonly made: number;
  /** By domain and split (topics) or by profile and split (texts). */
  readonly missing: readonly MissingItems[];
  /** Candidates and replies that were not taken, by reason. */
  readonly rejected: Partial<Record<RejectReason, number>>;
  readonly rounds: number;
  readonly replies: number;
  /** Of all replies, rejected ones too; null if a price is not known. */
  readonly costUsd: number | null;
  /** Why it ended before it was complete; null if it is complete. */
  readonly stopped: string | null;
  readonly files: Readonly<Record<string, { readonly rows: number; readonly sha256: string }>>;
}

/** What a manifest says of one making beside its result. */
export interface MakingFacts {
  readonly writer: string;
  readonly promptId: string;
  readonly promptHash: string;
  readonly seed: number;
  readonly lastReplyAt: string | null;
}

/** The provenance of a candidate. */
export function provenanceOf(
  item: { readonly file: string; readonly id: string; readonly place: number; readonly round: number },
  request: { readonly id: string; readonly sample: number },
  written: Written,
  facts: MakingFacts,
): Provenance {
  return {
    file: item.file,
    id: item.id,
    writer: facts.writer,
    model: written.model,
    promptId: facts.promptId,
    promptHash: facts.promptHash,
    request: request.id,
    place: item.place,
    sample: request.sample,
    round: item.round,
    replyKey: written.replyKey,
    createdAt: written.createdAt,
    seed: facts.seed,
  };
}

/**
 * Writes the files of a making, each atomically, the manifest last: the rows in the format that `loadNews` reads, their provenance beside
 * that of other makings of the folder, what was rejected, and the manifest with counts, hashes and cost.
 */
export function writeSet(
  result: Omit<MadeSet, 'files' | 'rejected'>,
  rowsOf: Readonly<Record<string, readonly object[]>>,
  provenance: readonly Provenance[],
  rejected: readonly RejectedItem[],
  reasons: MadeSet['rejected'],
  facts: MakingFacts,
): MadeSet {
  const { dir, kind } = result;
  mkdirSync(dir, { recursive: true });
  const files: Record<string, { rows: number; sha256: string }> = {};
  for (const [file, rows] of Object.entries(rowsOf)) {
    const text = lines(rows);
    writeFileAtomic(join(dir, file), text);
    files[file] = { rows: rows.length, sha256: sha256(text) };
  }
  const path = join(dir, 'provenance.jsonl');
  // Texts come with a copy of their topics, whose provenance is that of the topics' own making.
  const own = (file: string) => file in files && (kind === 'topics' || file !== 'topics.jsonl');
  const others = readJsonl<Provenance>(path).filter(({ file }) => !own(file));
  const both = kind === 'topics' ? [...provenance, ...others] : [...others, ...provenance];
  writeFileAtomic(path, lines(both));
  writeFileAtomic(join(dir, `rejected-${kind}.jsonl`), lines(rejected));
  const made: MadeSet = { ...result, rejected: reasons, files };
  const { dir: _, ...stated } = made;
  const manifestPath = join(dir, 'manifest.json');
  const known = existsSync(manifestPath) ? JSON.parse(readFileSync(manifestPath, 'utf8')) : {};
  writeFileAtomic(manifestPath, `${JSON.stringify({ ...known, [kind]: { ...stated, ...facts } }, null, 2)}\n`);
  return made;
}

/** A result as text: counts, what is missing, why candidates were not taken, cost. */
export function madeText(made: MadeSet): string {
  const reasons = Object.entries(made.rejected).map(([reason, count]) => `${reason} ${count}`);
  const cost = made.costUsd === null ? 'cost not known' : `${made.costUsd.toFixed(2)} US dollars`;
  const out = [
    `${made.kind}: ${made.made} of ${made.wanted} ${made.complete ? 'made' : 'made, NOT COMPLETE'} in ${made.rounds} rounds, ${made.replies} replies, ${cost} (${made.dir})`,
    `  not taken: ${reasons.join(', ') || 'none'}`,
  ];
  if (made.stopped !== null) out.push(`  ended: ${made.stopped}`);
  for (const { group, missing } of made.missing.slice(0, 20)) out.push(`  missing: ${missing} of ${group}`);
  if (made.missing.length > 20) out.push(`  missing: ${made.missing.length - 20} more groups`);
  return out.join('\n');
}

/** How many items of each group are missing, in the order of first appearance. */
export function missingBy(groups: readonly string[]): MissingItems[] {
  const counts = new Map<string, number>();
  for (const group of groups) counts.set(group, (counts.get(group) ?? 0) + 1);
  return [...counts].map(([group, missing]) => ({ group, missing }));
}

function lines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
