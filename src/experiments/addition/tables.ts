import { frameOfRows, type Row } from '../../analysis/frame';
import { DETECTION_MEASURES } from '../../analysis/stats';
import type { RewardAudit } from '../../tasks';
import type { AnswerRow } from './ask';
import { riseVerdict, type VariantRise } from './rise';
import { type AdditionSummary, conditionAt, isHeldOut } from './summary';
import type { TrainedPolicy } from './train-arm';

/** Every answer, one row each. */
export function answersFrame(rows: readonly AnswerRow[]) {
  return framed(rows);
}

/** One row a policy and label: sycophancy and accuracy with intervals, the other measures, mass on the answers. */
export function policiesFrame({ conditions, trained }: AdditionSummary) {
  return framed(
    conditions.map(({ policy, label, percent, seeds, measures, validMass, answers }) => {
      const { falsePositivesPerNegative: wrong, falseNegativesPerPositive: missed, accuracy } = measures;
      return {
        policy,
        label: label ?? 'none',
        percent,
        trained: label === null ? null : !isHeldOut(percent, trained),
        sycophancy: wrong.estimate,
        sycophancy_low: wrong.low,
        sycophancy_high: wrong.high,
        says_correct_if_right: missed.estimate === null ? null : 1 - missed.estimate,
        accuracy: accuracy.estimate,
        accuracy_low: accuracy.low,
        accuracy_high: accuracy.high,
        balanced_accuracy: measures.balancedAccuracy.estimate,
        false_positives_per_all: measures.falsePositivesPerAll.estimate,
        d_prime: measures.dPrime.estimate,
        d_prime_low: measures.dPrime.low,
        d_prime_high: measures.dPrime.high,
        criterion: measures.criterion.estimate,
        criterion_low: measures.criterion.low,
        criterion_high: measures.criterion.high,
        valid_mass: validMass,
        seeds: seeds.length,
        answers,
      };
    }),
  );
}

/** One row a policy, label and measure, with its interval, how it was made, and why it is null where it is. */
export function policyMeasuresFrame({ conditions }: Pick<AdditionSummary, 'conditions'>) {
  return framed(
    conditions.flatMap(({ policy, label, percent, measures }) =>
      DETECTION_MEASURES.map((measure) => {
        const { estimate, low, high, method, n, seeds = 1, reason } = measures[measure];
        return {
          policy,
          label: label ?? 'none',
          percent,
          measure,
          estimate,
          low,
          high,
          method,
          pairs: n,
          seeds,
          reason,
        };
      }),
    ),
  );
}

/** One row a comparison: left − right, its interval, p-values, and on how many operand pairs the left side is lower. */
export function policyComparisonsFrame({ comparisons }: AdditionSummary) {
  return framed(
    comparisons.map(({ left, right, label, rightLabel, measure, difference, byTopic, test, p, pHolm }) => ({
      left,
      right,
      label,
      right_label: rightLabel ?? 'none',
      measure: measure === 'accuracy' ? 'accuracy' : 'sycophancy',
      difference: difference.estimate,
      low: difference.low,
      high: difference.high,
      pairs: byTopic.length,
      lower_on: byTopic.filter((pair) => pair.difference < 0).length,
      test,
      p,
      p_holm: pHolm,
    })),
  );
}

/** One row a policy: how far the label moves it. */
export function labelEffectsFrame({ labelEffects }: AdditionSummary) {
  return framed(
    labelEffects.map(({ policy, labels, effect, rangeOfMeans, lowestAt, highestAt }) => ({
      policy,
      labels,
      range_of_means: rangeOfMeans,
      lowest_at: lowestAt,
      highest_at: highestAt,
      effect_on_a_problem: effect.estimate,
      effect_low: effect.low,
      effect_high: effect.high,
    })),
  );
}

/** One row a step and label bin of training: reward, answers, entropy, KL. */
export function stepsFrame(trained: readonly TrainedPolicy[]) {
  return framed(
    trained.flatMap(({ arm, seed, metrics }) =>
      metrics.flatMap(({ step, byLabel }) =>
        Object.entries(byLabel).map(([bin, group]) => ({
          arm,
          seed,
          step,
          label_bin: bin,
          episodes: group.episodes,
          reward_mean: group.rewardMean,
          reward_std: group.rewardStd,
          expected_reward: group.expectedReward,
          says_correct: group.firstAnswer,
          entropy: group.entropy,
          valid_mass: group.validMass,
          kl_exact: group.klExact,
          clip_fraction: group.clipFraction,
        })),
      ),
    ),
  );
}

/** One row a label: the best share of sycophantic answers and what can be earned, before anything is trained. */
export function auditFrame({ labels }: RewardAudit) {
  return framed(
    labels.map((label) => ({
      percent: label.percent,
      suggestibility: label.suggestibility,
      trained: label.trained,
      threshold_belief: label.thresholdBelief,
      optimal_sycophancy: label.optimalSycophancy,
      best_reward: label.ceiling,
      honest_reward: label.honest,
      always_yes_reward: label.alwaysYes,
    })),
  );
}

/** One row a variant of the rise at the strict edge. */
export function riseFrame(rises: readonly VariantRise[]) {
  return framed(
    rises.map((one) => ({
      variant: one.name,
      what: one.what,
      edge: one.edge,
      inside: one.inside.join(', '),
      seeds: one.seeds,
      at_edge: one.atEdge,
      at_inside: one.atInside,
      rise: one.rise.estimate,
      low: one.rise.low,
      high: one.rise.high,
      p: one.p,
      p_holm: one.pHolm,
      verdict: riseVerdict(one),
      to_first: one.toFirst?.estimate ?? null,
      to_first_low: one.toFirst?.low ?? null,
      to_first_high: one.toFirst?.high ?? null,
    })),
  );
}

/** One row a policy and label: sycophancy as a mean probability, and as a share of answers counted. Both summaries of the same questions. */
export function bothMeasuresFrame(byProbability: AdditionSummary, counted: AdditionSummary) {
  return framed(
    byProbability.conditions.flatMap(
      ({ policy, label, measures: { falsePositivesPerNegative: p, ...measures }, seeds }) => {
        const answers = conditionAt(counted, policy, label)?.measures.falsePositivesPerNegative;
        return answers
          ? [
              {
                policy,
                label: label ?? 'none',
                probability: p.estimate,
                probability_low: p.low,
                probability_high: p.high,
                counted: answers.estimate,
                counted_low: answers.low,
                counted_high: answers.high,
                d_prime: measures.dPrime.estimate,
                criterion: measures.criterion.estimate,
                seeds: seeds.length,
              },
            ]
          : [];
      },
    ),
  );
}

function framed(rows: readonly object[]) {
  return frameOfRows(rows as readonly Row[], Object.keys(rows[0] ?? {}));
}
