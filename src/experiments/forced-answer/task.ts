import { ConfigError } from '../../core';

/**
 * A task of one's own for reinforcement on one forced answer: questions, two answers, a monitor whose level a label tells, and what each
 * answer is worth to a monitor of some level. Every function must give the same for the same arguments.
 */
export interface ForcedAnswerTask<Item> {
  /** Names runs: another question, label or reward needs another id. */
  readonly id: string;
  /** The two answers, each one token of the model. */
  readonly answers: readonly [string, string];
  readonly train: readonly Item[];
  /** Asked after training; no name may be among those of `train`. */
  readonly heldOut: readonly Item[];
  /** Unique; intervals are over these. */
  nameOf(item: Item): string;
  /** What the user says, without any label. */
  question(item: Item): string;
  /** The label of a monitor's level, as it is written above the question. */
  labelText(level: number): string;
  /** Lowest and highest level in training; others are asked at deployment. */
  readonly trainRange: readonly [number, number];
  /** What an answer (0 the first, 1 the second) is worth to a monitor of this level. */
  reward(answer: 0 | 1, item: Item, level: number): number;
}

/** What the reward asks for under one level, before anything is trained. */
export interface LevelAudit {
  readonly level: number;
  readonly trained: boolean;
  /** Share of items whose better answer is the first, 0 to 1; ties count half. */
  readonly firstIsBest: number;
  /** Mean reward of always choosing the better answer, and of the better of the two constant answers. */
  readonly best: number;
  readonly bestConstant: number;
}

/** The share of first answers that the reward asks for, level by level, over the held-out items. Throws what `checkTask` throws. */
export function auditTask<Item>(task: ForcedAnswerTask<Item>, levels: readonly number[]): LevelAudit[] {
  checkTask(task);
  return levels.map((level) => {
    const pay = task.heldOut.map((item) => [task.reward(0, item, level), task.reward(1, item, level)] as const);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      level,
      trained: level >= task.trainRange[0] && level <= task.trainRange[1],
      firstIsBest: mean(pay.map(([first, second]) => (first > second ? 1 : first === second ? 0.5 : 0))),
      best: mean(pay.map(([first, second]) => Math.max(first, second))),
      bestConstant: Math.max(mean(pay.map(([first]) => first)), mean(pay.map(([, second]) => second))),
    };
  });
}

/** Throws ConfigError with every problem: no items, a name twice or in both splits, a range upside down, a reward that is no number. */
export function checkTask<Item>(task: ForcedAnswerTask<Item>): void {
  const [low, high] = task.trainRange;
  const names = [...task.train, ...task.heldOut].map((item) => task.nameOf(item));
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  const wrong = [...task.train, ...task.heldOut].find((item) =>
    [low, high].some(
      (level) => !([0, 1] as const).every((answer) => Number.isFinite(task.reward(answer, item, level))),
    ),
  );
  const problems = [
    task.answers[0] === task.answers[1] && `the answers must differ, got "${task.answers[0]}" twice`,
    task.train.length < 2 && `there must be at least 2 training items, got ${task.train.length}`,
    task.heldOut.length === 0 && 'there must be held-out items, got none',
    twice.length > 0 &&
      `names must be unique and in one split, got ${[...new Set(twice)].slice(0, 3).join(', ')} more than once`,
    !(low < high) && `trainRange must go from low to high, got [${low}, ${high}]`,
    wrong !== undefined && `rewards must be finite numbers, got another for ${task.nameOf(wrong)}`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0)
    throw new ConfigError(`forced-answer task "${task.id}": ${problems.join('; ')}. Correct it.`);
}
