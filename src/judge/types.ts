export type Verdict = 'PASS' | 'PARTIAL' | 'FAIL';

/** A phrase of the text and how far it moved the magnitude (in points of 0 to 10; negative toward neutral). */
export interface Indicator {
  readonly phrase: string;
  readonly weight: number;
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
  /** Why something is null; null if nothing is. */
  readonly reason: string | null;
}

/** Grades completions. It is given the completion alone: no prompt, no label, no arm. */
export interface Judge {
  readonly id: string;
  /** True if its figures stand in for a better judge's, and must be shown as such. */
  readonly isProxy: boolean;
  judge(completions: readonly string[]): Judgement[] | Promise<Judgement[]>;
}
