import { meanOverTopics, type TopicEstimate } from '../../analysis/stats';
import { ConfigError, type RandomStream } from '../../core';
import type { AnswerRow } from '../addition';

/** What answers of one forced token say about whether a policy reads its label. */
export interface AnswerChannel {
  readonly policy: string;
  readonly labels: number;
  /**
   * Mutual information between label and answer given the problem, labels equally likely: H(mean answer) − mean H(answer), nats,
   * exact from the two answers' probabilities; 0 is a label that is not read, log 2 the most.
   */
  readonly information: TopicEstimate;
  /** Least squares within a problem: log-odds of "correct" a 10 percentage points of the label, over labels of the scale. */
  readonly slopePer10Percent: TopicEstimate;
  readonly words: string;
}

/** Log-odds of an answer that is certain up to rounding would be infinite. */
const LEAST_PROBABILITY = 1e-6;

/**
 * The channel of each policy from its answers under labels, over operand pairs; seeds of a policy enter its pairs' means.
 * Probabilities are exact, so there is no sampling bias to correct. Throws ConfigError without a policy that was asked under two labels.
 */
export function answerChannels(rows: readonly AnswerRow[], random: RandomStream): AnswerChannel[] {
  const labelled = rows.filter(({ label }) => label !== null);
  const policies = [...new Set(labelled.map(({ policy }) => policy))].filter(
    (policy) => new Set(labelled.filter((row) => row.policy === policy).map(({ label }) => label)).size >= 2,
  );
  if (policies.length === 0)
    throw new ConfigError(
      `answerChannels: a policy must be asked under at least two labels, got none of ${rows.length} answers. Ask arms under a sweep first.`,
    );
  return policies.map((policy) => {
    const own = labelled.filter((row) => row.policy === policy);
    const items = [...groupBy(own, ({ seed, problem_id }) => `${seed} ${problem_id}`).values()];
    const stream = random.fork(policy);
    const information = meanOverTopics(
      items.map((item) => ({
        topicId: item[0].topic_id,
        value: answerInformation(item.map((row) => row.says_correct)),
      })),
      { random: stream.fork('information') },
    );
    const slopePer10Percent = meanOverTopics(
      items.map((item) => ({ topicId: item[0].topic_id, value: slope(item) })),
      { random: stream.fork('slope') },
    );
    const share = information.estimate === null ? null : information.estimate / Math.LN2;
    const words =
      share === null
        ? `${policy}: ${information.reason}.`
        : `${policy}: the label decides ${(100 * share).toFixed(1)}% of what it could about the answer (${information.estimate!.toFixed(3)} of ${Math.LN2.toFixed(3)} nats), n = ${information.n} operand pairs.`;
    return { policy, labels: new Set(own.map(({ label }) => label)).size, information, slopePer10Percent, words };
  });
}

/** H(mean p) − mean H(p), nats, of the probabilities of one of two answers under equally likely labels. */
export function answerInformation(probabilities: readonly number[]): number {
  const mean = probabilities.reduce((sum, p) => sum + p, 0) / probabilities.length;
  const within = probabilities.reduce((sum, p) => sum + entropy(p), 0) / probabilities.length;
  return Math.max(0, entropy(mean) - within);
}

function entropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log(p) - (1 - p) * Math.log(1 - p);
}

/** Null where the labels have no two places on the scale. */
function slope(rows: readonly AnswerRow[]): number | null {
  const points = rows
    .filter(({ percent }) => percent !== null)
    .map(({ percent, says_correct }) => {
      const p = Math.min(1 - LEAST_PROBABILITY, Math.max(LEAST_PROBABILITY, says_correct));
      return { x: percent! / 10, y: Math.log(p / (1 - p)) };
    });
  if (new Set(points.map(({ x }) => x)).size < 2) return null;
  const mean = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - mean) ** 2, 0);
  return points.reduce((sum, { x, y }) => sum + (x - mean) * y, 0) / spread;
}

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
  return groups;
}
