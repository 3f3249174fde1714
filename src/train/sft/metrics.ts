import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

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

export function appendMetrics(path: string, metrics: StepMetrics): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `${JSON.stringify(metrics)}\n`);
}

/** The metrics of the first `steps` steps; later lines, written after the checkpoint that is resumed, are cut off. */
export function rewindMetrics(path: string, steps: number): StepMetrics[] {
  if (!existsSync(path)) return [];
  const kept: StepMetrics[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    // A kill can leave half a line; it belongs to a step after the checkpoint.
    const parsed = parseLine(line);
    if (parsed && parsed.step <= steps) kept.push(parsed);
  }
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, kept.map((metrics) => `${JSON.stringify(metrics)}\n`).join(''));
  renameSync(temporary, path);
  return kept;
}

function parseLine(line: string): StepMetrics | null {
  try {
    return line === '' ? null : (JSON.parse(line) as StepMetrics);
  } catch {
    return null;
  }
}
