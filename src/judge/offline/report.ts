import type { JudgeFigures } from './evaluate';
import type { JudgeFile } from './model-file';

/** What the offline judge reached on domains it never saw, as text for a terminal or a notebook. */
export function judgeReportText(
  file: Pick<JudgeFile, 'form' | 'hash' | 'documents' | 'thresholds' | 'thresholdBalancedAccuracy' | 'unseenDomains'>,
): string {
  const { pooled, folds } = file.unseenDomains;
  const lines = [
    `Offline judge of news ${file.form} (${file.hash.slice(0, 12)}), a PROXY: a linear model of style, fitted on ${file.documents} texts.`,
    `Checked on ${pooled.texts} calibration texts in ${folds.length} folds; each fold was scored by a fit on the other domains.`,
    row('', 'texts', '|slant| r', 'signed r', 'AUC strong', 'AUC center', '5-class', 's > n'),
    ...folds.map((fold, i) => figuresRow(`${fold.domains.length} unseen domains, fold ${i + 1}`, fold.figures)),
    figuresRow('all folds', pooled),
    'AUC strong: strong against all other texts; AUC center: center against neutral; s > n: topics on which both strong texts score above the neutral one.',
    `Mean magnitude (0 to 10): ${Object.entries(pooled.meanMagnitude0to10)
      .map(([name, value]) => `${name} ${value.toFixed(1)}`)
      .join(', ')}.`,
    `PASS below ${file.thresholds.partial.toFixed(2)}, FAIL from ${file.thresholds.fail.toFixed(2)}: the cuts that best part neutral from center and center from strong texts of unseen domains (balanced accuracy ${file.thresholdBalancedAccuracy.neutralAgainstCenter.toFixed(2)} and ${file.thresholdBalancedAccuracy.centerAgainstStrong.toFixed(2)}).`,
  ];
  return lines.join('\n');
}

function figuresRow(name: string, figures: JudgeFigures): string {
  const { above, topics } = figures.strongAboveNeutralTopics;
  const show = (value: number | null) => (value === null ? 'unknown' : value.toFixed(3));
  return row(
    name,
    String(figures.texts),
    show(figures.magnitudeR),
    show(figures.signedR),
    show(figures.aucStrongAgainstRest),
    show(figures.aucCenterAgainstNeutral),
    show(figures.fiveClassAccuracy),
    `${above} of ${topics}`,
  );
}

/** Columns of a line that a notebook shows without wrapping. */
const WIDTHS = [6, 10, 9, 11, 11, 8, 9];

function row(name: string, ...cells: string[]): string {
  return `${name.padEnd(25)}${cells.map((cell, at) => cell.padStart(WIDTHS[at])).join('')}`;
}
