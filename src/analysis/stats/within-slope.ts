import { ConfigError, DataError } from '../../core';
import { studentCdf, studentQuantile } from './distributions';
import { type Estimate, missingEstimate } from './estimate';
import type { LabelTopicValue } from './label-table';

export interface WithinTopicSlope extends Estimate {
  readonly standardError: number | null;
  /** Two-sided p of slope 0; null without an interval. */
  readonly p: number | null;
  /** Topics whose rows all stand under one label; they enter nothing. */
  readonly topicsLeftOut: number;
  /** Rows without a value. */
  readonly missing: number;
}

/**
 * By how much the value changes with one unit of the label's percent within a topic: b = ΣΣ(x − x̄ₜ)(y − ȳₜ)/ΣΣ(x −
 * x̄ₜ)², rows x, y of topic t around the topic's own means, so that what a topic does to all its labels drops out. The
 * error is robust to anything within a topic: s² = G/(G − 1)·Σₜ(Σ(x − x̄ₜ)·residual)²/(ΣΣ(x − x̄ₜ)²)², with t of G − 1
 * degrees, G topics. Where all topics have the same labels it is the t interval of the mean of the topics' slopes.
 * Rows need not be complete: a topic with 2 labels enters. Several seeds of a topic are rows of that topic. float64.
 * Null with a reason: no topic with 2 labels, fewer than `minTopics` (default 8), or residuals of 0.
 * Throws ConfigError for options out of range, DataError for NaN and infinities.
 * Source: Arellano 1987, Oxford Bulletin of Economics and Statistics 49; Cameron and Miller 2015, J. Human Resources 50.
 */
export function withinTopicSlope(
  rows: readonly LabelTopicValue[],
  { level = 0.95, minTopics = 8 }: { level?: number; minTopics?: number } = {},
): WithinTopicSlope {
  if (!(level > 0 && level < 1))
    throw new ConfigError(`withinTopicSlope: level must lie between 0 and 1, got ${level}.`);
  if (!(Number.isInteger(minTopics) && minTopics >= 2))
    throw new ConfigError(`withinTopicSlope: minTopics must be a whole number from 2 up, got ${minTopics}.`);
  const topics = new Map<string, { x: number; y: number }[]>();
  let missing = 0;
  for (const { topicId, percent: x, value: y } of rows) {
    if (y === null) {
      missing++;
      continue;
    }
    if (!Number.isFinite(y) || !Number.isFinite(x))
      throw new DataError(
        `withinTopicSlope: value and percent must be finite numbers, got ${y} under ${x} (topic ${topicId}). Write a missing value as null.`,
      );
    const own = topics.get(topicId);
    if (own) own.push({ x, y });
    else topics.set(topicId, [{ x, y }]);
  }
  const centred = [...topics]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, points]) => centredPoints(points))
    .filter((points) => points.some(({ x }) => x !== 0));
  const n = centred.length;
  const method = 't over topics, cluster-robust';
  const known = { topicsLeftOut: topics.size - n, missing };
  const none = { standardError: null, p: null };
  if (n === 0) return { ...missingEstimate(method, level, 0, 'no topic has values under 2 labels'), ...none, ...known };
  const sum = (of: (point: { x: number; y: number }) => number) =>
    centred.reduce((all, points) => all + points.reduce((own, point) => own + of(point), 0), 0);
  const squares = sum(({ x }) => x * x);
  const slope = sum(({ x, y }) => x * y) / squares;
  const bare = { estimate: slope, low: null, high: null, level, method, n, ...none, ...known } as const;
  if (n < minTopics) return { ...bare, reason: `${n} of the ${minTopics} topics that an interval needs` };
  const scores = centred.map((points) => points.reduce((own, { x, y }) => own + x * (y - slope * x), 0));
  const meat = scores.reduce((all, score) => all + score * score, 0);
  const size = Math.sqrt(squares * sum(({ y }) => y * y));
  if (!(Math.sqrt(meat) > 1e-12 * size)) return { ...bare, reason: `all ${n} topics have the same slope` };
  const standardError = Math.sqrt((n / (n - 1)) * meat) / squares;
  const half = studentQuantile((1 + level) / 2, n - 1) * standardError;
  const p = 2 * studentCdf(-Math.abs(slope) / standardError, n - 1);
  return { ...bare, low: slope - half, high: slope + half, standardError, p, reason: null };
}

function centredPoints(points: readonly { x: number; y: number }[]): { x: number; y: number }[] {
  const [x, y] = (['x', 'y'] as const).map((key) => points.reduce((sum, point) => sum + point[key], 0) / points.length);
  const largest = Math.max(...points.map((point) => Math.abs(point.x)));
  // A mean of equal percents may differ from them in the last bit.
  return points.map((point) => ({
    x: Math.abs(point.x - x) <= 1e-12 * largest ? 0 : point.x - x,
    y: point.y - y,
  }));
}
