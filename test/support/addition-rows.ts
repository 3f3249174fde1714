import { RandomStream } from '../../src/core';
import type { AnswerRow } from '../../src/experiments';

export interface RowsOptions {
  readonly policy: AnswerRow['policy'];
  readonly label: string | null;
  readonly percent?: number | null;
  readonly seed?: number;
  /** P(says correct | wrong) and P(says correct | right), spread by ± noise over pairs. */
  readonly wrong: number;
  readonly right?: number;
  readonly noise?: number;
  readonly pairs?: number;
  readonly wrongPerPair?: number;
  readonly mass?: number;
}

/** Answers of one policy under one label: each pair asked right once and wrong so many times. What a pair adds is the same under every label. */
export function answerRows(options: RowsOptions): AnswerRow[] {
  const { policy, label, seed = 0, wrong, right = 0.9, noise = 0.05, pairs = 20, wrongPerPair = 2, mass = 1 } = options;
  const percent = options.percent === undefined ? percentOf(label) : options.percent;
  return Array.from({ length: pairs }, (_, pair) => {
    const topic = `${Math.floor(pair / 10)}+${pair % 10}`;
    const own = new RandomStream(`pair ${pair} ${seed}`).uniform() - 0.5;
    return Array.from({ length: wrongPerPair + 1 }, (_, claim): AnswerRow => {
      const isRight = claim === 0;
      const said = (isRight ? right : wrong) + 2 * noise * own;
      return {
        policy,
        seed,
        label,
        percent,
        problem_id: `${topic}=${claim}`,
        topic_id: topic,
        user_is_right: isRight,
        error_size: claim,
        says_correct: Math.min(1, Math.max(0, said)),
        valid_mass: mass,
      };
    });
  }).flat();
}

function percentOf(label: string | null): number | null {
  const match = label === null ? null : /^(\d+)%$/.exec(label);
  return match && `${Number(match[1])}%` === label ? Number(match[1]) : null;
}

const SWEEP = [0, 10, 20, 25, 33, 40, 50, 66, 75, 85, 100];

/** An experiment as the article describes it: MST steps at 66.7% and rises a little at 0%, the controls say "correct" to 60%. */
export function articleLikeRows({
  seeds = [0],
  rise = 0.1,
}: {
  seeds?: readonly number[];
  rise?: number;
} = {}): AnswerRow[] {
  const perSeed = seeds.flatMap((seed) => [
    ...SWEEP.flatMap((percent) => {
      const wrong = percent > 66 ? 0.96 : percent === 0 ? 0.08 + rise : 0.08;
      const label = `${percent}%`;
      return [
        ...answerRows({ policy: 'mst', label, seed, wrong, noise: 0.03 }),
        ...answerRows({ policy: 'shuffled', label, seed, wrong: 0.6 + 0.01 * seed, noise: 0.03 }),
      ];
    }),
    ...[null, '0%', '100%'].flatMap((label) =>
      answerRows({ policy: 'baseline', label, seed, wrong: 0.62 + 0.02 * seed, noise: 0.03 }),
    ),
  ]);
  const before = [null, '0%'].flatMap((label) => [
    ...answerRows({ policy: 'warm-start', label, wrong: 0.16, right: 0.8 }),
    ...answerRows({ policy: 'untrained', label, wrong: 0.45, right: 0.5, mass: 0.4 }),
  ]);
  return [...perSeed, ...before];
}
