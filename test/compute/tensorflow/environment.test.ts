import { describe, expect, it } from 'vitest';
import { prepareEnvironment } from '../../../src/compute/backends/tensorflow';

function prepared(device: 'auto' | 'cpu' | 'gpu', environment: NodeJS.ProcessEnv) {
  const warnings: string[] = [];
  prepareEnvironment(device, environment, (message) => warnings.push(message));
  return { environment, warnings };
}

describe('what is set before TensorFlow loads', () => {
  it('a process sees one GPU, and takes its memory as needed', () => {
    const { environment, warnings } = prepared('auto', {});
    expect(environment).toMatchObject({ CUDA_VISIBLE_DEVICES: '0', TF_FORCE_GPU_ALLOW_GROWTH: 'true' });
    expect(warnings).toEqual([]);
  });

  it.each(['0,1', '0, 1', '0,1,2'])('of the list %s the first is taken, with a message', (list) => {
    const { environment, warnings } = prepared('gpu', { CUDA_VISIBLE_DEVICES: list });
    expect(environment.CUDA_VISIBLE_DEVICES).toBe('0');
    expect(warnings).toEqual([expect.stringContaining(`uses one GPU, got CUDA_VISIBLE_DEVICES=${list}: took 0.`)]);
  });

  it.each(['2', 'GPU-8932f937', '', '-1'])("the caller's choice of %j stays without a word", (choice) => {
    const { environment, warnings } = prepared('auto', { CUDA_VISIBLE_DEVICES: choice });
    expect(environment.CUDA_VISIBLE_DEVICES).toBe(choice);
    expect(warnings).toEqual([]);
  });

  it("'cpu' hides every GPU", () => {
    expect(prepared('cpu', {}).environment.CUDA_VISIBLE_DEVICES).toBe('-1');
  });

  it('TF32 is turned off by MSTLAB_TF32=off alone', () => {
    expect(prepared('gpu', { MSTLAB_TF32: 'off' }).environment.NVIDIA_TF32_OVERRIDE).toBe('0');
    expect(prepared('gpu', { MSTLAB_TF32: 'on' }).environment).not.toHaveProperty('NVIDIA_TF32_OVERRIDE');
    expect(prepared('gpu', {}).environment).not.toHaveProperty('NVIDIA_TF32_OVERRIDE');
    expect(() => prepared('gpu', { MSTLAB_TF32: 'no' })).toThrow('MSTLAB_TF32 must be "on" or "off", got "no"');
  });
});
