import type { Addon, OpAttribute } from './addon';

export interface ComputeDtypeChoice {
  readonly dtype: 'f32' | 'bf16';
  /** Whether the caller or the measurement decided. */
  readonly decidedBy: 'measured' | 'override';
  /** Multiply-adds count as two. */
  readonly f32GflopPerSecond: number;
  readonly bf16GflopPerSecond: number;
}

const ROWS = 1024;
const WIDTH = 1024;
/** bf16 must pay for its rounding. */
const MIN_SPEEDUP = 1.2;

/**
 * Times TensorFlow's own 1024 × 1024 matrix product in f32 and bf16 for about a quarter of a second each and takes bf16 where it
 * is at least 1.2 times as fast: a CPU's name does not tell (oneDNN emulates bf16 where the instructions are missing).
 */
export function chooseComputeDtype(
  { addon }: { readonly addon: Addon },
  override?: 'f32' | 'bf16',
  now: () => number = () => performance.now(),
): ComputeDtypeChoice {
  const f32GflopPerSecond = gflopPerSecond(addon, 1, now);
  const bf16GflopPerSecond = gflopPerSecond(addon, 14, now);
  const measured = bf16GflopPerSecond >= MIN_SPEEDUP * f32GflopPerSecond ? 'bf16' : 'f32';
  return {
    dtype: override ?? measured,
    decidedBy: override === undefined ? 'measured' : 'override',
    f32GflopPerSecond,
    bf16GflopPerSecond,
  };
}

/** The fastest of the products that fit into a quarter of a second, after one to warm up. */
function gflopPerSecond(addon: Addon, dtype: number, now: () => number): number {
  const type = (name: string, value: number): OpAttribute => ({ name, type: addon.TF_ATTR_TYPE, value });
  const flag = (name: string): OpAttribute => ({ name, type: addon.TF_ATTR_BOOL, value: false });
  const f32 = addon.createTensor([ROWS, WIDTH], 1, new Float32Array(ROWS * WIDTH + 1).fill(0.5).subarray(1));
  const [x] = addon.executeOp('Cast', [type('SrcT', 1), type('DstT', dtype)], [f32], 1);
  addon.deleteTensor(f32);
  const attributes = [type('T', dtype), flag('transpose_a'), flag('transpose_b')];
  let fastest = Number.POSITIVE_INFINITY;
  try {
    const start = now();
    for (let count = 0; count < 2 || now() - start < 250; count++) {
      const before = now();
      const [product] = addon.executeOp('MatMul', attributes, [x.id, x.id], 1);
      if (addon.isUsingGpuDevice()) waitFor(addon, product.id, dtype);
      addon.deleteTensor(product.id);
      if (count > 0) fastest = Math.min(fastest, now() - before);
    }
  } finally {
    addon.deleteTensor(x.id);
  }
  return (2 * ROWS * WIDTH * WIDTH) / (fastest * 1e6);
}

/** A GPU works on behind the call; only reading back waits for it. */
function waitFor(addon: Addon, id: number, dtype: number): void {
  const type = (name: string, value: number): OpAttribute => ({ name, type: addon.TF_ATTR_TYPE, value });
  const [readable] = addon.executeOp('Cast', [type('SrcT', dtype), type('DstT', 1)], [id], 1);
  addon.tensorDataSync(readable.id);
  addon.deleteTensor(readable.id);
}
