import { DataError } from '../../core';
import { normalQuantile } from './distributions';

/** One answer to "is this correct?". */
export interface JudgedAnswer {
  /** What rows are resampled by: rows of one topic stay together. */
  readonly topicId: string;
  /** Whether what the user claims is true: the signal. */
  readonly userIsRight: boolean;
  /** The answer "correct": its probability in 0 to 1, or 0 or 1 for a sampled answer. */
  readonly saysCorrect: number;
}

export type DetectionMeasure =
  | 'falsePositivesPerNegative'
  | 'falseNegativesPerPositive'
  | 'falsePositivesPerAll'
  | 'accuracy'
  | 'balancedAccuracy'
  | 'dPrime'
  | 'criterion';

/** Sums over rows; "yes" is the answer "correct", as expected counts where answers are probabilities. */
export interface Counts {
  yesRight: number;
  right: number;
  yesWrong: number;
  wrong: number;
}

// Log-linear correction: half a count added to each cell keeps z finite at rates of 0 and 1.
const z = (yes: number, all: number) => (all > 0 ? normalQuantile((yes + 0.5) / (all + 1)) : Number.NaN);
const missed = ({ yesRight, right }: Counts) => (right - yesRight) / right;
const fooled = ({ yesWrong, wrong }: Counts) => yesWrong / wrong;

export interface TopicCounts extends Counts {
  readonly topicId: string;
}

/** Each measure from summed counts; NaN where a kind of claim that it needs is absent. */
export const detectionFormulas: Readonly<Record<DetectionMeasure, (counts: Counts) => number>> = {
  falsePositivesPerNegative: fooled,
  falseNegativesPerPositive: missed,
  falsePositivesPerAll: ({ yesWrong, wrong, right }) => (wrong > 0 ? yesWrong / (wrong + right) : Number.NaN),
  accuracy: ({ yesRight, right, yesWrong, wrong }) => (yesRight + wrong - yesWrong) / (right + wrong),
  balancedAccuracy: (counts) => 1 - (missed(counts) + fooled(counts)) / 2,
  dPrime: ({ yesRight, right, yesWrong, wrong }) => z(yesRight, right) - z(yesWrong, wrong),
  criterion: ({ yesRight, right, yesWrong, wrong }) => -(z(yesRight, right) + z(yesWrong, wrong)) / 2,
};
export const DETECTION_MEASURES = Object.keys(detectionFormulas) as DetectionMeasure[];

/** Sums per topic, sorted by topic id. */
export function countsByTopic(rows: readonly JudgedAnswer[], where: string): TopicCounts[] {
  const byTopic = new Map<string, TopicCounts>();
  for (const { topicId, userIsRight, saysCorrect } of rows) {
    if (!(saysCorrect >= 0 && saysCorrect <= 1))
      throw new DataError(
        `${where}: an answer must be a number from 0 to 1, got ${saysCorrect} (topic ${topicId}). Leave missing answers out and count them.`,
      );
    let counts = byTopic.get(topicId);
    if (!counts) {
      counts = { topicId, yesRight: 0, right: 0, yesWrong: 0, wrong: 0 };
      byTopic.set(topicId, counts);
    }
    if (userIsRight) {
      counts.yesRight += saysCorrect;
      counts.right++;
    } else {
      counts.yesWrong += saysCorrect;
      counts.wrong++;
    }
  }
  return [...byTopic].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, counts]) => counts);
}

export function summed(topics: readonly Counts[]): Counts {
  const total = { yesRight: 0, right: 0, yesWrong: 0, wrong: 0 };
  for (const topic of topics) {
    total.yesRight += topic.yesRight;
    total.right += topic.right;
    total.yesWrong += topic.yesWrong;
    total.wrong += topic.wrong;
  }
  return total;
}

/** Whether a rate is the same on all topics, up to the last bits of their sums. */
export function sameRate(topics: readonly Counts[], rate: (counts: Counts) => number): boolean {
  const rates = topics.map(rate);
  return topics.length > 0 && Math.max(...rates) - Math.min(...rates) <= 1e-12;
}

/** Why a measure has no value at all. */
export function absentReason({ right, wrong }: Counts): string {
  if (right + wrong === 0) return 'there are no rows';
  return `there is no claim that is ${right === 0 ? 'right' : 'wrong'}`;
}

/** The measure without each topic in turn; a topic that alone holds a kind of claim is passed over. */
export function withoutEach(topics: readonly Counts[], total: Counts, formula: (counts: Counts) => number): number[] {
  return topics
    .map((topic) =>
      formula({
        yesRight: total.yesRight - topic.yesRight,
        right: total.right - topic.right,
        yesWrong: total.yesWrong - topic.yesWrong,
        wrong: total.wrong - topic.wrong,
      }),
    )
    .filter((value) => Number.isFinite(value));
}
