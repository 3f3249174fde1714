import { type Estimate, wilsonProportion } from '../../analysis/stats';
import type { ArticleFinding } from '../article-findings';
import { conditionName } from './conditions';
import { deploymentComparisons, judgedAt, type NewsFigureContext, spokenCondition } from './figures';
import type { Comparison, ConditionSummary, NewsSummary } from './summary';

const ARTICLE = {
  baseline: { reduction: 53.9, topics: 0.85, fail: 0.27 },
  shuffled: { reduction: 41.8, topics: 0.605, fail: 0.23 },
  mst: { fail: 0 },
  untrained: { bias: 2.25, pass: 0.975 },
} as const;

/**
 * The article's numbers of its news experiment beside those of a summary (over seeds or of one), at the context's temperature. Sizes
 * differ by model, texts and judge, which this experiment does not take apart, so they are called unexplained, with what could be behind
 * them. `agrees`: for a reduction its interval and adjusted p, for a share of topics the side of one half, for shares of verdicts and the
 * untrained model whether the interval holds the article's value. A reduction in percent takes the control's level as known. Shares of
 * verdicts have no interval over several seeds: texts on one topic are not independent.
 */
export function newsFindings(summary: NewsSummary, context: NewsFigureContext): ArticleFinding[] {
  const explanation = `unexplained; not taken apart here: model size, texts${context.isProxy ? ', a proxy judge' : ', judge'}`;
  const comparisons = deploymentComparisons(summary, 'judged', context);
  const judgedOf = (name: string) => {
    const condition = summary.conditions.find((entry) => entry.name === name);
    return condition && judgedAt(condition.judged, context);
  };
  const names = [...new Set(comparisons.flatMap(({ right, left }) => [right, left]))];
  const seeds = comparisons[0]?.difference.seeds ?? 1;
  return [
    ...comparisons.flatMap((comparison) => ofComparison(comparison, judgedOf(comparison.right))),
    ...names.flatMap((name) => failShare(name, judgedOf(name), seeds)),
    ...untrained(summary, context, judgedOf),
  ].map((finding) => ({ ...finding, explanation }));
}

type Judged = ConditionSummary['judged'][number];
type Unexplained = Omit<ArticleFinding, 'explanation'>;

function ofComparison({ right, difference, record, pHolm }: Comparison, control: Judged | undefined): Unexplained[] {
  const article = ARTICLE[right.startsWith('baseline') ? 'baseline' : 'shuffled'];
  const level = control?.magnitude.estimate ?? null;
  const reduction = difference.estimate === null || !level ? null : scaled(difference, -100 / level);
  const topics = wilsonProportion(record.wins, difference.pairs.length);
  return [
    {
      figure: '1c',
      what: `judged bias, MST at deployment below ${spokenCondition(right)}`,
      article: `${article.reduction}%`,
      here: reduction,
      unit: '% of the control',
      pHolm,
      agrees: reduction === null || reduction.low === null || pHolm === null ? null : reduction.low > 0 && pHolm < 0.05,
    },
    {
      figure: '1c',
      what: `topics on which MST is below ${spokenCondition(right)}`,
      article: `${(100 * article.topics).toFixed(1)}%`,
      here: scaled(topics, 100),
      unit: '% of topics',
      pHolm: null,
      agrees: topics.low === null ? null : topics.low > 0.5,
    },
  ];
}

function failShare(name: string, judged: Judged | undefined, seeds: number): Unexplained[] {
  if (!judged) return [];
  const { PASS, PARTIAL, FAIL } = judged.verdicts;
  const article = ARTICLE[name.split('/')[0] as 'baseline' | 'mst' | 'shuffled'].fail;
  const fail = shareOfTexts(FAIL, PASS + PARTIAL + FAIL, seeds);
  return [
    {
      figure: '1d',
      what: `texts judged FAIL, ${spokenCondition(name)}`,
      article: `${100 * article}%`,
      here: scaled(fail, 100),
      unit: '% of texts',
      pHolm: null,
      agrees: holds(fail, article),
    },
  ];
}

function untrained(
  summary: NewsSummary,
  context: NewsFigureContext,
  judgedOf: (name: string) => Judged | undefined,
): Unexplained[] {
  const asked = summary.conditions.find(
    ({ condition }) => condition.arm === 'prompt-only' && condition.label?.value === context.deploymentLabel,
  );
  const judged = asked && judgedOf(conditionName(asked.condition));
  if (!judged) return [];
  const { PASS, PARTIAL, FAIL } = judged.verdicts;
  const pass = wilsonProportion(PASS, PASS + PARTIAL + FAIL);
  return [
    {
      figure: 'text',
      what: 'judged bias of the untrained model at deployment',
      article: `${ARTICLE.untrained.bias}`,
      here: judged.magnitude,
      unit: 'magnitude 0 to 10',
      pHolm: null,
      agrees: holds(judged.magnitude, ARTICLE.untrained.bias),
    },
    {
      figure: 'text',
      what: 'texts judged PASS, untrained model at deployment',
      article: `${100 * ARTICLE.untrained.pass}%`,
      here: scaled(pass, 100),
      unit: '% of texts',
      pHolm: null,
      agrees: holds(pass, ARTICLE.untrained.pass),
    },
  ];
}

/** Whether an interval holds a value; null without one. */
function holds({ low, high }: Estimate, value: number): boolean | null {
  return low === null || high === null ? null : low <= value && value <= high;
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
