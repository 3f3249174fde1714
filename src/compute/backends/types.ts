import type { DType, HostTensor, Program, Shape } from '../graph';

/** A tensor held by a backend; opaque, released by whoever uploaded it. */
export interface DeviceTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  dispose(): void;
}

/** One way to run programs. */
export interface Backend {
  readonly name: 'tensorflow' | 'eager';
  /** What computes, for the run's record: "cpu", "gpu: NVIDIA H100", "tfjs cpu". */
  readonly device: string;
  /** Brings a tensor to the device, converted to `dtype` if one is given. */
  upload(tensor: HostTensor, dtype?: DType): DeviceTensor;
  /** Programs that share variables by name. Throws ShapeError if they declare one variable in two shapes. */
  createSession(programs: readonly Program[]): Session;
}

/** Variables and the programs that read and write them. Not safe for two callers at once; each call is synchronous. */
export interface Session {
  readonly backend: string;
  /** Program runs so far. */
  readonly runs: number;
  /** Sets variables; a DeviceTensor is shared, not copied, and stays the caller's to dispose. */
  assign(values: Readonly<Record<string, HostTensor | DeviceTensor>>): void;
  /** Reads variables back. */
  read(names: readonly string[]): Record<string, HostTensor>;
  /** Runs one program on fed inputs; every input must be fed, and nothing else. */
  run(program: string, feeds: Readonly<Record<string, HostTensor>>): Record<string, HostTensor>;
  dispose(): void;
}
