import { doseCurve, type Figure } from '../../analysis/charts';
import { frameOfRows, type Row, rowsOf } from '../../analysis/frame';
import {
  type ChangeOrSmooth,
  type CrossedDifference,
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
  seedsAndTopicsDifference,
  simultaneousBand,
  type WithinTopicSlope,
  withinTopicSlope,
} from '../../analysis/stats';
import { ConfigError, type RandomStream } from '../../core';

export interface DoseResponseInput {
  /** One arm: a value a topic and label, and training seed where there are several; `percent` is where the label stands on its scale. */
  readonly rows: readonly (LabelTopicValue & { readonly seed?: number })[];
  readonly arm: string;
  /** What words call the arm; default `arm`. */
  readonly name?: string;
  /** What is measured, with unit or range. */
  readonly measure: string;
  /** The least and the most that can be measured, where there are such: the band ends there. */
  readonly range?: readonly [number, number];
  /** Which way it should go with the percent. */
  readonly direction: 'rising' | 'falling';
  /** Lowest and highest percent of training labels. */
  readonly trained: readonly [number, number];
  /** Percents inside the trained range that no training label had. */
  readonly heldOut?: readonly number[];
  /** What is paired over labels, as words and axes call it; default `topics`. */
  readonly unit?: string;
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
  /**
   * The slope for further training seeds and topics, value a percent point: that of each seed and topic, crossed. Null with one seed: the
   * band and the tests above it speak of the trained models alone.
   */
  readonly overSeeds: CrossedDifference | null;
  readonly words: readonly string[];
  /** A row a label. */
  readonly frame: ReturnType<typeof frameOfRows>;
  readonly figure: Figure;
}

/**
 * Dose-response of one arm over labels of a numeric scale, topics paired over labels: the mean curve with a simultaneous band, a trend
 * test within topics (Page), the slope, each step against the direction with its interval, the closest monotone curve, a change at a
 * point against a smooth one, and the rise beyond the trained range. Labels are marked as trained, interpolated or extrapolated. The
 * figure has the trained range on grey, hollow markers for labels never trained, the closest monotone curve, and a thin line a seed.
 * Throws ConfigError with fewer than two labels.
 */
export function doseResponse(input: DoseResponseInput): DoseResponse {
  const { rows, arm, direction, trained, random } = input;
  const percents = [...new Set(rows.map(({ percent }) => percent))].sort((a, b) => a - b);
  if (percents.length < 2)
    throw new ConfigError(
      `doseResponse: at least two labels are needed, got ${percents.length} (${arm}). Ask the arm under a sweep.`,
    );
  const band = simultaneousBand(rows, { random: random.fork('band'), range: input.range });
  const trend = pageTrend(rows, { direction });
  const slope = withinTopicSlope(rows);
  const steps = monotonicity(rows, { direction, random: random.fork('steps') });
  const shape = changeOrSmooth(rows, { random: random.fork('shape') });
  const rise = riseBelow(input);
  const overSeeds = slopeOverSeeds(input);
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
    overSeeds,
    words: wordsOf(input, { band, trend, steps, shape, rise, overSeeds }),
    frame: frameOf(arm, band, steps, place),
    figure: doseCurve({
      points: band.points.map(({ percent, ...estimate }) => ({ arm, percent, estimate })),
      trained,
      title: titleOf(input, { trend, slope, overSeeds, band }),
      measure: input.measure,
      unit: input.unit ?? 'topics',
      hollow: percents.filter((percent) => place(percent) !== 'trained'),
      seedLines: seedLinesOf(input, percents),
      ...(steps.fit
        ? {
            optimum: {
              name: 'closest monotone curve',
              points: steps.fit.fitted.map((value, at) => ({ percent: band.points[at].percent, value })),
            },
          }
        : {}),
      note: 'the band holds the whole curve at once; hollow: never trained',
    }),
  };
}

/** The mean over topics of each seed's model, where there are several. */
function seedLinesOf({ arm, rows }: DoseResponseInput, percents: readonly number[]) {
  const seeds = seedsOf(rows);
  if (seeds.length < 2) return [];
  return seeds.map((seed) => ({
    arm,
    points: percents.flatMap((percent) => {
      const values = rows.flatMap((row) =>
        (row.seed ?? 0) === seed && row.percent === percent ? (row.value ?? []) : [],
      );
      return values.length === 0 ? [] : [{ percent, value: values.reduce((sum, x) => sum + x, 0) / values.length }];
    }),
  }));
}

/** Least squares within each seed and topic that has all labels. */
function slopeOverSeeds({ rows }: DoseResponseInput): CrossedDifference | null {
  const seeds = seedsOf(rows);
  if (seeds.length < 2) return null;
  const labels = new Set(rows.map(({ percent }) => percent)).size;
  const cells = new Map<string, { seed: number; topicId: string; points: { x: number; y: number }[] }>();
  for (const { seed = 0, topicId, percent, value } of rows) {
    const key = `${seed} ${topicId}`;
    const cell = cells.get(key) ?? { seed, topicId, points: [] };
    cells.set(key, cell);
    if (value !== null) cell.points.push({ x: percent, y: value });
  }
  const slopes = [...cells.values()].map(({ seed, topicId, points }) => {
    if (new Set(points.map(({ x }) => x)).size < labels) return { seed, topicId, value: null };
    const mean = (key: 'x' | 'y') => points.reduce((sum, point) => sum + point[key], 0) / points.length;
    const [x, y] = [mean('x'), mean('y')];
    const over = points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0);
    return { seed, topicId, value: over / points.reduce((sum, point) => sum + (point.x - x) ** 2, 0) };
  });
  return seedsAndTopicsDifference(
    slopes,
    slopes.map((cell) => ({ ...cell, value: cell.value === null ? null : 0 })),
  );
}

function seedsOf(rows: DoseResponseInput['rows']): number[] {
  return [...new Set(rows.map(({ seed = 0 }) => seed))].sort((a, b) => a - b);
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

/** Says that the arm follows its label only where trend and slope agree, the latter over further seeds where there are several. */
function titleOf(
  { arm, name = arm, direction }: DoseResponseInput,
  { trend, slope, overSeeds, band: { points } }: Pick<DoseResponse, 'trend' | 'slope' | 'overSeeds' | 'band'>,
): string {
  if (trend.p === null) return `${name}: no trend can be tested`;
  const goes = ({ low, high }: Estimate) =>
    low !== null && high !== null && (direction === 'rising' ? low > 0 : high < 0);
  if (trend.p >= 0.05 || !goes(overSeeds ?? slope)) return `${name}: no trend over labels is seen`;
  const at = ({ percent, estimate }: (typeof points)[number]) => `${estimate?.toFixed(2)} at ${percent}%`;
  return `${name} follows its label (${direction}): ${at(points[0])}, ${at(points[points.length - 1])}`;
}

function wordsOf(
  { arm, name = arm, direction, rows, unit = 'topics' }: DoseResponseInput,
  {
    band,
    trend,
    steps,
    shape,
    rise,
    overSeeds,
  }: Pick<DoseResponse, 'band' | 'trend' | 'steps' | 'shape' | 'rise' | 'overSeeds'>,
): string[] {
  const trendWords =
    trend.p === null
      ? `${name}: a trend cannot be tested: ${trend.reason}.`
      : `${name}: within-topic trend (Page, ${direction}) ${trend.p < 0.05 ? 'seen' : 'not seen'}, p ${trend.p < 0.001 ? '< .001' : trend.p.toFixed(3)}, mean rank correlation ${trend.meanCorrelation?.toFixed(2)}, n = ${trend.n} ${unit} by ${trend.labels} labels.`;
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
  const seeds = seedsOf(rows).length;
  const turn =
    rise && (seeds > 1 ? ([rise.overSeeds, rise.crossedP] as const) : ([rise.overTopics, rise.permutationP] as const));
  const riseWords = turn === null ? [] : [riseSentence(...turn, direction, seeds)];
  const seedWords = overSeeds === null ? [] : [seedSentence(overSeeds, seeds, direction)];
  const bandWords = band.critical === null ? `No band: ${band.points[0]?.reason ?? 'no topic has all labels'}.` : null;
  return [trendWords, ...seedWords, stepWords, about, ...riseWords, ...(bandWords ? [bandWords] : [])];
}

function seedSentence({ estimate, low, high, p, reason }: CrossedDifference, seeds: number, direction: string): string {
  const these = `Trend, steps and band speak of these ${seeds} trained models together.`;
  if (estimate === null || low === null || high === null)
    return `${these} Over further seeds the slope cannot be told: ${reason}.`;
  const seen = direction === 'rising' ? low > 0 : high < 0;
  return `${these} Over further seeds the slope is ${seen ? '' : 'not seen '}${direction}: ${(10 * estimate).toFixed(3)} [${(10 * low).toFixed(3)}, ${(10 * high).toFixed(3)}] a 10 points, p ${p === null ? 'missing' : p < 0.001 ? '< .001' : p.toFixed(3)}, ${seeds} seeds.`;
}

function riseSentence(
  { estimate, low, high, reason, n }: Estimate,
  p: number | null,
  direction: string,
  seeds: number,
): string {
  if (estimate === null || low === null || high === null)
    return `Whether it turns around at the lowest label cannot be told: ${reason}.`;
  const against = direction === 'rising' ? low > 0 : high < 0;
  const range = `${estimate.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}], p ${p === null ? 'missing' : p.toFixed(3)}, n = ${n}${seeds > 1 ? `, ${seeds} seeds` : ''}`;
  return against
    ? `It turns around at the lowest label, against the other labels below the trained range: ${range}.`
    : `No turn at the lowest label is seen, against the other labels below the trained range: ${range}.`;
}

/** The rows of several arms in one frame. */
export function doseFrame(doses: readonly Pick<DoseResponse, 'frame'>[]): DoseResponse['frame'] {
  return frameOfRows(
    doses.flatMap(({ frame }) => rowsOf(frame)),
    DOSE_COLUMNS,
  );
}

const DOSE_COLUMNS = [
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

function frameOf(arm: string, band: SimultaneousBand, steps: Monotonicity, place: (percent: number) => DosePlace) {
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
    DOSE_COLUMNS,
  );
}
