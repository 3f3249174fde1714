import { describe, expect, test } from 'vitest';
import type { GpuState } from '../../src/compute/backends';
import { deviceReport, deviceText } from '../../src/experiments';

const gpu: GpuState = {
  index: 0,
  name: 'NVIDIA H100 80GB HBM3',
  uuid: 'GPU-a',
  driver: '550.54.15',
  totalBytes: 80e9,
  usedBytes: 40e9,
  freeBytes: 40e9,
  busyShare: 0.5,
  processes: [{ pid: 77, name: 'python3', bytes: null }],
};

function report(device: 'cpu' | 'gpu', gpus: GpuState[] | null, visible?: string) {
  return deviceReport({
    gpus: () => gpus,
    backend: () => ({
      device,
      version: '2.21.0',
      memory: () => ({ bytesInUse: 1e9, peakBytes: null, reason: 'nvidia-smi tells no peak' }),
    }),
    dtype: () => ({ dtype: 'bf16', decidedBy: 'measured', f32GflopPerSecond: 43, bf16GflopPerSecond: 108 }),
    visible,
  });
}

describe('the report of what computes', () => {
  test('without a GPU says so, and shows processor, cores, memory and dtype', () => {
    const text = deviceText(report('cpu', null));
    expect(text).toContain('No GPU is in reach.');
    expect(text).toMatch(/computes on the processor: nvidia-smi does not answer/);
    expect(text).toMatch(/Processor: .*, \d+ cores in use; memory \d+\.\d GB of \d+\.\d GB free/);
    expect(text).toContain('bf16 (measured: f32 43, bf16 108 GFLOP/s)');
  });

  test('with one names its memory and the processes that hold it, also where the driver tells no size', () => {
    const text = deviceText(report('gpu', [gpu]));
    expect(text).toContain('GPU 0: NVIDIA H100 80GB HBM3, driver 550.54.15, 40.0 GB of 80.0 GB free, busy 50%');
    expect(text).toContain('  process 77 python3: unknown memory');
    expect(text).toContain('computes on the GPU: TensorFlow found a usable GPU (CUDA_VISIBLE_DEVICES is not set)');
  });

  test.each([
    { gpus: [gpu], visible: '-1', why: /hidden from this process \(CUDA_VISIBLE_DEVICES=-1\)/ },
    { gpus: [gpu], visible: '0', why: /lists 1 GPU, but TensorFlow cannot use one .*npm run doctor/ },
    { gpus: [], visible: undefined, why: /the driver lists no GPU/ },
  ])('on the processor although asked of the driver: $why', ({ gpus, visible, why }) => {
    expect(report('cpu', gpus, visible).tensorflow.why).toMatch(why);
  });
});
