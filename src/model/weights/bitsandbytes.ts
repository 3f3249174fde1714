import { z } from 'zod';
import type { HostTensor } from '../../compute/graph';
import { ConfigError, FileFormatError } from '../../core';
import { dynamicMap } from './dynamic-map';
import { checkNf4, dequantiseNf4, NF4_BLOCK, NF4_NESTED_BLOCK, NF4_VALUES, type Nf4Tensor } from './nf4';
import type { SafetensorsSource } from './safetensors-reader';
import type { TensorSource } from './tensor-source';

const WHERE = 'openModel';
const STATE = '.quant_state.bitsandbytes__';
/** Beside `X.weight`: what a quantised tensor consists of. */
const PARTS = ['absmax', 'quant_map', 'nested_absmax', 'nested_quant_map', `${STATE.slice(1)}nf4`] as const;

const stateSchema = z.object({
  quant_type: z.string(),
  blocksize: z.int(),
  shape: z.array(z.int().positive()).min(1),
  nested_blocksize: z.int(),
  nested_offset: z.number(),
});

/**
 * What is wrong with a config.json's `quantization_config`, if it is not NF4 with double quantisation by bitsandbytes.
 * Null: it is, or there is none.
 */
export function unreadQuantisation(config: Readonly<Record<string, unknown>> | null | undefined): string | null {
  if (!config) return null;
  const { quant_method: method, load_in_4bit: fourBit, bnb_4bit_quant_type: type } = config;
  if (method !== 'bitsandbytes') return `the weights are quantised by ${JSON.stringify(method)}, which is not read`;
  if (!fourBit) return 'the weights are in 8 bits by bitsandbytes, which is not read';
  if (type !== 'nf4') return `the weights are in 4 bits of type ${JSON.stringify(type)}; only "nf4" is read`;
  return null;
}

/**
 * A safetensors source with bitsandbytes' NF4 tensors in it: their parts are one tensor under the weight's name. `read`
 * dequantises, `readNf4` gives the codes as they are stored. Without such tensors the source itself.
 * Throws FileFormatError, naming file and tensor, where a part is missing, of another length, or of another quantisation.
 */
export function withNf4Tensors(source: SafetensorsSource): TensorSource {
  const states = source.names().filter((name) => name.includes(STATE));
  if (states.length === 0) return source;
  const quantised = new Map<string, Nf4Header>();
  const parts = new Set<string>();
  for (const state of states) {
    const [weight, type] = state.split(STATE);
    if (type !== 'nf4') throw unread(source, weight, `quantisation type "${type}"`);
    quantised.set(weight, headerOf(source, weight));
    for (const part of PARTS) parts.add(`${weight}.${part}`);
  }
  const readNf4 = (name: string): Nf4Tensor | null => {
    const header = quantised.get(name);
    if (!header) return null;
    const bytes = (part: string): Uint8Array => source.read(`${name}${part}`).data as Uint8Array;
    const floats = (part: string): Float32Array => source.read(`${name}${part}`).data as Float32Array;
    checkMaps(source, name, floats('.quant_map'), floats('.nested_quant_map'));
    const tensor = { ...header, codes: bytes(''), absmax: bytes('.absmax'), nestedAbsmax: floats('.nested_absmax') };
    checkNf4(tensor, `${WHERE}: tensor "${name}" (${source.files.join(', ')})`);
    return tensor;
  };
  return {
    files: source.files,
    names: () => source.names().filter((name) => !parts.has(name)),
    info: (name) => {
      const header = quantised.get(name);
      return header ? { shape: header.shape, stored: 'NF4' } : source.info(name);
    },
    read(name): HostTensor {
      const tensor = readNf4(name);
      return tensor ? { shape: tensor.shape, dtype: 'f32', data: dequantiseNf4(tensor) } : source.read(name);
    },
    readNf4,
    close: () => source.close(),
  };
}

/** The tensors of a quantised weight `name` as a checkpoint of bitsandbytes holds them; `dtype` is that of the model. */
export function bitsandbytesTensors(
  name: string,
  tensor: Nf4Tensor,
  dtype: 'bfloat16' | 'float32' = 'bfloat16',
): Record<string, HostTensor> {
  const { shape, codes, absmax, nestedAbsmax, offset } = tensor;
  const state = Buffer.from(
    JSON.stringify({
      quant_type: 'nf4',
      blocksize: NF4_BLOCK,
      dtype,
      shape: [...shape],
      nested_blocksize: NF4_NESTED_BLOCK,
      nested_dtype: 'float32',
      nested_offset: offset,
    }),
    'utf8',
  );
  const u8 = (data: Uint8Array, as: readonly number[] = [data.length]): HostTensor => ({
    shape: as,
    dtype: 'u8',
    data,
  });
  const f32 = (data: Float32Array): HostTensor => ({ shape: [data.length], dtype: 'f32', data });
  return {
    [name]: u8(codes, [codes.length, 1]),
    [`${name}.absmax`]: u8(absmax),
    [`${name}.quant_map`]: f32(NF4_VALUES),
    [`${name}.nested_absmax`]: f32(nestedAbsmax),
    [`${name}.nested_quant_map`]: f32(dynamicMap(true)),
    [`${name}${STATE}nf4`]: u8(Uint8Array.from(state)),
  };
}

type Nf4Header = Pick<Nf4Tensor, 'shape' | 'offset'>;

function headerOf(source: SafetensorsSource, weight: string): Nf4Header {
  const present = new Set(source.names());
  const missing = ['', ...PARTS.map((part) => `.${part}`)].filter((part) => !present.has(`${weight}${part}`));
  if (missing.length > 0)
    throw new FileFormatError(
      `${WHERE}: a 4-bit tensor must have all its parts, got "${weight}" without ${missing.map((part) => part || 'codes').join(', ')} (${source.files.join(', ')}). ` +
        'Without nested_absmax it is not double-quantised, which is not read; otherwise fetch the file again.',
    );
  const text = Buffer.from(source.read(`${weight}${STATE}nf4`).data as Uint8Array).toString('utf8');
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    raw = null;
  }
  const parsed = stateSchema.safeParse(raw);
  if (!parsed.success)
    throw new FileFormatError(
      `${WHERE}: the quantisation state of "${weight}" must be JSON with its sizes, got ${JSON.stringify(text.slice(0, 60))} (${source.files.join(', ')}). The file is damaged; fetch it again.`,
    );
  const state = parsed.data;
  if (state.quant_type !== 'nf4') throw unread(source, weight, `quantisation type "${state.quant_type}"`);
  if (state.blocksize !== NF4_BLOCK) throw unread(source, weight, `blocks of ${state.blocksize}`);
  if (state.nested_blocksize !== NF4_NESTED_BLOCK)
    throw unread(source, weight, `nested blocks of ${state.nested_blocksize}`);
  return { shape: state.shape, offset: Math.fround(state.nested_offset) };
}

function checkMaps(source: SafetensorsSource, weight: string, map: Float32Array, nested: Float32Array): void {
  const same = (a: Float32Array, b: Float32Array): boolean =>
    a.length === b.length && a.every((value, i) => Math.abs(value - b[i]) <= 1e-6);
  if (!same(map, NF4_VALUES) || !same(nested, dynamicMap(true)))
    throw unread(source, weight, 'codes that stand for other values than those of NF4 and its dynamic map');
}

function unread(source: SafetensorsSource, weight: string, what: string): ConfigError {
  return new ConfigError(
    `${WHERE}: a 4-bit tensor must be NF4 in blocks of ${NF4_BLOCK}, double-quantised in blocks of ${NF4_NESTED_BLOCK}, got "${weight}" with ${what} (${source.files.join(', ')}). ` +
      'Use a float checkpoint and quantise it when it is loaded.',
  );
}
