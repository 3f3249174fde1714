import { constantOperands, type DType, type HostTensor, type Program, programSignature } from '../../graph';
import { gpuMemory, hostMemory, type MemoryUse } from '../memory';
import type { Backend, SessionOptions, XlaChoice } from '../types';
import { type Addon, type DeviceChoice, loadAddon } from './addon';
import { TensorflowTensor } from './device-tensor';
import { uploadHandle } from './dtypes';
import { hasPackedKernel } from './packed-kernel';
import { TensorflowSession } from './session';

export interface TensorflowOptions {
  /** 'gpu' is an error where no GPU is usable, 'cpu' keeps off a GPU, 'auto' takes what TensorFlow finds. */
  readonly device?: DeviceChoice;
  /** For sessions that do not say; by default 'off'. */
  readonly xla?: XlaChoice;
}

/** Graph programs on TensorFlow, run through the addon of tfjs-node-gpu. */
export class TensorflowBackend implements Backend {
  readonly name = 'tensorflow';
  readonly device: string;
  private packedKernel: boolean | null = null;

  constructor(
    readonly addon: Addon,
    private readonly xla: XlaChoice = 'off',
  ) {
    this.device = addon.isUsingGpuDevice() ? 'gpu' : 'cpu';
  }

  get version(): string {
    return this.addon.TF_Version;
  }

  upload(tensor: HostTensor, dtype: DType = tensor.dtype): TensorflowTensor {
    return new TensorflowTensor(this.addon, uploadHandle(this.addon, tensor, dtype), [...tensor.shape], dtype);
  }

  /** Whether products with a constant operand keep it packed; tried once, when the first program asks for it. */
  private packs(programs: readonly Program[]): boolean {
    if (programs.every((program) => constantOperands(programSignature(program).values).length === 0)) return false;
    this.packedKernel ??= hasPackedKernel(this.addon);
    return this.packedKernel;
  }

  memory(): MemoryUse {
    return this.device === 'gpu' ? gpuMemory() : hostMemory();
  }

  createSession(programs: readonly Program[], { xla = this.xla }: SessionOptions = {}): TensorflowSession {
    return new TensorflowSession(this.addon, programs, { packs: this.packs(programs), xla });
  }
}

/** The TensorFlow backend of this process. Throws MachineError if the addon does not load or the device asked for is not there. */
export function tensorflowBackend(options: TensorflowOptions = {}): TensorflowBackend {
  return new TensorflowBackend(loadAddon(options.device), options.xla);
}
