import { ConfigError } from '../../core';

/** Several texts that each continue one prompt. */
export interface ScoreItem {
  readonly id: string;
  readonly promptIds: Int32Array;
  readonly texts: readonly Int32Array[];
}

/** A text's place in the result. */
interface TextRef {
  readonly item: number;
  readonly text: number;
}

/** One row of tokens: a prompt as segment 0, then texts as segments 1, 2, ..., each counted on from the prompt's end. */
export interface ScoreRow {
  readonly tokens: Int32Array;
  readonly positions: Int32Array;
  readonly segments: Int32Array;
  /** For every text token: the column of the token before it, the token itself, and the text it belongs to. */
  readonly scored: readonly { readonly column: number; readonly target: number; readonly of: TextRef }[];
}

/** The static sizes of a scoring program: rows, tokens a row, and scored tokens in all. */
export interface ScoreShape {
  readonly batch: number;
  readonly tokens: number;
  readonly scored: number;
}

export interface ScoreBatch {
  readonly shape: ScoreShape;
  readonly rows: readonly ScoreRow[];
}

/** A row longer than this is split, the prompt repeated, because attention is quadratic in a row. */
const ROW_TOKENS = 512;
/** Tokens of one forward pass. */
const BATCH_TOKENS = 1024;
/** Scored tokens are rounded up to this many, so that calls of similar texts share programs. */
const SCORED_BUCKET = 128;

/**
 * Lays items out as rows, and rows of similar length as batches of few shapes.
 * Throws ConfigError naming the item for an empty prompt or text, an id given twice, or more tokens than the model has positions.
 */
export function layOutScores(items: readonly ScoreItem[], maxPositions: number): ScoreBatch[] {
  checkItems(items, maxPositions);
  const rows = items.flatMap((item, index) => splitTexts(item, index).map((refs) => rowOf(item, refs)));
  const byBucket = new Map<number, ScoreRow[]>();
  for (const row of rows) {
    const bucket = lengthBucket(row.tokens.length);
    byBucket.set(bucket, [...(byBucket.get(bucket) ?? []), row]);
  }
  return [...byBucket].flatMap(([tokens, list]) => {
    const most = Math.max(1, Math.floor(BATCH_TOKENS / tokens));
    // Even batches: 6 rows where 4 fit are 3 and 3, not 4 and 2 with two rows of padding.
    const batch = Math.ceil(list.length / Math.ceil(list.length / most));
    const groups = Array.from({ length: Math.ceil(list.length / batch) }, (_, i) =>
      list.slice(i * batch, (i + 1) * batch),
    );
    const scored = Math.max(...groups.map((group) => group.reduce((sum, row) => sum + row.scored.length, 0)));
    const shape = { batch, tokens, scored: Math.ceil(scored / SCORED_BUCKET) * SCORED_BUCKET };
    return groups.map((group) => ({ shape, rows: group }));
  });
}

/** Lengths in steps of about a fifth and at least 16 tokens, so that padding stays small and shapes few. */
function lengthBucket(tokens: number): number {
  let bucket = 32;
  while (bucket < tokens) bucket = Math.ceil((bucket * 1.2) / 16) * 16;
  return bucket;
}

function splitTexts(item: ScoreItem, index: number): TextRef[][] {
  const groups: TextRef[][] = [];
  let room = 0;
  item.texts.forEach((ids, text) => {
    if (groups.length === 0 || ids.length > room) {
      groups.push([]);
      room = ROW_TOKENS - item.promptIds.length;
    }
    groups[groups.length - 1].push({ item: index, text });
    room -= ids.length;
  });
  return groups;
}

function rowOf(item: ScoreItem, refs: readonly TextRef[]): ScoreRow {
  const prompt = item.promptIds;
  const tokens = [...prompt];
  const positions = tokens.map((_, i) => i);
  const segments = tokens.map(() => 0);
  const scored: { column: number; target: number; of: TextRef }[] = [];
  refs.forEach((of, k) => {
    item.texts[of.text].forEach((target, j) => {
      scored.push({ column: j === 0 ? prompt.length - 1 : tokens.length - 1, target, of });
      tokens.push(target);
      positions.push(prompt.length + j);
      segments.push(k + 1);
    });
  });
  return {
    tokens: Int32Array.from(tokens),
    positions: Int32Array.from(positions),
    segments: Int32Array.from(segments),
    scored,
  };
}

function checkItems(items: readonly ScoreItem[], maxPositions: number): void {
  const seen = new Set<string>();
  for (const { id, promptIds, texts } of items) {
    if (seen.has(id)) throw new ConfigError(`scoreTexts: item ids must differ, got "${id}" twice. Rename one.`);
    seen.add(id);
    const empty = promptIds.length === 0 ? 'prompt' : texts.some((text) => text.length === 0) ? 'text' : null;
    if (empty)
      throw new ConfigError(
        `scoreTexts: prompts and texts must have tokens, got an empty ${empty} (item "${id}"). Drop it.`,
      );
    const longest = promptIds.length + Math.max(0, ...texts.map((text) => text.length));
    if (longest > maxPositions)
      throw new ConfigError(
        `scoreTexts: prompt and text must fit ${maxPositions} positions, got ${longest} tokens (item "${id}"). Shorten them.`,
      );
  }
}
