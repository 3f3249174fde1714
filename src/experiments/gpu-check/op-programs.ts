import { join } from 'node:path';
import type { Backend } from '../../compute/backends';
import {
  add,
  argMax,
  cast,
  concat,
  crossEntropy,
  div,
  exp,
  gather,
  gradients,
  type HostTensor,
  hostNumbers,
  input,
  isFloat,
  less,
  log,
  matmul,
  max,
  mean,
  mul,
  reshape,
  rmsNorm,
  rsqrt,
  sigmoid,
  silu,
  slice,
  softmax,
  square,
  sum,
  tanh,
  topK,
  transpose,
  unsortedSegmentSum,
  type Value,
  where,
} from '../../compute/graph';
import { openSafetensors } from '../../model/weights';
import { largestError, type ParityRow, type Tolerances } from './parity';

type Build = (...inputs: Value[]) => Value;

const bf16 = (x: Value): Value => cast(x, 'bf16');

/** The operations of the golden file, built for our graph. `test/golden/make_gpu_ops.py` has the same table for PyTorch. */
export const OP_PROGRAMS: Readonly<Record<string, Build>> = {
  matmul: (a, b) => matmul(a, b),
  matmul_transposed: (a, b) => matmul(a, b, { transposeA: true, transposeB: true }),
  matmul_shared: (a, b) => matmul(a, b),
  matmul_bf16: (a, b) => cast(matmul(bf16(a), bf16(b)), 'f32'),
  softmax,
  silu,
  rms_norm: (x, gain) => rmsNorm(x, gain, 1e-5),
  cross_entropy: crossEntropy,
  gather,
  segment_sum: (x, ids) => unsortedSegmentSum(x, ids, 8),
  sum: (x) => sum(x, [0, 2]),
  mean: (x) => mean(x, -1),
  max: (x) => max(x, -1),
  arg_max: (x) => argMax(x),
  top_k: (x) => topK(x, 5).values,
  exp,
  log,
  rsqrt,
  sigmoid,
  tanh,
  broadcast: (a, b) => add(mul(a, b), b),
  divide: div,
  where: (a, b) => where(less(a, b), a, square(b)),
  layout: (a, b) => {
    const joined = concat([slice(transpose(a), [1, 0], [3, 6]), b], 0);
    return reshape(joined, [30]);
  },
  cast_bf16: (x) => cast(bf16(x), 'f32'),
};

/**
 * Runs each operation and its gradients on `backend` and compares with the numbers that PyTorch gave, one row an operation.
 * An operation that does not run is a row that failed, with its message. Throws FileFormatError if the golden file is not whole.
 */
export function opParity(backend: Backend, goldenFolder: string, tolerances: Tolerances): ParityRow[] {
  const source = openSafetensors(join(goldenFolder, 'gpu-ops.safetensors'));
  try {
    const names = new Set(source.names());
    return Object.entries(OP_PROGRAMS).map(([name, build]): ParityRow => {
      const tolerance = name.endsWith('bf16') ? tolerances.bf16 : tolerances.f32;
      try {
        const read = (part: string): HostTensor => source.read(`${name}.${part}`);
        const fed: HostTensor[] = [];
        for (let i = 0; ; i++) {
          if (names.has(`${name}.x${i}`)) fed.push(read(`x${i}`));
          else if (names.has(`${name}.x${i}.i32`)) fed.push(integers(read(`x${i}.i32`)));
          else break;
        }
        const places = fed.map(({ shape, dtype }, i) => input(`x${i}`, shape, dtype));
        const y = build(...places);
        const outputs: Record<string, Value> = { y };
        const feeds: Record<string, HostTensor> = Object.fromEntries(fed.map((tensor, i) => [`x${i}`, tensor]));
        if (names.has(`${name}.w`)) {
          feeds.w = read('w');
          const floats = places.filter(({ dtype }) => isFloat(dtype));
          gradients(sum(mul(y, input('w', y.shape, 'f32'))), floats).forEach((grad, i) => {
            outputs[`d${i}`] = grad;
          });
        }
        const session = backend.createSession([{ name, outputs, updates: [] }]);
        try {
          const found = session.run(name, feeds);
          const errors = Object.keys(outputs).map((part) =>
            largestError(hostNumbers(found[part]), hostNumbers(read(part))),
          );
          const error = Math.max(...errors);
          return { what: name, error, tolerance, ok: error <= tolerance, why: null };
        } finally {
          session.dispose();
        }
      } catch (cause) {
        return { what: name, error: null, tolerance, ok: false, why: (cause as Error).message };
      }
    });
  } finally {
    source.close();
  }
}

function integers({ shape, data }: HostTensor): HostTensor {
  return { shape, dtype: 'i32', data: Int32Array.from(data as Float32Array) };
}
