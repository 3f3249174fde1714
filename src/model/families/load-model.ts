import type { Backend, DeviceTensor } from '../../compute/backends';
import { FileFormatError, type LongCall, ShapeError, throwIfAborted, yieldToEventLoop } from '../../core';
import { type ModelConfig, type ModelFiles, openModel } from '../weights';
import { type ParamSpec, paramSpecs } from './params';
import type { ComputeDType } from './types';

/** A base model on a device: its weights are uploaded once and shared by every session that is made from them. */
export interface LoadedModel {
  readonly files: ModelFiles;
  readonly config: ModelConfig;
  readonly tokenizer: ModelFiles['tokenizer'];
  readonly backend: Backend;
  readonly computeDtype: ComputeDType;
  /** By variable name, as `paramVariables` names them: pass to `session.assign`. */
  readonly weights: Readonly<Record<string, DeviceTensor>>;
  dispose(): void;
}

export interface LoadModelOptions extends LongCall {
  readonly backend: Backend;
  /** The dtype of weights and products; default f32. Measure with `chooseComputeDtype`. */
  readonly computeDtype?: ComputeDType;
}

/**
 * Reads a model's tensors and uploads them, one at a time.
 * `ref` is what `openModel` takes ("smollm2-135m", a folder, a .gguf file, "org/name"), or files already open; files opened here are closed by
 * `dispose`. Throws FileFormatError naming every tensor that is missing, ShapeError naming one of another shape,
 * AbortedError when the signal fires (nothing stays on the device).
 */
export async function loadModel(ref: string | ModelFiles, options: LoadModelOptions): Promise<LoadedModel> {
  const { backend, computeDtype = 'f32', signal, onProgress } = options;
  const opened = typeof ref === 'string';
  const files = opened ? await openModel(ref, { signal, onProgress }) : ref;
  const weights: Record<string, DeviceTensor> = {};
  const dispose = (): void => {
    for (const name of Object.keys(weights)) {
      weights[name].dispose();
      delete weights[name];
    }
    if (opened) files.close();
  };
  try {
    const specs = paramSpecs(files.config, computeDtype);
    checkTensors(files, specs);
    for (const [index, spec] of specs.entries()) {
      throwIfAborted(signal, 'loadModel', 'Nothing stays loaded');
      weights[spec.name] = backend.upload(files.tensors.read(spec.name), spec.dtype);
      onProgress?.({ what: `load ${files.id}`, done: index + 1, total: specs.length, unit: 'tensors' });
      await yieldToEventLoop();
    }
  } catch (error) {
    dispose();
    throw error;
  }
  return { files, config: files.config, tokenizer: files.tokenizer, backend, computeDtype, weights, dispose };
}

function checkTensors(files: ModelFiles, specs: readonly ParamSpec[]): void {
  const present = new Set(files.tensors.names());
  const missing = specs.filter((spec) => !present.has(spec.name)).map((spec) => spec.name);
  if (missing.length > 0)
    throw new FileFormatError(
      `loadModel: a ${files.config.family} model of ${files.config.layers} layers must have ${specs.length} tensors, ` +
        `${missing.length} missing: ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ', ...' : ''} (from ${files.id}). ` +
        'Get the complete model files.',
    );
  for (const spec of specs) {
    const { shape } = files.tensors.info(spec.name);
    if (shape.join() !== spec.shape.join())
      throw new ShapeError(
        `loadModel: ${spec.name} must be [${spec.shape}] by the model's config, got [${shape}] (from ${files.id}). ` +
          'The config and the weights belong to different models.',
      );
  }
}
