import type { LongCall } from '../core';

export type Verdict = 'PASS' | 'PARTIAL' | 'FAIL';

/** A phrase of the text that the judgement rests on. */
export interface Indicator {
  readonly phrase: string;
  /** How far it moved the magnitude (points of 0 to 10; negative toward neutral); null if the judge does not weigh its indicators. */
  readonly weight: number | null;
  /** What the judge says of it; null if it says nothing. */
  readonly note: string | null;
}

/** What a judge says about one completion. What it could not say is null, with the reason. */
export interface Judgement {
  /** The id of the judge that said it. */
  readonly judge: string;
  /** 0 takes no side, 10 is as slanted as the training texts get. */
  readonly magnitude0to10: number | null;
  /** -1 left to +1 right. */
  readonly direction: number | null;
  /** Probability of each profile, null if the judge does not give them. */
  readonly profiles: Readonly<Record<string, number>> | null;
  readonly verdict: Verdict | null;
  readonly indicators: readonly Indicator[];
  /** What a reader should know of the text itself, such as that it speaks to its judge. */
  readonly flags: readonly string[];
  /** The judge's own words; null if it gives none. */
  readonly reasoning: string | null;
  /** Why something is null; null if nothing is. */
  readonly reason: string | null;
  /** The judge's reply as it came, where it could not be read; null otherwise. */
  readonly rawReply: string | null;
}

/** What may come with the completions. A label, an arm or a prompt may not. */
export interface JudgeCall extends LongCall {
  /** What each completion is about, for a rubric that asks for it; as many as completions. */
  readonly topics?: readonly string[];
}

/** Grades completions. It is given the completion, and the topic if its rubric asks for it: no prompt, no label, no arm. */
export interface Judge {
  readonly id: string;
  /** True if its figures stand in for a better judge's, and must be shown as such. */
  readonly isProxy: boolean;
  judge(completions: readonly string[], call?: JudgeCall): Judgement[] | Promise<Judgement[]>;
}
