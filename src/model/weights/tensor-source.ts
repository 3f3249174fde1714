import type { HostTensor, Shape } from '../../compute/graph';
import { FileFormatError } from '../../core';
import type { Nf4Tensor } from './nf4';

/** What a file says about one tensor before it is read: its shape and how it is stored ('F32', 'BF16', 'Q4_1', ...). */
export interface TensorInfo {
  readonly shape: Shape;
  readonly stored: string;
}

/** Named tensors of a model or adapter, read one at a time. Names and layouts are Hugging Face's (`[out, in]`). */
export interface TensorSource {
  /** The files behind it, for messages and hashes. */
  readonly files: readonly string[];
  names(): readonly string[];
  /** Throws FileFormatError, naming file and tensor, if it is not there. */
  info(name: string): TensorInfo;
  /** The tensor as f32, dequantised if need be. Throws FileFormatError as `info` does, and if the file ends before. */
  read(name: string): HostTensor;
  /** The tensor's 4-bit codes as they are stored; null where it is not stored so. Absent: no tensor is. */
  readNf4?(name: string): Nf4Tensor | null;
  close(): void;
}

/** The error for a tensor that is not in a file; it shows names that come near. */
export function missingTensor(where: string, name: string, path: string, names: readonly string[]): FileFormatError {
  const tail = name.split('.').slice(-2).join('.');
  const near = names.filter((candidate) => candidate.endsWith(tail)).slice(0, 3);
  const hint = near.length > 0 ? `has ${near.map((item) => `"${item}"`).join(', ')}` : `has ${names.length} tensors`;
  return new FileFormatError(
    `${where}: tensor "${name}" must be in the file, got none (${path} ${hint}). Check that the file belongs to this model.`,
  );
}

/** Reads one tensor and holds it to a shape. Throws FileFormatError naming file and tensor. */
export function readTensor(source: TensorSource, name: string, shape: Shape): HostTensor {
  checkShape(source, name, shape);
  return source.read(name);
}

/** Throws FileFormatError, naming file and tensor, unless the source has the tensor with just this shape. */
export function checkShape(source: TensorSource, name: string, shape: Shape): void {
  const found = source.info(name).shape;
  if (found.length !== shape.length || found.some((size, axis) => size !== shape[axis])) {
    throw new FileFormatError(
      `readTensor: tensor "${name}" must have shape [${shape}], got [${found}] (${source.files.join(', ')}). The config and the weights belong to different models.`,
    );
  }
}
