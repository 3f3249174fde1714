import type { Session, TensorflowBackend } from '../../compute/backends';
import { RandomStream } from '../../core';
import { type ComputeDType, loadModel } from '../../model/families';
import { resolveSftConfig, type SftExample, trainSft } from '../../train';
import { type DeviceUsage, hostPeakBytes, sampleDevice } from './device-usage';
import { CHECK_SIZES, type CheckSize, randomModel } from './random-model';

/** What twenty steps of QLoRA on a random model took. */
export interface TrainingRow {
  readonly what: string;
  readonly ok: boolean;
  readonly why: string | null;
  /** 'off', 'compiled', or why XLA did not compile the step. */
  readonly xla: string;
  readonly steps: number;
  readonly tokensPerSecond: number | null;
  readonly firstLoss: number | null;
  readonly lastLoss: number | null;
  readonly hostPeakBytes: number | null;
  readonly device: DeviceUsage | null;
}

export const STEPS = 20;
/** Steps that are left out of the rate: programs are optimised and memory is taken in the first ones. */
const WARM_UP = 3;

/**
 * Twenty steps with the base in NF4, 8-bit AdamW and recomputation on a random model of this size, on rows of just the batch's
 * length; the loss must come out finite and lower at the end than at the start, since the same rows come again. A run that does not
 * end is a row that failed, with its message.
 */
export async function trainingCheck(
  backend: TensorflowBackend,
  options: {
    readonly size: CheckSize;
    readonly computeDtype: ComputeDType;
    readonly xla: 'off' | 'on';
    /** The GPU to sample; null without one. */
    readonly gpu: string | null;
  },
): Promise<TrainingRow> {
  const { size, computeDtype, xla, gpu } = options;
  const { model: shape, batch, tokens } = CHECK_SIZES[size];
  const what = `QLoRA, ${size}, ${batch} x ${tokens} tokens, ${computeDtype}${xla === 'on' ? ', XLA' : ''}`;
  const empty = { xla, steps: 0, tokensPerSecond: null, firstLoss: null, lastLoss: null, device: null };
  try {
    const files = randomModel(shape, `random ${size}`, 1);
    const sessions: Session[] = [];
    const model = await loadModel(files, {
      backend: observed(backend, xla, sessions),
      computeDtype,
      quantisation: 'nf4',
    });
    try {
      const { config } = resolveSftConfig('paper', {
        lora: { dropout: 0 },
        learningRate: 1e-3,
        warmupSteps: 2,
        schedule: 'constant',
        epochs: STEPS,
        batchSize: batch,
        maxTokens: tokens,
        checkpointEvery: 0,
      });
      const times: number[] = [];
      const losses: number[] = [];
      let compiled = xla as string;
      let before = performance.now();
      let sampler: ReturnType<typeof sampleDevice> | null = null;
      await trainSft({
        model,
        examples: randomRows(batch, tokens, shape.vocabSize),
        config,
        seed: 1,
        onProgress: ({ done, detail }) => {
          const now = performance.now();
          times.push((now - before) / 1000);
          before = now;
          losses.push(Number(detail?.loss));
          if (xla === 'on') compiled = compilationOf(sessions);
          if (done === WARM_UP && gpu !== null) sampler = sampleDevice(gpu);
        },
      });
      const device = sampler === null ? null : await (sampler as ReturnType<typeof sampleDevice>).stop();
      const timed = times.slice(WARM_UP);
      const seconds = timed.reduce((sum, value) => sum + value, 0);
      const [firstLoss, lastLoss] = [losses[0], losses[losses.length - 1]];
      const ok = losses.every(Number.isFinite) && lastLoss < firstLoss;
      return {
        what,
        ok,
        why: ok ? null : `the loss must be finite and fall, got ${losses.map((loss) => loss.toFixed(3)).join(' ')}`,
        xla: compiled,
        steps: losses.length,
        tokensPerSecond: (timed.length * batch * tokens) / seconds,
        firstLoss,
        lastLoss,
        hostPeakBytes: hostPeakBytes(),
        device,
      };
    } finally {
      model.dispose();
    }
  } catch (cause) {
    return { what, ok: false, why: (cause as Error).message, hostPeakBytes: hostPeakBytes(), ...empty };
  }
}

/** The same backend, which notes its sessions and makes them with this choice of XLA. */
function observed(backend: TensorflowBackend, xla: 'off' | 'on', sessions: Session[]): TensorflowBackend {
  const createSession: TensorflowBackend['createSession'] = (programs) => {
    const session = backend.createSession(programs, { xla });
    sessions.push(session);
    return session;
  };
  return Object.create(backend, { createSession: { value: createSession } });
}

/** What became of the programs that have run: 'compiled', or the first reason why not. */
function compilationOf(sessions: readonly Session[]): string {
  const programs = sessions.flatMap(({ compiled }) => compiled);
  const refused = programs.find(({ xla, reason }) => !xla && reason !== null);
  return refused ? `not compiled: ${refused.program}: ${refused.reason}` : 'compiled';
}

function randomRows(rows: number, tokens: number, vocabSize: number): SftExample[] {
  const random = new RandomStream('gpu-check/rows');
  return Array.from({ length: rows }, (_, row) => ({
    id: `row ${row}`,
    ids: Int32Array.from({ length: tokens }, () => random.below(vocabSize)),
    promptLength: tokens >> 1,
  }));
}
