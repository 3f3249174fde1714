import type { Addon } from './addon';
import { uploadHandle } from './dtypes';
import { GraphDefWriter } from './graph-def';
import { loadGraph } from './load-graph';
import { PACKED_PRODUCT, packedAttributes } from './lowering-fused';

/**
 * Whether this TensorFlow has the kernel that keeps a constant operand packed, found by multiplying two small matrices with it
 * in both number formats. It is oneDNN's, so it is missing on other processors, on a GPU and with TF_ENABLE_ONEDNN_OPTS=0.
 */
export function hasPackedKernel(addon: Addon): boolean {
  if (addon.isUsingGpuDevice()) return false;
  try {
    return (['f32', 'bf16'] as const).every((dtype) => multipliesRight(addon, dtype));
  } catch {
    return false; // an unknown op or kernel: the plain product is used
  }
}

function multipliesRight(addon: Addon, dtype: 'f32' | 'bf16'): boolean {
  const writer = new GraphDefWriter();
  const place = (name: string, shape: readonly number[]) =>
    writer.node('Placeholder', name, [], { dtype: { dtype }, shape: { shape } });
  const inputs = [place('a', [1, 2]), place('b', [3, 2]), place('bias', [3])];
  const product = writer.node(PACKED_PRODUCT, 'product', inputs, packedAttributes(dtype, true));
  writer.node('Cast', 'out', [product], { SrcT: { dtype }, DstT: { dtype: 'f32' } });
  const model = loadGraph(addon, writer.savedModel());
  const handles = [
    { shape: [1, 2], data: [1, 2] },
    { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] },
    { shape: [3], data: [0, 0, 0] },
  ].map(({ shape, data }) => uploadHandle(addon, { shape, dtype: 'f32', data: Float32Array.from(data) }, dtype));
  try {
    const [out] = addon.runSavedModel(model, handles, 'a:0,b:0,bias:0', 'out:0');
    const numbers = addon.tensorDataSync(out.id);
    addon.deleteTensor(out.id);
    return [5, 11, 17].every((expected, i) => numbers[i] === expected);
  } finally {
    for (const handle of handles) addon.deleteTensor(handle);
    addon.deleteSavedModel(model);
  }
}
