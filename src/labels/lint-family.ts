import { ConfigError } from '../core';
import type { LabelFamily, Wording } from './family';
import { type LintOptions, lintLabel } from './lint';
import { nearDuplicates, textKey } from './near-duplicates';

/** One wording as the lint sees it; the columns of a frame. */
export interface FamilyLintRow {
  readonly id: string;
  readonly value: string;
  readonly scale: number | null;
  readonly encoding: string;
  readonly paraphrase: string;
  readonly placement: string;
  readonly emphasis: string;
  readonly rendered: string;
  /** Tokens of the label as written. */
  readonly tokens: number;
  /** Fewest and most tokens over the values of the same encoding, paraphrase, placement and emphasis, and their difference. */
  readonly least_tokens: number;
  readonly most_tokens: number;
  readonly token_spread: number;
  /** The pieces of the label as written, between bars. */
  readonly pieces: string;
  /** The same with every digit as 0 and every run of letters as a. */
  readonly shape: string;
  /** Whether shape is the one that most values of the group have; null in a group of one. */
  readonly even: boolean | null;
  /** How it differs from most; null where it does not. */
  readonly uneven_because: string | null;
  /** Values of the group with the same text, and with one close to it; null for none. */
  readonly duplicate_of: string | null;
  readonly near_duplicate_of: string | null;
  /** Other problems of the text, such as a line break; null for none. */
  readonly problems: string | null;
}

/**
 * Looks a family over before anything is trained on it: token counts and their spread, whether the values of a scale tokenise evenly
 * (`100%` or `5%` beside two-digit ones do not: the model reads the shape before the size), duplicates and near-duplicates within a
 * group. `tokenize` gives the pieces of a text. Throws ConfigError, with every label named, only for control tokens.
 */
export function lintFamily(
  family: LabelFamily,
  options: LintOptions & { readonly tokenize: (text: string) => readonly string[] },
): FamilyLintRow[] {
  const { tokenize, ...lint } = options;
  const found = family.wordings.map((wording) => ({
    wording,
    problems: lintLabel(wording.rendered, lint, wording.id),
  }));
  const control = found.flatMap(({ problems }) => problems.filter(({ kind }) => kind === 'control-token'));
  if (control.length > 0)
    throw new ConfigError(
      `lintFamily: labels must hold no control token, got ${control.length} (${family.id}): ${control.map(({ label, message }) => `${label}: ${message}`).join('; ')}. Change these wordings.`,
    );
  const groups = new Map<string, LintedWording[]>();
  for (const { wording, problems } of found) {
    const { encoding, paraphrase, placement, emphasis } = wording;
    const key = JSON.stringify([encoding, paraphrase, placement, emphasis]);
    const pieces = tokenize(wording.rendered);
    const linted = { wording, pieces, shape: pieces.map(shapeOf).join('|'), problems: problems.map((p) => p.message) };
    groups.set(key, [...(groups.get(key) ?? []), linted]);
  }
  const rows = [...groups.values()].flatMap(groupRows);
  const order = new Map(family.wordings.map(({ id }, at) => [id, at]));
  return rows.sort((a, b) => order.get(a.id)! - order.get(b.id)!);
}

/** The lint in words: a line a group that has something to say, or that there is nothing. */
export function familyLintText(rows: readonly FamilyLintRow[]): string {
  const groups = new Map<string, FamilyLintRow[]>();
  for (const row of rows) {
    const name = `${row.encoding}, ${row.paraphrase}, ${row.placement}, ${row.emphasis}`;
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  const lines = [...groups].flatMap(([name, own]) => {
    const uneven = own.filter(({ even }) => even === false);
    const said = [
      own[0].token_spread > 0 && `${own[0].least_tokens} to ${own[0].most_tokens} tokens`,
      uneven.length > 0 && `uneven: ${uneven.map((row) => `${row.value} (${row.uneven_because})`).join(', ')}`,
      ...own.map((row) => row.duplicate_of && `${row.value} reads as ${row.duplicate_of}`),
      ...own.map((row) => row.near_duplicate_of && `${row.value} is close to ${row.near_duplicate_of}`),
      ...own.map((row) => row.problems && `${row.value}: ${row.problems}`),
    ].filter(Boolean);
    return said.length === 0 ? [] : [`${name}: ${said.join('; ')}`];
  });
  return lines.length === 0
    ? `${rows.length} wordings in ${groups.size} groups: even, and no two alike.`
    : lines.join('\n');
}

interface LintedWording {
  readonly wording: Wording;
  readonly pieces: readonly string[];
  readonly shape: string;
  readonly problems: readonly string[];
}

function groupRows(group: readonly LintedWording[]): FamilyLintRow[] {
  const counts = group.map(({ pieces }) => pieces.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const usual = mostFrequent(group.map(({ shape }) => shape));
  const usualCount = group.find(({ shape }) => shape === usual)!.pieces.length;
  return group.map(({ wording, pieces, shape, problems }): FamilyLintRow => {
    const others = group.map((other) => other.wording).filter((other) => other !== wording);
    const same = others.filter((other) => textKey(other.text) === textKey(wording.text));
    const near = nearDuplicates(
      wording.text,
      others.map(({ label }) => label),
    ).filter(({ exact }) => !exact);
    const names = (values: readonly string[]): string | null => (values.length > 0 ? values.join(', ') : null);
    const because =
      pieces.length !== usualCount
        ? `${pieces.length} tokens, most have ${usualCount}`
        : `pieces ${shape}, most have ${usual}`;
    return {
      id: wording.id,
      value: wording.value,
      scale: wording.scale,
      encoding: wording.encoding,
      paraphrase: wording.paraphrase,
      placement: wording.placement,
      emphasis: wording.emphasis,
      rendered: wording.rendered,
      tokens: pieces.length,
      least_tokens: least,
      most_tokens: most,
      token_spread: most - least,
      pieces: pieces.join('|'),
      shape,
      even: group.length > 1 ? shape === usual : null,
      uneven_because: group.length > 1 && shape !== usual ? because : null,
      duplicate_of: names(same.map(({ value }) => value)),
      near_duplicate_of: names(near.map(({ label }) => label.value)),
      problems: names(problems),
    };
  });
}

function shapeOf(piece: string): string {
  return piece.replace(/\p{L}+/gu, 'a').replace(/\p{N}/gu, '0');
}

/** The first of the most frequent. */
function mostFrequent(items: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
