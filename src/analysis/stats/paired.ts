import { ConfigError } from '../../core';
import type { Estimate, TopicValue } from './estimate';
import { wilsonProportion } from './proportion';
import { signTest } from './significance';
import { type BootstrapOptions, meanWithInterval, topicMeans } from './topic-mean';

/** One topic measured under both conditions. */
export interface TopicPair {
  readonly topicId: string;
  readonly left: number;
  readonly right: number;
  /** left − right. */
  readonly difference: number;
}

export interface PairedTopics {
  /** Sorted by topic id. */
  readonly pairs: readonly TopicPair[];
  /** Topics with a value on one side only; they enter nothing. */
  readonly onlyLeft: number;
  readonly onlyRight: number;
  /** Rows without a value. */
  readonly missingLeft: number;
  readonly missingRight: number;
}

export interface PairedDifference extends Estimate, PairedTopics {}

/** Matches two conditions by topic, after averaging each side's rows per topic. */
export function pairByTopic(left: readonly TopicValue[], right: readonly TopicValue[]): PairedTopics {
  const [a, b] = [topicMeans(left, 'pairByTopic, left'), topicMeans(right, 'pairByTopic, right')];
  const byTopic = new Map(b.topics.map(({ topicId, value }) => [topicId, value]));
  const pairs = a.topics.flatMap(({ topicId, value }) => {
    const other = byTopic.get(topicId);
    return other === undefined ? [] : [{ topicId, left: value, right: other, difference: value - other }];
  });
  return {
    pairs,
    onlyLeft: a.topics.length - pairs.length,
    onlyRight: b.topics.length - pairs.length,
    missingLeft: a.missing,
    missingRight: b.missing,
  };
}

/**
 * The mean of left − right over the topics that both have, with a bootstrap interval over those topics. Topics on one
 * side only are counted, not used. Swapping the sides negates estimate and interval. Throws as `meanOverTopics`.
 */
export function pairedDifference(
  left: readonly TopicValue[],
  right: readonly TopicValue[],
  options: BootstrapOptions,
): PairedDifference {
  const paired = pairByTopic(left, right);
  const topics = paired.pairs.map(({ topicId, difference }) => ({ topicId, value: difference }));
  const mean = meanWithInterval(topics, options, 'pairedDifference', 0);
  const unmatched = paired.onlyLeft + paired.onlyRight;
  if (topics.length === 0) {
    const reason = `no topic has a value on both sides (${unmatched} on one side only)`;
    return { ...mean, reason, ...paired };
  }
  return { ...mean, ...paired };
}

export interface WinTieLoss {
  readonly wins: number;
  readonly ties: number;
  readonly losses: number;
  /** Wins over all pairs: a tie is no win. */
  readonly winsPerPair: Estimate;
  /** Wins over pairs that are no tie; even odds are 0.5. */
  readonly winsPerDecided: Estimate;
  /** Exact two-sided sign test of even odds over decided pairs; null without one. */
  readonly signTestP: number | null;
}

/**
 * On how many topics the left condition wins, with Wilson intervals. `winner` says which side of a difference is the
 * good one for the left condition; differences of at most `tieWithin` are ties.
 * Throws ConfigError for a negative or infinite `tieWithin`.
 */
export function winTieLoss(
  { pairs }: Pick<PairedTopics, 'pairs'>,
  { winner, tieWithin = 0, level = 0.95 }: { winner: 'lower' | 'higher'; tieWithin?: number; level?: number },
): WinTieLoss {
  if (!(tieWithin >= 0 && Number.isFinite(tieWithin)))
    throw new ConfigError(`winTieLoss: tieWithin must be a number from 0 up, got ${tieWithin}.`);
  const sign = winner === 'higher' ? 1 : -1;
  const wins = pairs.filter(({ difference }) => sign * difference > tieWithin).length;
  const losses = pairs.filter(({ difference }) => -sign * difference > tieWithin).length;
  return {
    wins,
    ties: pairs.length - wins - losses,
    losses,
    winsPerPair: wilsonProportion(wins, pairs.length, level),
    winsPerDecided: wilsonProportion(wins, wins + losses, level),
    signTestP: signTest(wins, losses),
  };
}
