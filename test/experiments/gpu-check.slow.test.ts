import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../src/compute/backends';
import type { HostTensor } from '../../src/compute/graph';
import { gpuCheck, gpuCheckJson, gpuCheckText } from '../../src/experiments/gpu-check';
import { sampleDevice, usageOf } from '../../src/experiments/gpu-check/device-usage';
import { GOLDEN_MODELS, modelParity } from '../../src/experiments/gpu-check/model-parity';
import { OP_PROGRAMS, opParity } from '../../src/experiments/gpu-check/op-programs';
import { largestError, tolerancesOf } from '../../src/experiments/gpu-check/parity';
import { CHECK_SIZES, randomModel } from '../../src/experiments/gpu-check/random-model';
import { openSafetensors, writeSafetensors } from '../../src/model/weights';

const GOLDEN = join(__dirname, '../golden');
const backend = tensorflowBackend({ device: 'cpu' });
const folder = mkdtempSync(join(tmpdir(), 'mstlab-gpu-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('parity with PyTorch', () => {
  it('every operation of the golden file runs, and its values and gradients are those of PyTorch', () => {
    const rows = opParity(backend, GOLDEN, tolerancesOf(false));
    expect(rows.filter(({ ok }) => !ok)).toEqual([]);
    expect(rows.map(({ what }) => what)).toEqual(Object.keys(OP_PROGRAMS));
    const source = openSafetensors(join(GOLDEN, 'gpu-ops.safetensors'));
    expect(new Set(source.names().map((name) => name.split('.')[0]))).toEqual(new Set(Object.keys(OP_PROGRAMS)));
    source.close();
  });

  it('logits, loss and gradients of a tiny model are those of PyTorch', async () => {
    for (const name of GOLDEN_MODELS) {
      const rows = await modelParity(backend, GOLDEN, name, tolerancesOf(false).model);
      expect(rows.map(({ what, ok }) => [what, ok])).toEqual([
        [`${name}: logits`, true],
        [`${name}: loss`, true],
        [`${name}: gradients`, true],
      ]);
    }
  });

  it('one wrong number in the result of an operation is a row that failed', () => {
    const source = openSafetensors(join(GOLDEN, 'gpu-ops.safetensors'));
    const tensors: Record<string, HostTensor> = {};
    for (const name of source.names()) tensors[name] = source.read(name);
    source.close();
    const wrong = Float32Array.from(tensors['softmax.y'].data as Float32Array);
    wrong[3] += 1e-3;
    writeSafetensors(join(folder, 'gpu-ops.safetensors'), {
      ...tensors,
      'softmax.y': { ...tensors['softmax.y'], data: wrong },
    });
    const failed = opParity(backend, folder, tolerancesOf(false)).filter(({ ok }) => !ok);
    expect(failed.map(({ what, why }) => [what, why])).toEqual([['softmax', null]]);
    expect(failed[0].error).toBeGreaterThan(1e-4);
  });

  it('a model that is not there is a row that failed and says why', async () => {
    const [row] = await modelParity(backend, folder, 'no-model', 1e-5);
    expect(row).toMatchObject({ what: 'no-model', ok: false, error: null });
    expect(row.why).toContain('no-model');
  });

  it('a value that is not finite is never within a tolerance', () => {
    expect(largestError([1, Number.NaN], [1, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(largestError([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(largestError([1, 2.5], [1, 2])).toBeCloseTo(0.25);
  });
});

describe('the random model', () => {
  it('has the tensors of its shape, the same for a seed, with norms of one and deviation 0.02', () => {
    const { model } = CHECK_SIZES.tiny;
    const [a, b, c] = [1, 1, 2].map((seed) => randomModel(model, 'random', seed));
    const name = 'model.layers.1.mlp.up_proj.weight';
    expect(a.tensors.read(name).data).toEqual(b.tensors.read(name).data);
    expect(a.tensors.read(name).data).not.toEqual(c.tensors.read(name).data);
    expect(a.tensors.read(name).data).not.toEqual(a.tensors.read('model.layers.1.mlp.gate_proj.weight').data);
    expect(a.hash).not.toBe(c.hash);
    expect([...(a.tensors.read('model.norm.weight').data as Float32Array)]).toEqual(new Array(64).fill(1));
    const values = [...(a.tensors.read(name).data as Float32Array)];
    const deviation = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    expect(deviation).toBeGreaterThan(0.0195);
    expect(deviation).toBeLessThan(0.0205);
  });

  it('1b is the shape of Llama 3.2 1B', () => {
    const { model } = CHECK_SIZES['1b'];
    const D = model.hiddenSize;
    const layer = D * (2 * D + 2 * model.kvHeads * model.headDim + 3 * model.mlpSize) + 2 * D;
    expect(model.vocabSize * D + model.layers * layer + D).toBe(1_235_814_400);
  });
});

describe('the GPU as its driver sees it', () => {
  it('samples are read from the tool, and other lines are left out', () => {
    expect(usageOf('80, 2048\nNVIDIA-SMI has failed\n40, 4096\n')).toEqual({
      busyShare: 0.6000000000000001,
      peakBytes: 4096 * 1024 * 1024,
      samples: 2,
    });
    expect(usageOf('')).toEqual({ busyShare: null, peakBytes: null, samples: 0 });
  });

  it('a tool that prints is sampled until it is stopped, one that is not there gives nothing', async () => {
    const tool = join(folder, 'nvidia-smi');
    writeFileSync(tool, '#!/bin/sh\necho "90, 1000"\nexec sleep 60\n');
    chmodSync(tool, 0o755);
    const sampler = sampleDevice('0', tool);
    await new Promise((done) => setTimeout(done, 300));
    expect(await sampler.stop()).toMatchObject({ busyShare: 0.9, samples: 1 });
    expect(await sampleDevice('0', join(folder, 'none')).stop()).toMatchObject({ busyShare: null, samples: 0 });
  });
});

describe('the whole check on a CPU', () => {
  it('runs at size tiny, says that it is a CPU, and every row is ok', async () => {
    const check = await gpuCheck({ backend });
    expect(check.training.map(({ why }) => why)).toEqual([null, null]);
    expect(check.training.map(({ xla }) => xla)).toEqual([
      'off',
      expect.stringMatching(/^(compiled|not compiled: .+)$/),
    ]);
    expect(check).toMatchObject({ ok: true, device: 'cpu', gpu: null, size: 'tiny', tf32: false });
    expect(check.training[0]).toMatchObject({ steps: 20, device: null });
    expect(check.training[0].tokensPerSecond).toBeGreaterThan(0);
    const text = gpuCheckText(check);
    expect(text).toContain('TensorFlow uses no GPU here');
    expect(text.split('\n').filter((line) => /^(ok {4}|FAILED) /.test(line))).toHaveLength(check.parity.length + 2);
    expect(gpuCheckJson(check)).not.toContain('\n');
    expect(JSON.parse(gpuCheckJson(check))).toEqual(JSON.parse(JSON.stringify(check)));
  });

  it('fails as a whole where one row fails', async () => {
    cpSync(join(GOLDEN, 'tiny-llama'), join(folder, 'tiny-llama'), { recursive: true });
    const check = await gpuCheck({ backend, goldenFolder: folder });
    expect(check.ok).toBe(false);
    expect(gpuCheckText(check)).toMatch(/^FAILED {2}tiny-qwen2 .*tiny-qwen2/m);
    expect(gpuCheckText(check).trimEnd().split('\n').at(-1)).toContain('rows FAILED (cpu)');
  });

  it('an unknown size is refused with those there are', async () => {
    await expect(gpuCheck({ backend, size: 'huge' })).rejects.toThrow('one of tiny, small, 1b, got "huge"');
  });
});
