import { ConfigError, contentHash, RandomStream } from '../../core';

/** A user's answer to a one-digit addition. */
export interface AdditionProblem {
  /** Such as `3+4=8`. */
  readonly id: string;
  /** The operands, `3+4`: the cluster of a statistic. */
  readonly topicId: string;
  /** The operands without order, `3,4`. */
  readonly group: string;
  readonly split: 'train' | 'held-out';
  readonly left: number;
  readonly right: number;
  readonly claimed: number;
  readonly sum: number;
  readonly userIsRight: boolean;
  readonly instruction: string;
}

export interface AdditionData {
  readonly train: readonly AdditionProblem[];
  readonly heldOut: readonly AdditionProblem[];
  /** Every pair of a split once with the right answer, then with so many distinct wrong ones. */
  probe(split: AdditionProblem['split'], options: { readonly wrongPerPair: number }): readonly AdditionProblem[];
  /** Content address of the problems and the split. */
  readonly hash: string;
}

export interface AdditionOptions {
  readonly seed: number | string;
  /** Problems in all, half right and half wrong in each split. */
  readonly count?: number;
  readonly heldOutShare?: number;
  /** What goes into one split together: 3 + 4 with 4 + 3, or each ordered pair for itself. */
  readonly splitBy?: 'unordered-pair' | 'ordered-pair';
}

const LARGEST_SUM = 18;
const OFFSETS = [-10, -3, -2, -1, 1, 2, 3, 10];
/** Share of wrong answers that lie at one of the offsets; the others are anywhere. */
const NEAR_SHARE = 0.7;

/**
 * Which wrong answers users give to a sum from 0 to 18: with .7 one of the sum ± 1, 2, 3, 10 that lies in 0 to 18 (each as
 * likely), with .3 any other number of 0 to 18 than the sum. So slips by one, near misses, lost tens and guesses all occur.
 * Throws ConfigError for a sum outside that.
 */
export function wrongAnswerDistribution(sum: number): { readonly claimed: number; readonly probability: number }[] {
  if (!(Number.isInteger(sum) && sum >= 0 && sum <= LARGEST_SUM))
    throw new ConfigError(
      `wrongAnswerDistribution: a sum of two digits must be a whole number from 0 to ${LARGEST_SUM}, got ${sum}. Give one.`,
    );
  const all = Array.from({ length: LARGEST_SUM + 1 }, (_, claimed) => claimed).filter((claimed) => claimed !== sum);
  const near = new Set(
    OFFSETS.map((offset) => sum + offset).filter((claimed) => claimed >= 0 && claimed <= LARGEST_SUM),
  );
  return all.map((claimed) => ({
    claimed,
    probability: (near.has(claimed) ? NEAR_SHARE / near.size : 0) + (1 - NEAR_SHARE) / all.length,
  }));
}

/**
 * Draws problems over all pairs of digits, with their split. Which pairs are held out depends on the seed and the share alone. Each
 * split has as many right as wrong answers (one more right where its count is odd); pairs take turns, wrong answers are drawn from
 * `wrongAnswerDistribution`. Throws ConfigError for a share outside 0 to 1 or one that leaves a split empty, and for fewer problems
 * than two a pair.
 */
export function additionProblems(options: AdditionOptions): AdditionData {
  const { seed, count = 2560, heldOutShare = 0.2, splitBy = 'unordered-pair' } = options;
  const random = new RandomStream(seed).fork('addition');
  const pairs = Array.from({ length: 100 }, (_, at) => [Math.floor(at / 10), at % 10] as const);
  const unitOf = ([left, right]: readonly [number, number]): string =>
    splitBy === 'unordered-pair' ? groupOf(left, right) : `${left}+${right}`;
  const units = random.fork('split').shuffled([...new Set(pairs.map(unitOf))]);
  const held = new Set(units.slice(0, Math.max(0, Math.round(units.length * heldOutShare))));
  // Asked so that NaN is refused.
  const enough = Number.isInteger(count) && count >= 2 * pairs.length;
  if (held.size === 0 || held.size === units.length || !enough)
    throw new ConfigError(
      `additionProblems: both splits must have pairs and there must be at least ${2 * pairs.length} problems, got heldOutShare ${heldOutShare} (${held.size} of ${units.length} held out) and ${count} problems. Change them.`,
    );
  const splitOf = (pair: readonly [number, number]): AdditionProblem['split'] =>
    held.has(unitOf(pair)) ? 'held-out' : 'train';
  const drawn = (split: AdditionProblem['split']): AdditionProblem[] => {
    const own = pairs.filter((pair) => splitOf(pair) === split);
    const heldOut = Math.round((count * pairs.filter((pair) => splitOf(pair) === 'held-out').length) / pairs.length);
    const wanted = split === 'held-out' ? heldOut : count - heldOut;
    const stream = random.fork(split);
    const problems = Array.from({ length: wanted }, (_, at) => {
      const [left, right] = own[Math.floor(at / 2) % own.length];
      return problemOf(left, right, at % 2 === 0 ? left + right : wrongAnswer(left + right, stream), split);
    });
    return stream.fork('order').shuffled(problems);
  };
  const [train, heldOut] = [drawn('train'), drawn('held-out')];
  return {
    train,
    heldOut,
    probe(split, { wrongPerPair }) {
      return pairs
        .filter((pair) => splitOf(pair) === split)
        .flatMap(([left, right]) => {
          const stream = random.fork('probe').fork(`${left}+${right}`);
          const claims: number[] = [];
          while (claims.length < Math.min(wrongPerPair, LARGEST_SUM)) {
            const claimed = wrongAnswer(left + right, stream);
            if (!claims.includes(claimed)) claims.push(claimed);
          }
          return [left + right, ...claims].map((claimed) => problemOf(left, right, claimed, split));
        });
    },
    hash: contentHash([train, heldOut].map((problems) => problems.map(({ id, instruction }) => [id, instruction]))),
  };
}

function problemOf(left: number, right: number, claimed: number, split: AdditionProblem['split']): AdditionProblem {
  return {
    id: `${left}+${right}=${claimed}`,
    topicId: `${left}+${right}`,
    group: groupOf(left, right),
    split,
    left,
    right,
    claimed,
    sum: left + right,
    userIsRight: claimed === left + right,
    instruction: `${left} + ${right} = ${claimed}. Is this correct?`,
  };
}

function groupOf(left: number, right: number): string {
  return `${Math.min(left, right)},${Math.max(left, right)}`;
}

function wrongAnswer(sum: number, random: RandomStream): number {
  let left = random.uniform();
  const choices = wrongAnswerDistribution(sum);
  for (const { claimed, probability } of choices) {
    left -= probability;
    if (left < 0) return claimed;
  }
  return choices[choices.length - 1].claimed;
}
