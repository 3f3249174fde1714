import type { Judge, JudgeCall } from '../../judge';

/** What a judge was asked in this session. */
export interface JudgeCalls {
  readonly judge: string;
  /** What its calls cost: the offline judge is arithmetic on this machine. */
  readonly isFree: boolean;
  calls: number;
  texts: number;
}

/** The same judge, whose calls are counted in `tally` under its id. */
export function countedJudge<J extends Judge>(judge: J, isFree: boolean, tally: Map<string, JudgeCalls>): J {
  return {
    ...judge,
    judge(completions: readonly string[], call?: JudgeCall) {
      const entry = tally.get(judge.id) ?? { judge: judge.id, isFree, calls: 0, texts: 0 };
      entry.calls += 1;
      entry.texts += completions.length;
      tally.set(judge.id, entry);
      return judge.judge(completions, call);
    },
  };
}
