/** What one optimiser step did; a line of `metrics.jsonl`. */
export interface StepMetrics {
  /** 1 is the first. */
  readonly step: number;
  /** Mean over the window's supervised tokens, nats; null if it is not finite. */
  readonly loss: number | null;
  /** Tokens of the window's rows, and how many of them were predicted. */
  readonly tokens: number;
  readonly supervisedTokens: number;
  readonly learningRate: number;
  /** Norm of the gradient before clipping; null if it is not finite. */
  readonly gradNorm: number | null;
  readonly tokensPerSecond: number;
  /** Training time since the run began, over resumptions, seconds. */
  readonly elapsedSeconds: number;
  /** The most memory held during the step, MB (10⁶ bytes): resident, or on the GPU; null where the system does not tell. */
  readonly peakMemoryMb: number | null;
  /** True if the gradient was not finite and nothing was changed. */
  readonly skipped: boolean;
  /** Mean loss over the evaluation examples after this step, nats a token; null where it was not measured. */
  readonly evalLoss: number | null;
}
