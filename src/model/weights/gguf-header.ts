import { FileFormatError } from '../../core';
import type { PositionalFile } from './positional-file';

const WHERE = 'openGguf';
/** 'GGUF' read as a little-endian word. */
const MAGIC = 0x46554747;

export type GgufValue = number | bigint | boolean | string | readonly GgufValue[];

/** One row of the tensor table; `shape` is Hugging Face's order (slowest axis first), the reverse of the file's. */
export interface GgufTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly typeId: number;
  /** Byte offset from the start of the file. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly metadata: Readonly<Record<string, GgufValue>>;
  readonly tensors: readonly GgufTensor[];
}

/** Reads forward through the header, fetching the file in windows, so that a header of any size costs its own bytes. */
class Cursor {
  private window = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  private start = 0;
  position = 0;
  private readonly decoder = new TextDecoder();

  constructor(
    private readonly file: PositionalFile,
    private section = 'the header',
  ) {}

  within(section: string): this {
    this.section = section;
    return this;
  }

  /** Makes `length` bytes at the present position available and gives their place in the window. */
  private take(length: number): number {
    let at = this.position - this.start;
    if (at < 0 || at + length > this.window.length) {
      const wanted = Math.max(length, Math.min(1 << 22, this.file.size - this.position));
      this.window = this.file.read(this.position, wanted, WHERE, this.section) as Uint8Array<ArrayBuffer>;
      this.view = new DataView(this.window.buffer);
      this.start = this.position;
      at = 0;
    }
    this.position += length;
    return at;
  }

  private number<T>(length: number, read: (view: DataView, at: number) => T): T {
    const at = this.take(length); // Before `this.view` is read: it may move the window.
    return read(this.view, at);
  }

  u8 = (): number => this.number(1, (view, at) => view.getUint8(at));
  i8 = (): number => this.number(1, (view, at) => view.getInt8(at));
  u16 = (): number => this.number(2, (view, at) => view.getUint16(at, true));
  i16 = (): number => this.number(2, (view, at) => view.getInt16(at, true));
  u32 = (): number => this.number(4, (view, at) => view.getUint32(at, true));
  i32 = (): number => this.number(4, (view, at) => view.getInt32(at, true));
  f32 = (): number => this.number(4, (view, at) => view.getFloat32(at, true));
  f64 = (): number => this.number(8, (view, at) => view.getFloat64(at, true));
  u64 = (): bigint => this.number(8, (view, at) => view.getBigUint64(at, true));
  i64 = (): bigint => this.number(8, (view, at) => view.getBigInt64(at, true));

  /** A 64-bit count; one that could not fit in the file is damage, and is refused before it is used to allocate. */
  count(what: string): number {
    const value = Number(this.u64());
    if (value > this.file.size) {
      throw new FileFormatError(
        `${WHERE}: ${what} of ${this.section} must be at most the file's ${this.file.size} bytes, got ${value} (${this.file.path}). The file is damaged; fetch it again.`,
      );
    }
    return value;
  }

  string(): string {
    const length = this.count('a string length');
    const at = this.take(length);
    return this.decoder.decode(this.window.subarray(at, at + length));
  }
}

/** The value types of the metadata by their number in the file. */
const READERS: Readonly<Record<number, (cursor: Cursor) => GgufValue>> = {
  0: (cursor) => cursor.u8(),
  1: (cursor) => cursor.i8(),
  2: (cursor) => cursor.u16(),
  3: (cursor) => cursor.i16(),
  4: (cursor) => cursor.u32(),
  5: (cursor) => cursor.i32(),
  6: (cursor) => cursor.f32(),
  7: (cursor) => cursor.u8() !== 0,
  8: (cursor) => cursor.string(),
  10: (cursor) => cursor.u64(),
  11: (cursor) => cursor.i64(),
  12: (cursor) => cursor.f64(),
};

/**
 * Reads the header of a GGUF file (versions 2 and 3, little-endian): metadata and the table of tensors.
 * Throws FileFormatError, naming the file and the key or tensor, on another magic, an unknown type or a truncated file.
 * Source: the GGUF specification of ggml.
 */
export function readGgufHeader(file: PositionalFile): GgufHeader {
  const cursor = new Cursor(file);
  const magic = cursor.within('the magic number').u32();
  if (magic !== MAGIC) {
    throw new FileFormatError(
      `${WHERE}: the file must start with "GGUF", got bytes 0x${magic.toString(16).padStart(8, '0')} (${file.path}). This is not a GGUF file.`,
    );
  }
  const version = cursor.within('the version').u32();
  if (version !== 2 && version !== 3) {
    throw new FileFormatError(
      `${WHERE}: the version must be 2 or 3, got ${version} (${file.path}). Convert the file with a present llama.cpp.`,
    );
  }
  const tensorCount = cursor.within('the tensor count').count('the count');
  const valueCount = cursor.within('the metadata count').count('the count');
  const metadata: Record<string, GgufValue> = {};
  for (let i = 0; i < valueCount; i++) {
    const key = cursor.within(`metadata key ${i + 1} of ${valueCount}`).string();
    metadata[key] = readValue(cursor.within(`metadata "${key}"`), key, file.path);
  }
  const table: { name: string; shape: number[]; typeId: number; relative: number }[] = [];
  for (let i = 0; i < tensorCount; i++) {
    const name = cursor.within(`row ${i + 1} of ${tensorCount} of the tensor table`).string();
    cursor.within(`the table row of tensor "${name}"`);
    const rank = cursor.u32();
    if (rank > 4) {
      throw new FileFormatError(
        `${WHERE}: tensor "${name}" must have at most 4 axes, got ${rank} (${file.path}). The file is damaged; fetch it again.`,
      );
    }
    const shape = Array.from({ length: rank }, () => Number(cursor.u64())).reverse();
    table.push({ name, shape, typeId: cursor.u32(), relative: Number(cursor.u64()) });
  }
  const alignment = Number(metadata['general.alignment'] ?? 32);
  if (!Number.isInteger(alignment) || alignment < 1) {
    throw new FileFormatError(
      `${WHERE}: metadata "general.alignment" must be a positive integer, got ${alignment} (${file.path}). The file is damaged.`,
    );
  }
  const base = Math.ceil(cursor.position / alignment) * alignment;
  return {
    version,
    metadata,
    tensors: table.map(({ relative, ...row }) => ({ ...row, offset: base + relative })),
  };
}

function readValue(cursor: Cursor, key: string, path: string): GgufValue {
  const typeId = cursor.u32();
  if (typeId !== 9) return readerOf(typeId, key, path)(cursor);
  const itemType = cursor.u32();
  const length = cursor.count('an array length');
  const read = itemType === 9 ? () => readValue(cursor, key, path) : readerOf(itemType, key, path);
  const items = new Array<GgufValue>(length);
  for (let i = 0; i < length; i++) items[i] = read(cursor);
  return items;
}

function readerOf(typeId: number, key: string, path: string): (cursor: Cursor) => GgufValue {
  const reader = READERS[typeId];
  if (!reader) {
    throw new FileFormatError(
      `${WHERE}: metadata "${key}" must have a value type of 0 to 12, got ${typeId} (${path}). The file is damaged or newer than this reader.`,
    );
  }
  return reader;
}
