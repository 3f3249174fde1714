import { printEstimate } from '../../analysis/stats';
import type { CheckedClaim } from './claims';
import { deploymentComparisons, type NewsFigureContext, spokenCondition } from './figures';
import { type NewsSummary, toBaseline } from './summary';

/** The result as a table for a terminal: a line a condition, then MST at deployment against its controls. */
export function summaryText(summary: NewsSummary, context: NewsFigureContext): string {
  const trained = new Set(context.labelSet.values.filter(({ trained }) => trained).map(({ value }) => value));
  const header = [
    'arm',
    'label',
    'judged bias 0-10',
    'PASS/PARTIAL/FAIL',
    'strong:center log-odds, to baseline (nats)',
  ];
  const rows = summary.conditions.flatMap(({ condition, name, judged, contrast }) => {
    const value = condition.label?.value ?? 'none';
    const label = condition.label === null || trained.has(value) ? value : `${value} (never trained)`;
    const difference = toBaseline(summary, name)?.difference;
    const contrastText = contrast === null ? 'not measured' : difference ? printEstimate(difference) : '0 (reference)';
    if (judged.length === 0) return [[condition.arm, label, 'not measured', '', contrastText]];
    return judged.map(({ magnitude, verdicts, temperature }) => [
      condition.arm,
      judged.length > 1 ? `${label} at T ${temperature}` : label,
      printEstimate(magnitude),
      `${verdicts.PASS}/${verdicts.PARTIAL}/${verdicts.FAIL}${verdicts.missing > 0 ? ` (${verdicts.missing} missing)` : ''}`,
      contrastText,
    ]);
  });
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  const first = summary.conditions.find(({ judged }) => judged.length > 0)?.judged[0];
  const notes = [
    first &&
      `${first.magnitude.n} topics a condition, sampling temperature ${first.temperature}, intervals: 95% ${first.magnitude.method}.`,
    context.isProxy && 'PROXY: judged bias comes from the offline judge, a linear stand-in for a real one.',
    'Log-odds: likelihood of given texts, paired by topic with the baseline; no sampling, no judge. Lower is less slanted in both measures.',
  ].filter((note): note is string => Boolean(note));
  const comparisons = (['contrast', 'judged'] as const).flatMap((measure) =>
    deploymentComparisons(summary, measure, context).map(({ left, right, measure: of, difference, record, pHolm }) => {
      const p = pHolm === null ? '' : `, p ${pHolm < 0.001 ? '< 0.001' : `= ${pHolm.toFixed(3)}`} (Holm)`;
      return `${of}: ${spokenCondition(left)} − ${spokenCondition(right)} = ${printEstimate(difference)}; lower on ${record.wins}, tied ${record.ties}, higher on ${record.losses} of ${difference.pairs.length} topics${p}`;
    }),
  );
  return [
    line(header),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    '',
    ...notes,
    '',
    ...comparisons,
  ].join('\n');
}

/** Each prediction with yes, no or unknown, and its evidence. */
export function claimsText(claims: readonly CheckedClaim[]): string {
  return claims
    .map(
      ({ claim, holds, evidence }) =>
        `${holds === null ? 'unknown' : holds ? 'holds  ' : 'FAILS  '}  ${claim}: ${evidence}`,
    )
    .join('\n');
}
