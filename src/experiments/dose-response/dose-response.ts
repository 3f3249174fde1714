import { doseCurve, type Figure } from '../../analysis/charts';
import { frameOfRows, type Row } from '../../analysis/frame';
import {
  type ChangeOrSmooth,
  changeOrSmooth,
  type Estimate,
  type LabelTopicValue,
  type Monotonicity,
  monotonicity,
  type PageTrend,
  pageTrend,
  type RiseAtEdge,
  riseAtEdge,
  type SimultaneousBand,
  simultaneousBand,
  type WithinTopicSlope,
  withinTopicSlope,
} from '../../analysis/stats';
import { ConfigError, type RandomStream } from '../../core';

export interface DoseResponseInput {
  /** One arm: a value a topic and label, and training seed where there are several; `percent` is where the label stands on its scale. */
  readonly rows: readonly (LabelTopicValue & { readonly seed?: number })[];
  readonly arm: string;
  /** What is measured, with unit or range. */
  readonly measure: string;
  /** Which way it should go with the percent. */
  readonly direction: 'rising' | 'falling';
  /** Lowest and highest percent of training labels. */
  readonly trained: readonly [number, number];
  /** Percents inside the trained range that no training label had. */
  readonly heldOut?: readonly number[];
  readonly random: RandomStream;
}

/** Where a label stands to those of training. */
export type DosePlace = 'trained' | 'interpolation' | 'extrapolation';

/** A label sweep read honestly: one curve, its band, and what may be said of its shape. */
export interface DoseResponse {
  readonly arm: string;
  readonly band: SimultaneousBand;
  readonly trend: PageTrend;
  readonly slope: WithinTopicSlope;
  readonly steps: Monotonicity;
  readonly shape: ChangeOrSmooth;
  /** Whether the value turns around below the trained range; null where fewer than two labels lie there. */
  readonly rise: RiseAtEdge | null;
  readonly words: readonly string[];
  /** A row a label. */
  readonly frame: ReturnType<typeof frameOfRows>;
  readonly figure: Figure;
}

/**
 * Dose-response of one arm over labels of a numeric scale, topics paired over labels: the mean curve with a simultaneous band, a trend
 * test within topics (Page), the slope, each step against the direction with its interval, the closest monotone curve, a change at a
 * point against a smooth one, and the rise beyond the trained range. Labels are marked as trained, interpolated or extrapolated.
 * Throws ConfigError with fewer than two labels.
 */
export function doseResponse(input: DoseResponseInput): DoseResponse {
  const { rows, arm, direction, trained, random } = input;
  const percents = [...new Set(rows.map(({ percent }) => percent))].sort((a, b) => a - b);
  if (percents.length < 2)
    throw new ConfigError(
      `doseResponse: at least two labels are needed, got ${percents.length} (${arm}). Ask the arm under a sweep.`,
    );
  const band = simultaneousBand(rows, { random: random.fork('band') });
  const trend = pageTrend(rows, { direction });
  const slope = withinTopicSlope(rows);
  const steps = monotonicity(rows, { direction, random: random.fork('steps') });
  const shape = changeOrSmooth(rows, { random: random.fork('shape') });
  const rise = riseBelow(input);
  const place = (percent: number): DosePlace =>
    percent < trained[0] || percent > trained[1]
      ? 'extrapolation'
      : input.heldOut?.includes(percent)
        ? 'interpolation'
        : 'trained';
  return {
    arm,
    band,
    trend,
    slope,
    steps,
    shape,
    rise,
    words: wordsOf(input, { band, trend, steps, shape, rise }),
    frame: frameOf(arm, band, steps, place),
    figure: doseCurve({
      points: band.points.map(({ percent, ...estimate }) => ({ arm, percent, estimate })),
      trained,
      title: titleOf(arm, trend, direction),
      measure: input.measure,
      note: 'the band holds the whole curve at once',
    }),
  };
}

/** The lowest label against the others below the trained range: both are extrapolation, so the trained range itself explains nothing. */
function riseBelow({ rows, trained, random }: DoseResponseInput): RiseAtEdge | null {
  const below = [...new Set(rows.map(({ percent }) => percent))]
    .filter((percent) => percent < trained[0])
    .sort((a, b) => a - b);
  if (below.length < 2) return null;
  const seeded = rows.map((row) => ({ ...row, seed: row.seed ?? 0 }));
  return riseAtEdge({ rows: seeded, edge: below[0], inside: below.slice(1) }, { random: random.fork('rise') });
}

function titleOf(arm: string, { p, meanCorrelation }: PageTrend, direction: string): string {
  if (p === null || meanCorrelation === null) return `${arm}: no trend can be tested`;
  return p < 0.05 ? `${arm} follows its label (${direction})` : `${arm}: no trend over labels is seen`;
}

function wordsOf(
  { arm, direction }: DoseResponseInput,
  { band, trend, steps, shape, rise }: Pick<DoseResponse, 'band' | 'trend' | 'steps' | 'shape' | 'rise'>,
): string[] {
  const trendWords =
    trend.p === null
      ? `${arm}: a trend cannot be tested: ${trend.reason}.`
      : `${arm}: within-topic trend (Page, ${direction}) ${trend.p < 0.05 ? 'seen' : 'not seen'}, p ${trend.p < 0.001 ? '< .001' : trend.p.toFixed(3)}, mean rank correlation ${trend.meanCorrelation?.toFixed(2)}, n = ${trend.n} topics by ${trend.labels} labels.`;
  const wrong = steps.steps.filter(({ violation }) => violation > 0);
  const sure = wrong.filter(({ isSure }) => isSure);
  const stepWords =
    wrong.length === 0
      ? 'No step between neighbouring labels goes against the direction.'
      : `${wrong.length} of ${steps.steps.length} steps go against the direction, ${sure.length === 0 ? 'none surely' : `surely ${sure.map(({ from, to }) => `${from} to ${to}%`).join(', ')}`} (simultaneous intervals).`;
  const shapeWords = {
    smooth: 'A smooth curve fits and a change at a point does not.',
    segmented: 'A change at a point fits and a smooth curve does not.',
    undecided: 'A smooth curve and a change at a point fit alike.',
    neither: 'Neither a smooth curve nor a single change at a point fits.',
  };
  const about = shape.preferred === null ? `Its shape cannot be told: ${shape.reason}.` : shapeWords[shape.preferred];
  const riseWords = rise === null ? [] : [riseSentence(rise.overTopics, rise.permutationP, direction)];
  const bandWords = band.critical === null ? `No band: ${band.points[0]?.reason ?? 'no topic has all labels'}.` : null;
  return [trendWords, stepWords, about, ...riseWords, ...(bandWords ? [bandWords] : [])];
}

function riseSentence({ estimate, low, high, reason, n }: Estimate, p: number | null, direction: string): string {
  if (estimate === null || low === null || high === null)
    return `Whether it turns around at the lowest label cannot be told: ${reason}.`;
  const against = direction === 'rising' ? low > 0 : high < 0;
  const range = `${estimate.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}], p ${p === null ? 'missing' : p.toFixed(3)}, n = ${n}`;
  return against
    ? `It turns around at the lowest label, against the other labels below the trained range: ${range}.`
    : `No turn at the lowest label is seen, against the other labels below the trained range: ${range}.`;
}

function frameOf(arm: string, band: SimultaneousBand, steps: Monotonicity, place: (percent: number) => DosePlace) {
  const columns = [
    'arm',
    'percent',
    'place',
    'estimate',
    'low',
    'high',
    'n',
    'monotone_fit',
    'step_from_previous',
    'step_low',
    'step_high',
    'missing_reason',
  ];
  return frameOfRows(
    band.points.map((point, at): Row => {
      const step = steps.steps[at - 1]?.difference;
      return {
        arm,
        percent: point.percent,
        place: place(point.percent),
        estimate: point.estimate,
        low: point.low,
        high: point.high,
        n: point.n,
        monotone_fit: steps.fit?.fitted[at] ?? null,
        step_from_previous: step?.estimate ?? null,
        step_low: step?.low ?? null,
        step_high: step?.high ?? null,
        missing_reason: point.reason,
      };
    }),
    columns,
  );
}
