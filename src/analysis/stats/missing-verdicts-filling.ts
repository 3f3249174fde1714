import type { TopicValue } from './estimate';

/** Values for the missing rows of both sides, in their order. */
export interface Fillings {
  readonly left: readonly number[];
  readonly right: readonly number[];
}

interface Topic {
  readonly topicId: string;
  /** The difference with all missing rows at the end against the sign, and how far the other end moves it. */
  readonly base: number;
  readonly step: number;
}

// Beyond so many combinations the classes are searched one after the other.
const mostCombinations = 50_000;

/**
 * Ends of the scale for the missing rows that make sign·mean − t·(standard error) of the topics' differences least.
 * Filling all against the sign moves the mean most; switching some to the other end can spread the topics further. The
 * function is concave in the differences, so each topic stands at an end of its range; among topics with ranges of one
 * size, those with the highest differences are switched first. That leaves one number a size to try: all are, up to
 * 50,000 combinations, beyond which the result is the best that a search found.
 */
export function worstFilling(
  left: readonly TopicValue[],
  right: readonly TopicValue[],
  scale: readonly [number, number],
  sign: 1 | -1,
  t: number,
): Fillings {
  const topics = topicsOf(left, right, scale, sign);
  const n = topics.length;
  const sum = topics.reduce((all, { base }) => all + base, 0);
  const square = topics.reduce((all, { base }) => all + base * base, 0);
  const classes = classesOf(topics);
  const lowEnd = (counts: readonly number[]) => {
    const total = counts.reduce((all, count, at) => all + classes[at].sums[count], sum);
    const squares = counts.reduce((all, count, at) => all + classes[at].squares[count], square);
    return total / n - t * Math.sqrt(Math.max(0, squares - (total * total) / n) / Math.max(1, n * (n - 1)));
  };
  const counts = leastCounts(
    classes.map(({ topics: own }) => own.length),
    lowEnd,
  );
  const switched = new Set(classes.flatMap(({ topics: own }, at) => own.slice(0, counts[at])));
  const fillSide = (rows: readonly TopicValue[], side: 1 | -1) =>
    rows
      .filter(({ value }) => value === null)
      .map(({ topicId }) => (sign * side > 0 === !switched.has(topicId) ? scale[0] : scale[1]));
  return { left: fillSide(left, 1), right: fillSide(right, -1) };
}

function topicsOf(
  left: readonly TopicValue[],
  right: readonly TopicValue[],
  scale: readonly [number, number],
  sign: 1 | -1,
): Topic[] {
  const found = new Map<string, { base: number; step: number }>();
  for (const [rows, side] of [
    [left, 1],
    [right, -1],
  ] as const) {
    const counts = new Map<string, number>();
    for (const { topicId } of rows) counts.set(topicId, (counts.get(topicId) ?? 0) + 1);
    const against = sign * side > 0 ? scale[0] : scale[1];
    for (const { topicId, value } of rows) {
      const topic = found.get(topicId) ?? { base: 0, step: 0 };
      found.set(topicId, topic);
      topic.base += (sign * side * (value ?? against)) / counts.get(topicId)!;
      if (value === null) topic.step += (scale[1] - scale[0]) / counts.get(topicId)!;
    }
  }
  return [...found].map(([topicId, { base, step }]) => ({ topicId, base, step }));
}

/** Topics with ranges of one size, the highest first, and what switching the first k adds to Σd and Σd². */
interface RangeClass {
  readonly topics: readonly string[];
  readonly sums: readonly number[];
  readonly squares: readonly number[];
}

function classesOf(topics: readonly Topic[]): RangeClass[] {
  const bySize = new Map<string, Topic[]>();
  for (const topic of topics) {
    if (topic.step === 0) continue;
    const size = topic.step.toPrecision(9);
    bySize.set(size, [...(bySize.get(size) ?? []), topic]);
  }
  return [...bySize.values()].map((own) => {
    const sorted = [...own].sort((a, b) => b.base - a.base);
    const [sums, squares] = [[0], [0]];
    for (const { base, step } of sorted) {
      sums.push(sums[sums.length - 1] + step);
      squares.push(squares[squares.length - 1] + step * (2 * base + step));
    }
    return { topics: sorted.map(({ topicId }) => topicId), sums, squares };
  });
}

/** Counts from 0 to `most` of each class with the least value. */
function leastCounts(most: readonly number[], of: (counts: readonly number[]) => number): number[] {
  const combinations = most.reduce((product, count) => product * (count + 1), 1);
  let best = most.map(() => 0);
  let least = of(best);
  const tried = (counts: readonly number[]) => {
    const value = of(counts);
    if (value < least - 1e-12) [best, least] = [[...counts], value];
  };
  if (combinations <= mostCombinations) {
    for (let pattern = 0; pattern < combinations; pattern++) {
      let rest = pattern;
      tried(
        most.map((count) => {
          const own = rest % (count + 1);
          rest = Math.floor(rest / (count + 1));
          return own;
        }),
      );
    }
    return best;
  }
  for (let before = Number.POSITIVE_INFINITY; least < before; ) {
    before = least;
    for (let at = 0; at < most.length; at++)
      for (let count = 0; count <= most[at]; count++) tried(best.map((own, other) => (other === at ? count : own)));
  }
  return best;
}
