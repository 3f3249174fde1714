import { frameOfRows, type Row } from '../../analysis/frame';
import type { FamilyLintRow, LabelFamily } from '../../labels';
import type { LabelLeakAudit } from '../../tasks';

/**
 * A row a wording of a family: id, value, scale (place on the scale, in its units), announced (the place that the text names, after
 * rounding), text, rendered (as the model reads it), encoding, paraphrase, placement, emphasis, source.
 */
export function familyFrame(family: LabelFamily) {
  const columns = [
    'id',
    'value',
    'scale',
    'announced',
    'text',
    'rendered',
    'encoding',
    'paraphrase',
    'placement',
    'emphasis',
    'source',
  ] as const;
  return frameOfRows(
    family.wordings.map((wording): Row => Object.fromEntries(columns.map((column) => [column, wording[column]]))),
    [...columns],
  );
}

/** A row a wording: the columns of `FamilyLintRow`, `shape` as token_shape; tokens, least_tokens, most_tokens and token_spread in tokens. */
export function familyLintFrame(rows: readonly FamilyLintRow[]) {
  return frameOfRows(
    rows.map(({ shape, ...row }): Row => ({ ...row, token_shape: shape })),
    [...Object.keys(rows[0] ?? {}).filter((column) => column !== 'shape'), 'token_shape'],
  );
}

/** A row a reader of the leak audit: reader, n (rows), groups, labels, accuracy and chance (0 to 1), low, high, leaks, missing_reason. */
export function leakFrame(audit: LabelLeakAudit) {
  return frameOfRows(
    audit.rows.map((row): Row => ({ ...row })),
    ['reader', 'n', 'groups', 'labels', 'accuracy', 'low', 'high', 'chance', 'leaks', 'missing_reason'],
  );
}
