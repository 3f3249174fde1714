import type { Episode } from './episode';

/** What was drawn at the beginning of a step; B prompts, A answers, G samples, row-major. */
export interface DrawnRecord {
  /** [B,A] at the sampling temperature. */
  readonly logp: Float32Array;
  /** [B,A]. */
  readonly scores: Float32Array;
  /** [B]. */
  readonly logMass: Float32Array;
  /** [B,G]. */
  readonly actions: Int32Array;
  readonly taken: Float32Array;
  /** [B,A]. */
  readonly shaped: Float32Array;
  /** [B,G]. */
  readonly advantages: Float32Array;
  readonly returns: Float32Array;
  /** [B]; null without a value head. */
  readonly value: Float32Array | null;
}

/** One backward pass. */
export interface PassRecord {
  /** Which prompts of the step it had; null: all, in order. */
  readonly rows: readonly number[] | null;
  /** [M,G]: log-probabilities of the drawn answers under the policy that was about to be updated. */
  readonly takenNow: Float32Array;
  readonly loss: number;
  readonly policyLoss: number;
  readonly valueLoss: number;
}

/** Everything that one step computed, before it is summed up. */
export interface StepRecord {
  readonly step: number;
  readonly episodes: readonly Episode[];
  readonly coefficients: { readonly temperature: number; readonly entropy: number; readonly rarity: number };
  readonly learningRate: number;
  /** [B,A] scores of the reference; undefined where it was not asked. */
  readonly reference: Float32Array | undefined;
  readonly drawn: DrawnRecord;
  readonly passes: readonly PassRecord[];
  readonly updates: readonly { readonly gradNorm: number; readonly finite: boolean }[];
}
