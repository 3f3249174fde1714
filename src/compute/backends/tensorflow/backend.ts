import type { DType, HostTensor, Program } from '../../graph';
import type { Backend } from '../types';
import { type Addon, type DeviceChoice, loadAddon } from './addon';
import { TensorflowTensor } from './device-tensor';
import { uploadHandle } from './dtypes';
import { TensorflowSession } from './session';

export interface TensorflowOptions {
  /** 'gpu' is an error where no GPU is usable, 'cpu' keeps off a GPU, 'auto' takes what TensorFlow finds. */
  readonly device?: DeviceChoice;
}

/** Graph programs on TensorFlow, run through the addon of tfjs-node-gpu. */
export class TensorflowBackend implements Backend {
  readonly name = 'tensorflow';
  readonly device: string;

  constructor(readonly addon: Addon) {
    this.device = addon.isUsingGpuDevice() ? 'gpu' : 'cpu';
  }

  get version(): string {
    return this.addon.TF_Version;
  }

  upload(tensor: HostTensor, dtype: DType = tensor.dtype): TensorflowTensor {
    return new TensorflowTensor(this.addon, uploadHandle(this.addon, tensor, dtype), [...tensor.shape], dtype);
  }

  createSession(programs: readonly Program[]): TensorflowSession {
    return new TensorflowSession(this.addon, programs);
  }
}

/** The TensorFlow backend of this process. Throws MachineError if the addon does not load or the device asked for is not there. */
export function tensorflowBackend(options: TensorflowOptions = {}): TensorflowBackend {
  return new TensorflowBackend(loadAddon(options.device));
}
