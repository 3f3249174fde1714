import type { DataFrame } from 'danfojs-node';
import type { Figure } from '../../analysis/charts';
import type { CrossedDifference, PairedDifference } from '../../analysis/stats';
import type { LabelProblem } from '../../labels';
import type { HalvingPlan } from './halving';

/** A wording that was put to the test. */
export interface TestedWording {
  readonly name: string;
  readonly text: string;
  readonly tokens: number;
  /** Why it was not tested; null if it was. */
  readonly refused: string | null;
  readonly warnings: readonly LabelProblem[];
}

/** A candidate in the pilot: exploratory, its mean chosen among many. */
export interface PilotResult {
  readonly name: string;
  /** Topics it was scored on before it went out, or the pilot ended. */
  readonly topics: number;
  /** Mean difference to the reference on those topics, nats, and its standard error (null under two topics). */
  readonly mean: number;
  readonly standardError: number | null;
  /** Drawn toward the mean of all candidates; null where that cannot be told. */
  readonly shrunk: number | null;
  readonly isFinalist: boolean;
}

/** A finalist on fresh topics, under one arm, against the reference wording under the same arm. */
export interface ConfirmedWording {
  readonly name: string;
  readonly arm: string;
  /** Contrast log-odds, finalist minus reference, nats; lower is less slanted. */
  readonly difference: PairedDifference | CrossedDifference;
  readonly p: number | null;
  /** Adjusted by Holm over the finalists of the arm that the question is about; null for controls. */
  readonly pHolm: number | null;
  readonly test: string;
  /** `better` and `worse` than the reference, or `no difference seen`: interval and adjusted p agree. */
  readonly finding: 'better' | 'worse' | 'no difference seen' | 'cannot be told';
}

export interface WordingTest {
  readonly reference: TestedWording;
  readonly wordings: readonly TestedWording[];
  readonly plan: HalvingPlan;
  readonly pilot: readonly PilotResult[];
  readonly confirmed: readonly ConfirmedWording[];
  readonly seconds: number;
  readonly secondsPerScore: number;
  /** What may be claimed, and what not. */
  readonly words: readonly string[];
  /** A row a wording, pilot and confirmation beside each other. */
  readonly frame: DataFrame;
  readonly figure: Figure;
}
