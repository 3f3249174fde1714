import { ConfigError } from '../../core';
import { usdText } from './estimate';
import type { CallStore } from './store';
import type { CallMode, LedgerRow } from './types';

interface SumRow {
  readonly purpose: string;
  readonly model: string;
  readonly mode: CallMode;
  readonly paid: number;
  readonly failed: number;
  readonly uncertain: number;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost: number | null;
  readonly unpriced: number;
  readonly may_have_cost: number | null;
  readonly may_unpriced: number;
}

const sums = `
  SELECT purpose, model, mode,
    sum(outcome = 'paid') AS paid,
    sum(outcome = 'failed') AS failed,
    sum(outcome = 'uncertain') AS uncertain,
    sum(input_tokens + cache_write_tokens + cache_read_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost) AS cost,
    sum(outcome = 'paid' AND cost IS NULL) AS unpriced,
    sum(CASE WHEN may_be_paid THEN most_cost END) AS may_have_cost,
    sum(may_be_paid AND most_cost IS NULL) AS may_unpriced
  FROM attempts
  WHERE outcome <> 'open' AND started_at >= ?
  GROUP BY purpose, model, mode
  ORDER BY purpose, model, mode
`;

/**
 * What was asked and paid, of all processes that used the store: everything, or what was sent since a time (ISO 8601). Requests under way
 * are not in it. Throws ConfigError if `since` is no time.
 */
export function ledgerOf(store: CallStore, since?: string): LedgerRow[] {
  const from = since === undefined ? 0 : Date.parse(since);
  if (Number.isNaN(from))
    throw new ConfigError(`ledger: since must be a time such as 2026-11-02T08:00:00Z, got "${since}".`);
  store.settleDead();
  const rows = store.transaction(() => store.db.prepare(sums).all(new Date(from).toISOString())) as unknown as SumRow[];
  return rows.map((row) => ({
    ...{ purpose: row.purpose, model: row.model, mode: row.mode },
    ...{ paid: row.paid, failed: row.failed, uncertain: row.uncertain },
    inputTokens: row.input_tokens ?? 0,
    outputTokens: row.output_tokens ?? 0,
    costUsd: row.unpriced > 0 ? null : (row.cost ?? 0),
    mayHaveCostUsd: row.may_unpriced > 0 ? null : (row.may_have_cost ?? 0),
  }));
}

/** The ledger in lines of text: one a purpose, model and mode, and the sum. */
export function ledgerText(rows: readonly LedgerRow[]): string {
  if (rows.length === 0) return 'Nothing was asked.';
  const lines = rows.map((row) => {
    const parts = [
      `${row.purpose}, ${row.model}, ${row.mode === 'batch' ? 'batch' : 'at once'}: ${row.paid} paid`,
      `${row.inputTokens.toLocaleString('en-US')} tokens out, ${row.outputTokens.toLocaleString('en-US')} back`,
      usdText(row.costUsd),
    ];
    if (row.failed > 0) parts.push(`${row.failed} failed`);
    if (row.uncertain > 0) parts.push(`${row.uncertain} uncertain`);
    return `${parts.join('; ')}.`;
  });
  const paid = rows.reduce((sum, row) => sum + row.paid, 0);
  lines.push(
    `Together: ${paid} ${paid === 1 ? 'reply' : 'replies'}, ${usdText(total(rows.map((row) => row.costUsd)))}.`,
  );
  const may = total(rows.map((row) => row.mayHaveCostUsd));
  if (may !== 0)
    lines.push(
      `Requests that broke off after they had gone out, or whose process ended before the reply was stored, may have cost up to ${usdText(may)} more.`,
    );
  return lines.join('\n');
}

function total(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((sum, value) => (sum === null || value === null ? null : sum + value), 0);
}
