import type { Backend, DeviceTensor } from '../../compute/backends';
import { FileFormatError, type LongCall, ShapeError, throwIfAborted, yieldToEventLoop } from '../../core';
import {
  type ModelConfig,
  type ModelFiles,
  type Nf4Tensor,
  openModel,
  quantiseNf4,
  type TensorSource,
} from '../weights';
import { nf4Parts, type Quantisation } from './nf4-weight';
import { isQuantisable, type ParamSpec, paramSpecs } from './params';
import type { ComputeDType } from './types';

/** A base model on a device: its weights are uploaded once and shared by every session that is made from them. */
export interface LoadedModel {
  readonly files: ModelFiles;
  readonly config: ModelConfig;
  readonly tokenizer: ModelFiles['tokenizer'];
  readonly backend: Backend;
  readonly computeDtype: ComputeDType;
  /** 'nf4': the layers' projections lie in 4 bits and are unpacked where a program reads them. */
  readonly quantisation: Quantisation;
  /** By variable name, as `paramVariables` names them: pass to `session.assign`. */
  readonly weights: Readonly<Record<string, DeviceTensor>>;
  dispose(): void;
}

export interface LoadModelOptions extends LongCall {
  readonly backend: Backend;
  /** The dtype of weights and products; default f32. Measure with `chooseComputeDtype`. */
  readonly computeDtype?: ComputeDType;
  /**
   * 'nf4' quantises the layers' projections as they are read, one tensor in memory at a time; a checkpoint that is already so
   * gives its own codes. Default 'none': such a checkpoint is then unpacked.
   */
  readonly quantisation?: Quantisation;
}

/**
 * Reads a model's tensors and uploads them, one at a time.
 * `ref` is what `openModel` takes ("smollm2-135m", a folder, a .gguf file, "org/name"), or files already open; files opened here are closed by
 * `dispose`. Throws FileFormatError naming every tensor that is missing, ShapeError naming one of another shape,
 * AbortedError when the signal fires (nothing stays on the device).
 */
export async function loadModel(ref: string | ModelFiles, options: LoadModelOptions): Promise<LoadedModel> {
  const { backend, computeDtype = 'f32', quantisation = 'none', signal, onProgress } = options;
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
      if (quantisation === 'nf4' && isQuantisable(spec.name))
        for (const [name, part] of Object.entries(nf4Parts(spec.name, nf4Of(files.tensors, spec.name))))
          weights[name] = backend.upload(part);
      else weights[spec.name] = backend.upload(files.tensors.read(spec.name), spec.dtype);
      onProgress?.({ what: `load ${files.id}`, done: index + 1, total: specs.length, unit: 'tensors' });
      await yieldToEventLoop();
    }
  } catch (error) {
    dispose();
    throw error;
  }
  const { config, tokenizer } = files;
  return { files, config, tokenizer, backend, computeDtype, quantisation, weights, dispose };
}

function nf4Of(tensors: TensorSource, name: string): Nf4Tensor {
  const stored = tensors.readNf4?.(name);
  if (stored) return stored;
  const { data, shape } = tensors.read(name);
  return quantiseNf4(data as Float32Array, shape, name);
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
