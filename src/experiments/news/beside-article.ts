import { frameOfRows } from '../../analysis/frame';
import { type Estimate, wilsonProportion } from '../../analysis/stats';
import { conditionName } from './conditions';
import { deploymentComparisons, type NewsFigureContext, spokenCondition } from './figures';
import type { NewsSummary } from './summary';

/** A number of the article beside the one here. */
export interface NewsFinding {
  /** The article's figure, or its text. */
  readonly figure: '1c' | '1d' | '1e' | 'text';
  readonly what: string;
  readonly article: string;
  readonly here: Estimate | null;
  /** Percent, points or a share; the unit of `here`. */
  readonly unit: string;
  /**
   * Whether the direction is the article's: for a share of topics the side of one half; for shares of verdicts and the untrained model
   * whether the article's value lies in the interval. Null where it cannot be told.
   */
  readonly agrees: boolean | null;
  /** What accounts for a difference in size, or `unexplained`. */
  readonly explanation: string;
}

const ARTICLE = {
  baseline: { reduction: 53.9, topics: 0.85, fail: 0.27 },
  shuffled: { reduction: 41.8, topics: 0.605, fail: 0.23 },
  mst: { fail: 0 },
  untrained: { bias: 2.25, pass: 0.975 },
} as const;

/**
 * The article's numbers of its news experiment beside those of a summary (over seeds or of one), at the context's temperature. Sizes
 * differ by model, texts and judge, which this experiment does not take apart, so they are called unexplained, with what could be behind
 * them. A reduction in percent takes the control's level as known. Shares of verdicts have no interval over several seeds: texts on one
 * topic are not independent.
 */
export function newsFindings(summary: NewsSummary, context: NewsFigureContext): NewsFinding[] {
  const candidates = `unexplained; not taken apart here: model size, texts${context.isProxy ? ', a proxy judge' : ', judge'}`;
  const judgedOf = (name: string) => {
    const judged = summary.conditions.find((entry) => entry.name === name)?.judged ?? [];
    return context.temperature === undefined
      ? judged[0]
      : judged.find(({ temperature }) => temperature === context.temperature);
  };
  const rows: NewsFinding[] = [];
  for (const comparison of deploymentComparisons(summary, 'judged', context)) {
    const { left, right, difference, record } = comparison;
    const control = right.startsWith('baseline') ? 'baseline' : 'shuffled';
    const level = judgedOf(right)?.magnitude.estimate ?? null;
    const reduction = difference.estimate === null || !level ? null : scaled(difference, -100 / level);
    rows.push({
      figure: '1c',
      what: `judged bias, MST at deployment below ${spokenCondition(right)}`,
      article: `${ARTICLE[control].reduction}%`,
      here: reduction,
      unit: '% of the control',
      agrees: reduction === null || reduction.low === null ? null : reduction.low > 0,
      explanation: candidates,
    });
    const topics = wilsonProportion(record.wins, difference.pairs.length);
    rows.push({
      figure: '1c',
      what: `topics on which MST is below ${spokenCondition(right)}`,
      article: `${(100 * ARTICLE[control].topics).toFixed(1)}%`,
      here: scaled(topics, 100),
      unit: '% of topics',
      agrees: topics.low === null ? null : topics.low > 0.5,
      explanation: candidates,
    });
    for (const [name, arm] of [
      [left, 'mst'],
      [right, control],
    ] as const) {
      const verdicts = judgedOf(name)?.verdicts;
      if (!verdicts || (arm === 'mst' && control === 'shuffled')) continue;
      const texts = verdicts.PASS + verdicts.PARTIAL + verdicts.FAIL;
      const fail = shareOfTexts(verdicts.FAIL, texts, difference.seeds ?? 1);
      rows.push({
        figure: '1d',
        what: `texts judged FAIL, ${spokenCondition(name)}`,
        article: `${100 * ARTICLE[arm].fail}%`,
        here: scaled(fail, 100),
        unit: '% of texts',
        agrees: fail.low === null ? null : fail.low <= ARTICLE[arm].fail && ARTICLE[arm].fail <= fail.high!,
        explanation: candidates,
      });
    }
  }
  rows.push(...untrained(summary, context, judgedOf, candidates));
  return rows;
}

function untrained(
  summary: NewsSummary,
  context: NewsFigureContext,
  judgedOf: (name: string) => NewsSummary['conditions'][number]['judged'][number] | undefined,
  candidates: string,
): NewsFinding[] {
  const asked = summary.conditions.find(
    ({ condition }) => condition.arm === 'prompt-only' && condition.label?.value === context.deploymentLabel,
  );
  const judged = asked && judgedOf(conditionName(asked.condition));
  if (!judged) return [];
  const { magnitude, verdicts } = judged;
  const pass = wilsonProportion(verdicts.PASS, verdicts.PASS + verdicts.PARTIAL + verdicts.FAIL);
  const inside = ({ low, high }: Estimate, value: number) => (low === null ? null : low <= value && value <= high!);
  return [
    {
      figure: 'text',
      what: 'judged bias of the untrained model at deployment',
      article: `${ARTICLE.untrained.bias}`,
      here: magnitude,
      unit: 'magnitude 0 to 10',
      agrees: inside(magnitude, ARTICLE.untrained.bias),
      explanation: candidates,
    },
    {
      figure: 'text',
      what: 'texts judged PASS, untrained model at deployment',
      article: `${100 * ARTICLE.untrained.pass}%`,
      here: scaled(pass, 100),
      unit: '% of texts',
      agrees: inside(pass, ARTICLE.untrained.pass),
      explanation: candidates,
    },
  ];
}

/** A share of texts; over several seeds without an interval. */
function shareOfTexts(count: number, texts: number, seeds: number): Estimate {
  const share = wilsonProportion(count, texts);
  if (seeds === 1) return share;
  return {
    ...share,
    low: null,
    high: null,
    reason: `texts on one topic come from ${seeds} seeds and are not independent`,
  };
}

/** An estimate in another unit; a negative factor turns the interval around. */
function scaled(estimate: Estimate, factor: number): Estimate {
  const times = (value: number | null) => (value === null ? null : value * factor);
  const [low, high] = factor < 0 ? [estimate.high, estimate.low] : [estimate.low, estimate.high];
  const { level, method, n, reason, seeds } = estimate;
  const shared = { level, method, n, reason, ...(seeds === undefined ? {} : { seeds }) };
  return { ...shared, estimate: times(estimate.estimate), low: times(low), high: times(high) };
}

/** Columns figure, what, article, here, low, high, unit, agrees (null: cannot be told), explanation. */
export function newsFindingsFrame(findings: readonly NewsFinding[]) {
  return frameOfRows(
    findings.map(({ figure, what, article, here, unit, agrees, explanation }) => ({
      figure,
      what,
      article,
      here: here?.estimate ?? null,
      low: here?.low ?? null,
      high: here?.high ?? null,
      unit,
      agrees,
      explanation,
    })),
    ['figure', 'what', 'article', 'here', 'low', 'high', 'unit', 'agrees', 'explanation'],
  );
}
