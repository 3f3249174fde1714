import { frameOfRows } from '../analysis/frame';
import type { Estimate } from '../analysis/stats';

/** A finding of the article beside the one here. */
export interface ArticleFinding {
  /** The article's figure, or its text. */
  readonly figure: '1c' | '1d' | '2a' | '2b' | '2c' | 'text';
  readonly what: string;
  /** As far as the article tells it: a number where it gives one. */
  readonly article: string;
  readonly here: Estimate | null;
  /** Of `here`. */
  readonly unit: string;
  /** Of the comparisons, adjusted over them by Holm; null where none was tested. */
  readonly pHolm: number | null;
  /** Null where it cannot be told. */
  readonly agrees: boolean | null;
  /** What was measured here that accounts for a difference, or `unexplained`; empty where there is none to explain. */
  readonly explanation: string;
}

/** One row a finding: figure, what, article, here, low, high, unit, p_holm, agrees (yes, no, cannot be told), explanation. */
export function articleFindingsFrame(findings: readonly ArticleFinding[]) {
  return frameOfRows(
    findings.map(({ figure, what, article, here, unit, pHolm, agrees, explanation }) => ({
      figure,
      what,
      article,
      here: here?.estimate ?? null,
      low: here?.low ?? null,
      high: here?.high ?? null,
      unit,
      p_holm: pHolm,
      agrees: agrees === null ? 'cannot be told' : agrees ? 'yes' : 'no',
      explanation,
    })),
    ['figure', 'what', 'article', 'here', 'low', 'high', 'unit', 'p_holm', 'agrees', 'explanation'],
  );
}
