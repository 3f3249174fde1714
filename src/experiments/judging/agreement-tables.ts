import { frameOfRows, type Row } from '../../analysis/frame';
import { type AgreementEstimate, confusionText, type Estimate, printEstimate } from '../../analysis/stats';
import type { AgreementReport, AgreementRow } from './agreement-report';

/** Columns of `agreementFrame`, with what each holds. */
export const AGREEMENT_COLUMNS = {
  kind: 'human-human, human-judge, judge-judge, judge-offline, human-offline, all humans, all judges',
  left: 'a rater',
  right: 'the other rater; missing for all of a kind together',
  verdicts: 'texts with a verdict of both',
  magnitudes: 'texts with a magnitude of both',
  same_verdict_share: 'share of texts with one verdict, 0 to 1',
  kappa: "Cohen's weighted kappa of verdicts, quadratic weights",
  kappa_low: 'its 95% interval',
  kappa_high: 'its 95% interval',
  alpha_verdict: "Krippendorff's alpha of verdicts, ordinal",
  alpha_verdict_low: 'its 95% interval',
  alpha_verdict_high: 'its 95% interval',
  alpha_magnitude: "Krippendorff's alpha of magnitudes, interval",
  alpha_magnitude_low: 'its 95% interval',
  alpha_magnitude_high: 'its 95% interval',
  rank_correlation: "Spearman's, of magnitudes",
  rank_correlation_low: 'its 95% interval',
  rank_correlation_high: 'its 95% interval',
  mean_difference: 'magnitude of left − right, points of 0 to 10',
  mean_difference_low: 'its 95% interval',
  mean_difference_high: 'its 95% interval',
  limit_low: 'lower limit of agreement (mean − 1.96 standard deviations)',
  limit_high: 'upper limit of agreement',
  interval_over: 'what intervals are over: items, or clusters of items (topics)',
  reason: 'why a number or an interval is missing',
} as const;

/** One row a pair of raters; see `AGREEMENT_COLUMNS`. */
export function agreementFrame({ rows }: AgreementReport) {
  const frameRows = rows.map((row): Row => {
    const { kappa, alphaVerdict, alphaMagnitude, spearman, difference, confusion } = row;
    const measures = {
      kappa,
      alpha_verdict: alphaVerdict,
      alpha_magnitude: alphaMagnitude,
      rank_correlation: spearman,
    };
    const reasons = Object.entries({ ...measures, mean_difference: difference?.mean ?? null }).flatMap(([name, of]) =>
      of?.reason ? [`${name}: ${of.reason}`] : [],
    );
    return {
      kind: row.kind,
      left: row.left,
      right: row.right,
      verdicts: row.verdicts,
      magnitudes: row.magnitudes,
      same_verdict_share: confusion?.agreementPerItem.estimate ?? null,
      ...columns('kappa', kappa),
      ...columns('alpha_verdict', alphaVerdict),
      ...columns('alpha_magnitude', alphaMagnitude),
      ...columns('rank_correlation', spearman),
      ...columns('mean_difference', difference?.mean ?? null),
      limit_low: difference?.lower.estimate ?? null,
      limit_high: difference?.upper.estimate ?? null,
      interval_over: alphaVerdict.method.endsWith('clusters of items') ? 'topics' : 'texts',
      reason: reasons.length === 0 ? null : reasons.join('; '),
    };
  });
  return frameOfRows(frameRows, Object.keys(AGREEMENT_COLUMNS));
}

/** A measure with its interval as three cells. */
export function columns(name: string, of: Estimate | null): Row {
  return {
    [name]: of?.estimate ?? null,
    [`${name}_low`]: of?.low ?? null,
    [`${name}_high`]: of?.high ?? null,
  };
}

/** The report for a terminal: a paragraph a pair, the table of verdicts under those of people and judges. */
export function agreementText({ rows, texts, labelled, labelsOfOtherTexts }: AgreementReport): string {
  const head = [
    `${texts} texts, ${labelled} of them labelled by people.`,
    labelsOfOtherTexts > 0 &&
      `${labelsOfOtherTexts === 1 ? '1 label is of another text and enters' : `${labelsOfOtherTexts} labels are of other texts and enter`} nothing.`,
    'Kappa and alpha: 1 is full agreement, 0 is chance. Intervals: 95%.',
  ].filter(Boolean);
  return [head.join(' '), ...rows.map(pairText)].join('\n\n');
}

function pairText(row: AgreementRow): string {
  const { kind, left, right, kappa, alphaVerdict, alphaMagnitude, spearman, difference, confusion } = row;
  const value = (of: AgreementEstimate) => printEstimate(of);
  const lines = [
    right === null ? `${kind}: ${left}` : `${kind}: ${left} and ${right}`,
    `  verdicts (n = ${row.verdicts}): ${[
      kappa && `weighted kappa ${value(kappa)}`,
      `alpha ${value(alphaVerdict)}`,
      confusion && `the same on ${printEstimate(confusion.agreementPerItem)}`,
    ]
      .filter(Boolean)
      .join(', ')}`,
    `  magnitudes (n = ${row.magnitudes}): ${[`alpha ${value(alphaMagnitude)}`, spearman && `rank correlation ${value(spearman)}`].filter(Boolean).join(', ')}`,
    difference &&
      `  ${left} − ${right}: ${printEstimate(difference.mean)} points, limits of agreement ${difference.lower.estimate?.toFixed(1) ?? 'missing'} to ${difference.upper.estimate?.toFixed(1) ?? 'missing'}`,
    confusion &&
      kind.startsWith('human-') &&
      confusion.n > 0 &&
      confusionText(confusion, { left, right: right! })
        .split('\n')
        .map((line) => `    ${line}`)
        .join('\n'),
  ];
  return lines.filter(Boolean).join('\n');
}
