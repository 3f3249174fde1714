import type { Backend, Session } from '../../compute/backends';
import type { HostTensor } from '../../compute/graph';
import { type LongCall, NumericError, RandomStream, throwIfAborted, yieldToEventLoop } from '../../core';
import type { EncodedExample } from '../../model/tokens';
import type { ModelConfig } from '../../model/weights';
import { adamWFeeds } from '../adamw';
import { freshState } from '../optimiser';
import { learningRateAt } from '../schedule';
import { lineBatches } from './batches';
import { checkPretrainConfig, type PretrainConfig } from './config';
import { initialParameters, PARAMETERS_VARIABLE, parameterLayout, parameterTensors } from './parameters';
import { pretrainProgram } from './program';

export interface PretrainOptions extends LongCall {
  readonly backend: Backend;
  readonly model: ModelConfig;
  /** Token ids of the text to learn, line by line. */
  readonly lines: readonly EncodedExample[];
  readonly config: PretrainConfig;
  /** Forked by purpose: first parameters, order of lines. */
  readonly seed: number | string;
}

export interface PretrainResult {
  /** The model's tensors, f32, by Hugging Face name. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
  /** Mean loss of each step, nats a token. */
  readonly losses: readonly number[];
  /** Tokens predicted over all steps. */
  readonly tokens: number;
  readonly seconds: number;
}

/**
 * Trains all parameters of a small model from random numbers to predict each next token of the lines: AdamW on one flat f32
 * vector, gradients through the same forward pass that adapters are trained through. Writes no file: an aborted or killed call
 * leaves nothing. The same options give the same bytes on the same machine. Yields to the event loop between steps.
 * Throws ConfigError, DataError (lines that do not fit a row), NumericError (a gradient that is not finite), AbortedError.
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const { backend, model, lines, signal, onProgress } = options;
  const config = checkPretrainConfig(options.config);
  const random = new RandomStream(options.seed);
  const layout = parameterLayout(model);
  const shape = { rows: config.rows, tokens: config.rowTokens, promptWeight: config.promptWeight };
  const batches = lineBatches(lines, shape, random.fork('order'));
  const session = backend.createSession([pretrainProgram(model, config)]);
  const losses: number[] = [];
  let tokens = 0;
  const started = performance.now();
  try {
    const start = initialParameters(model, random.fork('init'));
    session.assign({
      ...freshState('adamw', [layout.size]),
      [PARAMETERS_VARIABLE]: { shape: [layout.size], dtype: 'f32', data: start },
    });
    for (let step = 0; step < config.steps; step++) {
      throwIfAborted(signal, 'pretrain', 'Nothing is kept');
      const { feeds, predicted } = batches.next().value;
      losses.push(oneStep(session, config, step, feeds));
      tokens += predicted;
      const seconds = (performance.now() - started) / 1000;
      onProgress?.({
        what: 'pretrain',
        done: step + 1,
        total: config.steps,
        unit: 'steps',
        detail: {
          loss: losses[step],
          tokensPerSecond: tokens / seconds,
          remainingSeconds: (seconds / (step + 1)) * (config.steps - step - 1),
        },
      });
      await yieldToEventLoop();
    }
    const flat = session.read([PARAMETERS_VARIABLE])[PARAMETERS_VARIABLE].data as Float32Array;
    return {
      tensors: parameterTensors(layout, flat),
      losses,
      tokens,
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    session.dispose();
  }
}

function oneStep(
  session: Session,
  config: PretrainConfig,
  step: number,
  feeds: Readonly<Record<string, HostTensor>>,
): number {
  const learningRate = learningRateAt({ name: config.schedule, ...config, totalSteps: config.steps }, step);
  const numbers = Object.entries(adamWFeeds(config, learningRate, step + 1));
  const { loss, finite } = session.run('pretrain', {
    ...feeds,
    ...Object.fromEntries(numbers.map(([name, value]) => [name, scalar(value)])),
  });
  if (finite.data[0] !== 1)
    throw new NumericError(
      `pretrain: gradients must be finite, got NaN or infinity in step ${step + 1} of ${config.steps} (loss ${loss.data[0]}). Lower the learning rate.`,
    );
  return loss.data[0];
}

function scalar(value: number): HostTensor {
  return { shape: [], dtype: 'f32', data: Float32Array.of(value) };
}
