import { agreementChart, confusionChart, type Figure } from '../../analysis/charts';
import { printEstimate } from '../../analysis/stats';
import { ConfigError } from '../../core';
import type { AgreementReport, AgreementRow } from './agreement-report';

/** The table of verdicts of two raters; default: the first pair of people and a judge, else the first pair. Throws ConfigError for a pair that the report lacks. */
export function confusionFigure(
  report: AgreementReport,
  pair?: { readonly left: string; readonly right: string },
): Figure {
  const pairs = report.rows.filter(({ confusion }) => confusion !== null);
  const row = pair
    ? pairs.find(({ left, right }) => left === pair.left && right === pair.right)
    : (pairs.find(({ kind }) => kind === 'human-judge') ?? pairs[0]);
  if (!row)
    throw new ConfigError(
      `confusionFigure: the pair must be one of the report, got ${pair?.left} and ${pair?.right}. It has ${pairs.map(({ left, right }) => `${left} and ${right}`).join('; ') || 'none'}.`,
    );
  const table = row.confusion!;
  const same = table.counts.reduce((sum, cells, at) => sum + cells[at], 0);
  return confusionChart({
    title: `${row.left} and ${row.right} give the same verdict to ${same} of ${table.n} texts; weighted kappa ${printEstimate(row.kappa!)}`,
    table,
    names: { left: row.left, right: row.right! },
    unit: 'texts',
    ...(row.kappa!.low === null ? {} : { note: `kappa: quadratic weights, 95% ${row.kappa!.method}` }),
  });
}

/** Weighted kappa of verdicts of all pairs. */
export function agreementFigure({ rows }: AgreementReport): Figure {
  const pairs = rows.filter((row): row is AgreementRow & { kappa: object } => row.kappa !== null);
  return agreementChart({
    title: headline(pairs),
    measure: 'weighted kappa of verdicts (quadratic weights)',
    unit: rows.some(({ alphaVerdict }) => alphaVerdict.method.endsWith('clusters of items')) ? 'topics' : 'texts',
    lines: pairs.map(({ left, right, kind, kappa }) => ({ name: `${left} and ${right}`, kind, estimate: kappa })),
    note: '0 is what chance gives, 1 full agreement',
  });
}

function headline(pairs: readonly AgreementRow[]): string {
  const judged = pairs.filter(({ kind, kappa }) => kind === 'human-judge' && kappa?.estimate !== null);
  if (judged.length === 0) return 'Agreement on verdicts, pair by pair';
  const best = judged.reduce((a, b) => (b.kappa!.estimate! > a.kappa!.estimate! ? b : a));
  return `${judged.length > 1 ? 'Closest to people: ' : ''}${best.right} agrees with ${best.left} at weighted kappa ${printEstimate(best.kappa!)}`;
}
