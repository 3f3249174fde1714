import type { DType, HostTensor, Program, Shape } from '../graph';
import type { MemoryUse } from './memory';

/** A tensor held by a backend; opaque, released by whoever uploaded it. */
export interface DeviceTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  dispose(): void;
}

/**
 * Whether programs are compiled by XLA: 'off' never; 'on' every program that it can compile, 'auto' the same on a GPU and none on a
 * CPU, where it costs: a bf16 training step of SmolLM2-135M (8 × 144 tokens, two cores) took about 25 s to compile, then 7.7 s of
 * processor time against 4.1, and 4.2 GB at its peak against 2.0.
 * What cannot be compiled runs as the plain graph, and the session's `compiled` says why.
 */
export type XlaChoice = 'off' | 'on' | 'auto';

export interface SessionOptions {
  /** By default what the backend was made with, else 'off'. */
  readonly xla?: XlaChoice;
}

/** How one program runs. */
export interface CompiledProgram {
  readonly program: string;
  /** True once a run of it has been compiled. */
  readonly xla: boolean;
  /** Why it is not compiled, or not yet; null where it is. */
  readonly reason: string | null;
}

/** One way to run programs. */
export interface Backend {
  readonly name: 'tensorflow' | 'eager';
  /** What computes, for the run's record: "cpu", "gpu: NVIDIA H100", "tfjs cpu". */
  readonly device: string;
  /** Brings a tensor to the device, converted to `dtype` if one is given. */
  upload(tensor: HostTensor, dtype?: DType): DeviceTensor;
  /** What this process holds of the device's memory now, or why that is not known. */
  memory(): MemoryUse;
  /** Programs that share variables by name. Throws ShapeError if they declare one variable in two shapes. */
  createSession(programs: readonly Program[], options?: SessionOptions): Session;
}

/** Variables and the programs that read and write them. Not safe for two callers at once; each call is synchronous. */
export interface Session {
  readonly backend: string;
  /** Program runs so far. */
  readonly runs: number;
  /** For each program whether XLA compiled it, and if not, why. */
  readonly compiled: readonly CompiledProgram[];
  /** Sets variables; a DeviceTensor is shared, not copied, and stays the caller's to dispose. */
  assign(values: Readonly<Record<string, HostTensor | DeviceTensor>>): void;
  /** Reads variables back. */
  read(names: readonly string[]): Record<string, HostTensor>;
  /** Runs one program on fed inputs; every input must be fed, and nothing else. */
  run(program: string, feeds: Readonly<Record<string, HostTensor>>): Record<string, HostTensor>;
  dispose(): void;
}
