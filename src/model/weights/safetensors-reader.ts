import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { HostTensor } from '../../compute/graph';
import { FileFormatError } from '../../core';
import { bfloatToFloat, halfTable, halfToFloat } from './float-formats';
import { PositionalFile } from './positional-file';
import { missingTensor, type TensorInfo, type TensorSource } from './tensor-source';

const WHERE = 'openSafetensors';
/** The format's own limit on the header. */
const MAX_HEADER_BYTES = 100_000_000;

const BYTES_PER_VALUE: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2, U8: 1, I32: 4, I64: 8, F64: 8 };

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

interface Entry extends TensorInfo {
  readonly file: PositionalFile;
  readonly offset: number;
  readonly bytes: number;
}

/** A safetensors source also gives the header's metadata, e.g. `{ format: 'pt' }`. */
export interface SafetensorsSource extends TensorSource {
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Opens a `.safetensors` file, a `model.safetensors.index.json`, or a folder that holds either.
 * Only headers are read here; tensors are read by position when asked for, as f32 (from F32, F16 or BF16).
 * Throws FileFormatError, naming file and tensor, on a truncated file, a bad header, overlapping or missing tensors.
 * Source: the safetensors format, 8 bytes little-endian header size, JSON header, then the tensors' bytes.
 */
export function openSafetensors(path: string): SafetensorsSource {
  const { files, weightMap } = findFiles(path);
  const opened: PositionalFile[] = [];
  const entries = new Map<string, Entry>();
  let metadata: Record<string, string> = {};
  let halves: Float32Array | undefined;
  try {
    for (const name of files) {
      const file = new PositionalFile(name, WHERE);
      opened.push(file);
      const header = readHeader(file);
      metadata = { ...metadata, ...header.metadata };
      for (const [tensor, entry] of header.entries) {
        if (entries.has(tensor)) {
          throw new FileFormatError(
            `${WHERE}: tensor "${tensor}" must stand in one shard, got it in two (${entries.get(tensor)?.file.path}, ${name}). Remove the stale shard.`,
          );
        }
        entries.set(tensor, entry);
      }
    }
    for (const [tensor, file] of weightMap) {
      if (entries.get(tensor)?.file.path !== file) throw missingTensor(WHERE, tensor, file, [...entries.keys()]);
    }
  } catch (error) {
    for (const file of opened) file.close();
    throw error;
  }
  const find = (tensor: string): Entry => {
    const entry = entries.get(tensor);
    if (!entry) throw missingTensor(WHERE, tensor, files.join(', '), [...entries.keys()]);
    return entry;
  };
  return {
    files,
    metadata,
    names: () => [...entries.keys()],
    info: (tensor) => ({ shape: find(tensor).shape, stored: find(tensor).stored }),
    read(tensor): HostTensor {
      const entry = find(tensor);
      const bytes = entry.file.read(entry.offset, entry.bytes, WHERE, `tensor "${tensor}"`);
      if (entry.stored === 'F32')
        return { shape: entry.shape, dtype: 'f32', data: new Float32Array(bytes.buffer, 0, entry.bytes / 4) };
      if (entry.stored === 'U8')
        return { shape: entry.shape, dtype: 'u8', data: new Uint8Array(bytes.buffer, 0, entry.bytes) };
      const bits = new Uint16Array(bytes.buffer, 0, entry.bytes / 2);
      if (entry.stored === 'BF16') return { shape: entry.shape, dtype: 'f32', data: bfloatToFloat(bits) };
      if (entry.stored === 'F16') {
        halves ??= halfTable();
        return { shape: entry.shape, dtype: 'f32', data: halfToFloat(bits, halves) };
      }
      throw new FileFormatError(
        `${WHERE}: tensor "${tensor}" must be stored as F32, F16, BF16 or U8, got ${entry.stored} (${entry.file.path}). Convert the weights to bfloat16 first.`,
      );
    },
    close: () => {
      for (const file of opened) file.close();
    },
  };
}

/** The files that a path stands for, and for a sharded model which file must hold which tensor. */
function findFiles(path: string): { files: string[]; weightMap: ReadonlyMap<string, string> } {
  const none = new Map<string, string>();
  if (!existsSync(path))
    throw new FileFormatError(
      `${WHERE}: a safetensors file or folder is needed, got nothing (${path}). Check the path.`,
    );
  let index = path.endsWith('.index.json') ? path : null;
  if (statSync(path).isDirectory()) {
    if (existsSync(join(path, 'model.safetensors')))
      return { files: [join(path, 'model.safetensors')], weightMap: none };
    index = join(path, 'model.safetensors.index.json');
    if (!existsSync(index)) {
      throw new FileFormatError(
        `${WHERE}: the folder must hold model.safetensors or model.safetensors.index.json, got neither (${path}). Fetch the weights into it.`,
      );
    }
  }
  if (index === null) return { files: [path], weightMap: none };
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(index, 'utf8'));
  } catch (cause) {
    throw new FileFormatError(
      `${WHERE}: the shard index must be JSON, got ${(cause as Error).message} (${index}). Fetch it again.`,
      { cause },
    );
  }
  const checked = z.object({ weight_map: z.record(z.string(), z.string()) }).safeParse(parsed);
  if (!checked.success) {
    throw new FileFormatError(
      `${WHERE}: the shard index must have a weight_map from tensor to file, got another form (${index}). Fetch it again.`,
    );
  }
  const folder = dirname(index);
  const weightMap = new Map(
    Object.entries(checked.data.weight_map).map(([tensor, file]) => [tensor, join(folder, file)]),
  );
  return { files: [...new Set(weightMap.values())].sort(), weightMap };
}

function readHeader(file: PositionalFile): { entries: Map<string, Entry>; metadata: Record<string, string> } {
  const { path } = file;
  const prefix = file.read(0, 8, WHERE, 'the header size');
  const size = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (size > MAX_HEADER_BYTES || size < 2) {
    throw new FileFormatError(
      `${WHERE}: the header must have 2 to ${MAX_HEADER_BYTES} bytes, got ${size} (${path}). This is not a safetensors file.`,
    );
  }
  const text = new TextDecoder().decode(file.read(8, size, WHERE, 'the header'));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new FileFormatError(
      `${WHERE}: the header must be JSON, got ${JSON.stringify(text.slice(0, 40))} (${path}). This is not a safetensors file, or it is damaged.`,
      { cause },
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new FileFormatError(
      `${WHERE}: the header must be a JSON object, got ${text.slice(0, 40)} (${path}). This is not a safetensors file.`,
    );
  }
  const entries = new Map<string, Entry>();
  let metadata: Record<string, string> = {};
  for (const [tensor, value] of Object.entries(parsed)) {
    if (tensor === '__metadata__') {
      const checked = z.record(z.string(), z.string()).safeParse(value);
      metadata = checked.success ? checked.data : {};
      continue;
    }
    const checked = entrySchema.safeParse(value);
    if (!checked.success) {
      throw new FileFormatError(
        `${WHERE}: the entry of tensor "${tensor}" must have dtype, shape and data_offsets, got ${JSON.stringify(value)?.slice(0, 80)} (${path}). The file is damaged.`,
      );
    }
    const { dtype, shape, data_offsets: span } = checked.data;
    const bytes = span[1] - span[0];
    const width = BYTES_PER_VALUE[dtype];
    const expected = shape.reduce((product, axis) => product * axis, 1) * (width ?? 0);
    if (bytes < 0 || (width !== undefined && bytes !== expected)) {
      throw new FileFormatError(
        `${WHERE}: tensor "${tensor}" ${dtype} [${shape}] must have ${expected} bytes, got ${bytes} (${path}). The file is damaged.`,
      );
    }
    if (8 + size + span[1] > file.size) {
      throw new FileFormatError(
        `${WHERE}: tensor "${tensor}" must end by byte ${file.size}, got ${8 + size + span[1]} (${path}). The file is truncated; fetch it again.`,
      );
    }
    entries.set(tensor, { shape, stored: dtype, file, offset: 8 + size + span[0], bytes });
  }
  checkOverlap(entries, path);
  return { entries, metadata };
}

function checkOverlap(entries: ReadonlyMap<string, Entry>, path: string): void {
  const inOrder = [...entries].filter(([, { bytes }]) => bytes > 0).sort(([, a], [, b]) => a.offset - b.offset);
  for (const [i, [tensor, { offset }]] of inOrder.entries()) {
    const [before, earlier] = inOrder[i - 1] ?? [];
    if (earlier && earlier.offset + earlier.bytes > offset)
      throw new FileFormatError(
        `${WHERE}: tensors must not share bytes, got "${before}" and "${tensor}" that do (${path}). The file is damaged; fetch it again.`,
      );
  }
}
