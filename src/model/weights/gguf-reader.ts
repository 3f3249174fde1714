import type { HostTensor } from '../../compute/graph';
import { FileFormatError } from '../../core';
import { FAMILY_SPECS } from '../families/specs';
import { halfTable } from './float-formats';
import { BLOCK_TYPES, UNREAD_TYPES } from './gguf-blocks';
import { type GgufTensor, type GgufValue, readGgufHeader } from './gguf-header';
import { familyOfArchitecture, huggingFaceName, unpermuteRotary } from './gguf-names';
import { PositionalFile } from './positional-file';
import { missingTensor, type TensorSource } from './tensor-source';

const WHERE = 'openGguf';

/** A GGUF source also gives the metadata and, where the file has it, the table of rotary frequency divisors. */
export interface GgufSource extends TensorSource {
  readonly metadata: Readonly<Record<string, GgufValue>>;
  /** `rope_freqs.weight` [E/2], which stands for a rope scaling; null if there is none. */
  ropeFrequencyDivisors(): Float32Array | null;
}

/**
 * Opens a GGUF file under Hugging Face names, layouts and row order; each read is dequantised to f32.
 * Types F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K.
 * Throws FileFormatError, naming file and tensor, on another magic, an unknown type, a truncated file.
 */
export function openGguf(path: string): GgufSource {
  const file = new PositionalFile(path, WHERE);
  try {
    return sourceOf(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function sourceOf(file: PositionalFile): GgufSource {
  const { path } = file;
  const header = readGgufHeader(file);
  const { metadata } = header;
  const parts = Number(metadata['split.count'] ?? 1);
  if (parts > 1) {
    throw new FileFormatError(
      `${WHERE}: a model must be in one GGUF file, got part ${Number(metadata['split.no'] ?? 0) + 1} of ${parts} (${path}). Join the parts with llama.cpp's llama-gguf-split --merge.`,
    );
  }
  const family = familyOfArchitecture(metadata['general.architecture']);
  const table = new Map<string, GgufTensor>();
  let ropeFreqs: GgufTensor | null = null;
  for (const tensor of header.tensors) {
    checkExtent(tensor, file);
    if (tensor.name === 'rope_freqs.weight') ropeFreqs = tensor;
    // A tensor that no family here has keeps its own name, so that a check of the whole model names it.
    else table.set(huggingFaceName(tensor.name, family) ?? tensor.name, tensor);
  }
  const permuted = family !== null && FAMILY_SPECS[family].gguf.rotaryPairsAdjacent;
  const queryHeads = Number(metadata[`${family}.attention.head_count`] ?? 0);
  const keyHeads = Number(metadata[`${family}.attention.head_count_kv`] ?? queryHeads);
  let halves: Float32Array | undefined;
  const decode = (tensor: GgufTensor): Float32Array => {
    halves ??= halfTable();
    const type = BLOCK_TYPES[tensor.typeId];
    const size = valuesOf(tensor);
    const out = new Float32Array(size);
    const bytes = file.read(tensor.offset, (size / type.blockSize) * type.blockBytes, WHERE, `tensor "${tensor.name}"`);
    type.decode(bytes, out, halves);
    return out;
  };
  const find = (name: string): GgufTensor => {
    const tensor = table.get(name);
    if (!tensor) throw missingTensor(WHERE, name, path, [...table.keys()]);
    return tensor;
  };
  return {
    files: [path],
    metadata,
    names: () => [...table.keys()],
    info: (name) => ({ shape: find(name).shape, stored: BLOCK_TYPES[find(name).typeId].name }),
    read(name): HostTensor {
      const tensor = find(name);
      let data = decode(tensor);
      const projection = permuted ? /\.self_attn\.([qk])_proj\.(?:weight|bias)$/.exec(name) : null;
      if (projection) {
        const columns = tensor.shape.length === 2 ? tensor.shape[1] : 1;
        data = unpermuteRotary(data, projection[1] === 'q' ? queryHeads : keyHeads, columns);
      }
      return { shape: tensor.shape, dtype: 'f32', data };
    },
    ropeFrequencyDivisors: () => (ropeFreqs ? decode(ropeFreqs) : null),
    close: () => file.close(),
  };
}

const valuesOf = (tensor: GgufTensor): number => tensor.shape.reduce((product, axis) => product * axis, 1);

function checkExtent(tensor: GgufTensor, file: PositionalFile): void {
  const type = BLOCK_TYPES[tensor.typeId];
  if (!type) {
    const known = Object.values(BLOCK_TYPES).map((known) => known.name);
    throw new FileFormatError(
      `${WHERE}: tensor "${tensor.name}" must be stored as one of ${known.join(', ')}, got ${UNREAD_TYPES[tensor.typeId] ?? 'an unknown type'} (number ${tensor.typeId}, ${file.path}). Use a file of another quantisation, for example Q8_0 or Q4_K_M.`,
    );
  }
  const columns = tensor.shape.at(-1) ?? 1;
  if (columns % type.blockSize !== 0) {
    throw new FileFormatError(
      `${WHERE}: rows of tensor "${tensor.name}" must be whole blocks of ${type.blockSize}, got ${columns} values (${file.path}). The file is damaged.`,
    );
  }
  const end = tensor.offset + (valuesOf(tensor) / type.blockSize) * type.blockBytes;
  if (!Number.isSafeInteger(end) || end > file.size) {
    throw new FileFormatError(
      `${WHERE}: tensor "${tensor.name}" must end by byte ${file.size}, got ${end} (${file.path}). The file is truncated; fetch it again.`,
    );
  }
}
