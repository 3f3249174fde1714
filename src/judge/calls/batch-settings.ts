import { ConfigError } from '../../core';

/** How batches are cut, followed and repeated. The defaults suit the API; tests make them short. */
export interface BatchSettings {
  /** Most requests in one batch. The API takes 100,000. */
  readonly mostRequests: number;
  /** Most bytes of one batch's body. The API takes 256 MB. */
  readonly mostBytes: number;
  /** How many batches a request may stand in before its failures become a reason. */
  readonly rounds: number;
  /** Most attempts at one submission, poll or reading of results before the call gives up on it. */
  readonly attempts: number;
  /** The first pause between two looks at a batch; each further one is half as long again, up to the longest (milliseconds). */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** How long after a submission without an answer a batch may still turn up in the API's list (milliseconds). */
  readonly graceMs: number;
  /** Longest wait for the answer to a submission, and to any other question, its body too (milliseconds). */
  readonly createMs: number;
  readonly answerMs: number;
  /** Longest silence in a stream of results (milliseconds). */
  readonly idleMs: number;
}

export const batchDefaults: BatchSettings = {
  mostRequests: 10_000,
  mostBytes: 100e6,
  rounds: 3,
  attempts: 8,
  firstPauseMs: 2_000,
  longestPauseMs: 60_000,
  graceMs: 60_000,
  createMs: 600_000,
  answerMs: 60_000,
  idleMs: 120_000,
};

const bounds: Readonly<Record<keyof BatchSettings, readonly [number, number]>> = {
  mostRequests: [1, 100_000],
  mostBytes: [1, 256e6],
  rounds: [1, 100],
  attempts: [1, 1_000],
  firstPauseMs: [1, 3_600_000],
  longestPauseMs: [1, 3_600_000],
  graceMs: [0, 3_600_000],
  createMs: [1, 3_600_000],
  answerMs: [1, 3_600_000],
  idleMs: [1, 3_600_000],
};

/** Fills the settings up with the defaults. Throws ConfigError unless each is a whole number within its bounds. */
export function batchSettings(given: Partial<BatchSettings> | undefined): BatchSettings {
  const settings = { ...batchDefaults, ...given };
  const wrong = Object.entries(bounds).flatMap(([name, [least, most]]) => {
    const value = settings[name as keyof BatchSettings];
    return Number.isInteger(value) && value >= least && value <= most ? [] : [`${name} ${value} (${least} to ${most})`];
  });
  if (wrong.length > 0)
    throw new ConfigError(
      `ask: settings of batches must be whole numbers within their bounds, got ${wrong.join(', ')}.`,
    );
  return settings;
}
