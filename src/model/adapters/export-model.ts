import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { byteSize, type HostTensor, toBf16Array } from '../../compute/graph';
import { ConfigError, type LongCall, throwIfAborted, yieldToEventLoop } from '../../core';
import { isQuantisable, PROJECTIONS, projectionModule, type Quantisation } from '../families';
import {
  bitsandbytesTensors,
  dequantiseNf4,
  expectedTensors,
  type ModelFiles,
  quantiseNf4,
  writeSafetensors,
} from '../weights';
import type { Adapter } from './adapter';
import { adapterLayout, flattenAdapter, peftKey } from './layout';
import { loraScale } from './lora-config';

export interface ExportOptions extends LongCall {
  /** Merged into the weights: W + s·B·A, summed in f32. */
  readonly adapter?: Adapter;
  /** How the base lay when the adapter was trained: with 'nf4' the adapter is added to what the codes stand for. Default 'none'. */
  readonly base?: Quantisation;
  /** 'bf16', or 'nf4': the projections as bitsandbytes stores them, the rest in bf16. Default 'bf16'. */
  readonly as?: 'bf16' | 'nf4';
  /** Largest file; default 2 GB. */
  readonly shardBytes?: number;
}

export interface ExportedModel {
  readonly dir: string;
  readonly bytes: number;
  /** What quantising the merged weights changed; null where nothing was quantised after a merge. */
  readonly requantised: {
    readonly maxAbsolute: number;
    /** ‖ΔW‖ / ‖W‖ over all projections. */
    readonly relative: number;
    readonly warning: string;
  } | null;
}

/** Files of a model that stand beside its weights. */
const BESIDE = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'special_tokens_map.json',
];
const INDEX = 'model.safetensors.index.json';

/**
 * Writes a model as a Hugging Face folder, in bf16 or in bitsandbytes' NF4, with an adapter merged into it if one is given.
 * Weights that are in NF4 already and get no adapter keep their codes. A model that `dir` held before is replaced.
 * One tensor and one file's worth of results are in memory at a time. Merging onto a base in 4 bits unpacks it first; 'nf4' then
 * quantises the sum again, which changes it: the change is measured and said.
 * Throws ConfigError if the model is no Hugging Face folder or `dir` is the model's own; ShapeError if the adapter is another
 * model's; AbortedError between two tensors (what was written is removed).
 * Source: Hu et al. 2021, arXiv:2106.09685, section 4.1.
 */
export async function exportModel(files: ModelFiles, dir: string, options: ExportOptions = {}): Promise<ExportedModel> {
  const { adapter, base = 'none', as = 'bf16', shardBytes = 2e9, signal, onProgress } = options;
  mustBeFolder(files, dir);
  if (adapter) flattenAdapter(adapter, adapterLayout(files.config, adapter.config));
  mkdirSync(dir, { recursive: true });
  const written: string[] = [];
  const weightMap: Record<string, number> = {};
  const change = { squared: 0, norm: 0, most: 0 };
  let shard: Record<string, HostTensor> = {};
  let size = 0;
  let bytes = 0;
  const flush = (): void => {
    if (size === 0) return;
    const path = join(dir, `shard-${written.length}.safetensors.part`);
    writeSafetensors(path, shard, { format: 'pt' });
    written.push(path);
    bytes += size;
    shard = {};
    size = 0;
  };
  const inNf4 = (name: string): Record<string, HostTensor> => {
    const stored = adapter && pairOf(adapter, name) ? null : files.tensors.readNf4?.(name);
    if (stored) return bitsandbytesTensors(name, stored);
    return quantised(name, mergedTensor(files, name, base, adapter), change);
  };
  const names = Object.keys(expectedTensors(files.config));
  try {
    for (const [index, name] of names.entries()) {
      throwIfAborted(signal, 'exportModel', 'Nothing stays written');
      const out =
        as === 'nf4' && isQuantisable(name) ? inNf4(name) : inBf16(name, mergedTensor(files, name, base, adapter));
      const more = Object.values(out).reduce((sum, part) => sum + byteSize(part.shape, part.dtype), 0);
      if (size > 0 && size + more > shardBytes) flush();
      for (const key of Object.keys(out)) weightMap[key] = written.length;
      Object.assign(shard, out);
      size += more;
      onProgress?.({ what: `export ${files.id}`, done: index + 1, total: names.length, unit: 'tensors' });
      await yieldToEventLoop();
    }
    flush();
    land(dir, written, weightMap, bytes);
  } catch (error) {
    for (const path of written) rmSync(path, { force: true });
    throw error;
  }
  for (const name of BESIDE)
    if (existsSync(join(files.path, name))) copyFileSync(join(files.path, name), join(dir, name));
  writeConfig(files, dir, as);
  return { dir, bytes, requantised: as === 'nf4' && adapter ? requantised(change) : null };
}

/** W, or W + s·B·A, f32. */
function mergedTensor(files: ModelFiles, name: string, base: Quantisation, adapter: Adapter | undefined): HostTensor {
  const tensor = files.tensors.read(name);
  const [out, into] = tensor.shape;
  let data = tensor.data as Float32Array;
  if (base === 'nf4' && isQuantisable(name) && !files.tensors.readNf4?.(name))
    data = dequantiseNf4(quantiseNf4(data, tensor.shape));
  const pair = adapter && pairOf(adapter, name);
  if (!pair) return { ...tensor, data };
  const { a, b, rank, scale } = pair;
  const sum = Float32Array.from(data);
  for (let row = 0; row < out; row++)
    for (let r = 0; r < rank; r++) {
      const factor = scale * b[row * rank + r];
      if (factor === 0) continue;
      for (let column = 0; column < into; column++) sum[row * into + column] += factor * a[r * into + column];
    }
  return { ...tensor, data: sum };
}

function pairOf(adapter: Adapter, name: string) {
  const found = /\.layers\.(\d+)\.\w+\.(\w+)\.weight$/.exec(name);
  const projection = PROJECTIONS.find((known) => known === found?.[2]);
  if (!found || !projection || !adapter.config.targets.includes(projection)) return null;
  const layer = Number(found[1]);
  if (name !== `${projectionModule(layer, projection)}.weight`) return null;
  const part = (of: 'A' | 'B') => adapter.tensors[peftKey(layer, projection, of)].data as Float32Array;
  return { a: part('A'), b: part('B'), rank: adapter.config.rank, scale: loraScale(adapter.config) };
}

function quantised(name: string, tensor: HostTensor, change: { squared: number; norm: number; most: number }) {
  const data = tensor.data as Float32Array;
  const packed = quantiseNf4(data, tensor.shape, name);
  dequantiseNf4(packed).forEach((value, i) => {
    const apart = value - data[i];
    change.squared += apart * apart;
    change.norm += data[i] * data[i];
    change.most = Math.max(change.most, Math.abs(apart));
  });
  return bitsandbytesTensors(name, packed);
}

function requantised({ squared, norm, most }: { squared: number; norm: number; most: number }) {
  const relative = Math.sqrt(squared / norm);
  const warning =
    `The merged weights were quantised again: they changed by ${(100 * relative).toFixed(1)}% (root mean square), at most ${most.toPrecision(2)}. ` +
    'The model no longer gives what base and adapter gave apart; bf16 keeps it.';
  return { maxAbsolute: most, relative, warning };
}

function inBf16(name: string, tensor: HostTensor): Record<string, HostTensor> {
  return { [name]: { shape: tensor.shape, dtype: 'bf16', data: toBf16Array(tensor.data as Float32Array) } };
}

/** Gives the files their names, now that their number is known; the index last. */
function land(dir: string, parts: readonly string[], weightMap: Readonly<Record<string, number>>, bytes: number): void {
  const number = (i: number): string => String(i).padStart(5, '0');
  const names = parts.map((_, i) =>
    parts.length === 1 ? 'model.safetensors' : `model-${number(i + 1)}-of-${number(parts.length)}.safetensors`,
  );
  // A model that was there before must not be read in the place of this one.
  for (const name of readdirSync(dir))
    if (name === INDEX || /^model(-\d{5}-of-\d{5})?\.safetensors$/.test(name)) rmSync(join(dir, name));
  parts.forEach((part, i) => {
    renameSync(part, join(dir, names[i]));
  });
  if (parts.length === 1) return;
  const map = Object.fromEntries(Object.entries(weightMap).map(([key, shard]) => [key, names[shard]]));
  writeFileSync(join(dir, INDEX), JSON.stringify({ metadata: { total_size: bytes }, weight_map: map }, null, 2));
}

function writeConfig(files: ModelFiles, dir: string, as: 'bf16' | 'nf4'): void {
  const {
    quantization_config: _,
    torch_dtype: __,
    ...config
  } = JSON.parse(readFileSync(join(files.path, 'config.json'), 'utf8'));
  const quantisation = {
    _load_in_4bit: true,
    _load_in_8bit: false,
    bnb_4bit_compute_dtype: 'bfloat16',
    bnb_4bit_quant_storage: 'uint8',
    bnb_4bit_quant_type: 'nf4',
    bnb_4bit_use_double_quant: true,
    load_in_4bit: true,
    load_in_8bit: false,
    quant_method: 'bitsandbytes',
  };
  const text = { ...config, dtype: 'bfloat16', ...(as === 'nf4' ? { quantization_config: quantisation } : {}) };
  const path = join(dir, 'config.json');
  writeFileSync(`${path}.part`, JSON.stringify(text, null, 2));
  renameSync(`${path}.part`, path);
}

function mustBeFolder(files: ModelFiles, dir: string): void {
  const isFolder = existsSync(files.path) && statSync(files.path).isDirectory();
  if (!isFolder)
    throw new ConfigError(
      `exportModel: the model must be a Hugging Face folder, whose config and tokenizer go with the weights, got ${files.path}. Use the folder that the file was made from.`,
    );
  if (resolve(files.path) === resolve(dir))
    throw new ConfigError(`exportModel: the folder must not be the model's own, got ${dir}. Name another one.`);
}
