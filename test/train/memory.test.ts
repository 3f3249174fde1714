import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { add, barrier, exp, input, matmul, mul, reshape, sum, type Value, variable } from '../../src/compute/graph';
import { adapterLayout } from '../../src/model/adapters';
import { openModel } from '../../src/model/weights';
import { resolveSftConfig, type SftOverrides } from '../../src/train';
import { liveBytes } from '../../src/train/memory/live-bytes';
import { freeMemory, peakMemory } from '../../src/train/memory/machine-memory';
import { type SftGraph, stepProgram } from '../../src/train/sft/programs';
import { tinyFolder } from '../support/tiny-models';

const peakOf = (...outputs: Value[]): number =>
  liveBytes({ name: 'p', outputs: Object.fromEntries(outputs.map((value, i) => [`o${i}`, value])), updates: [] }).peak;

describe('the bytes that live at once', () => {
  const x = input('x', [10, 10], 'f32'); // 400 bytes
  const w = variable('w', [10, 10], 'f32');

  it('are those of values still to be read; variables and other names for a value take none', () => {
    const product = matmul(x, w);
    expect(peakOf(product)).toBe(800);
    expect(peakOf(reshape(product, [100]))).toBe(800);
    // Each product is dropped when the next has read it; x is read by the first alone.
    expect(peakOf(matmul(matmul(matmul(x, w), w), w))).toBe(800);
    // Here the first is read again at the end.
    expect(peakOf(add(matmul(matmul(matmul(x, w), w), w), matmul(x, w)))).toBe(1200);
  });

  it('count a value that an elementwise op may overwrite once', () => {
    const product = matmul(x, w);
    expect(peakOf(sum(exp(product)))).toBe(804 - 4);
    expect(peakOf(sum(mul(exp(product), product)))).toBe(800);
  });

  it('follow a barrier: what waits does not live yet', () => {
    const big = (of: Value): Value => matmul(reshape(of, [100, 1]), reshape(of, [1, 100]));
    const first = sum(matmul(big(x), big(x)));
    const second = (of: Value): Value => sum(matmul(big(of), big(of)));
    expect(peakOf(add(first, second(x)))).toBeGreaterThan(160_000);
    expect(peakOf(add(first, second(barrier(x, first))))).toBeLessThan(122_000);
  });

  it('name the largest value', () => {
    const { largest } = liveBytes({
      name: 'p',
      outputs: { o: sum(matmul(input('y', [30, 10], 'f32'), w)) },
      updates: [],
    });
    expect(largest).toEqual({ bytes: 1200, op: 'input', shape: [30, 10] });
  });
});

describe('what a training step holds', () => {
  const large = { rows: 6, tokens: 40, supervised: 32 };
  const small = { rows: 1, tokens: 16, supervised: 16 };
  const peakWith = async (
    layers: number,
    overrides: SftOverrides,
    base: Pick<SftGraph, 'computeDtype' | 'quantisation'>,
    bucket: typeof large,
  ): Promise<number> => {
    const { config: model, close } = await openModel(tinyFolder('tiny-llama'));
    close();
    const { config } = resolveSftConfig(null, { ...overrides, lora: { rank: 2, alpha: 4, ...overrides.lora } });
    const deep = { ...model, layers };
    const graph = { model: deep, layout: adapterLayout(deep, config.lora), config, ...base };
    return liveBytes(stepProgram(graph, bucket)).peak;
  };

  const bf16 = { computeDtype: 'bf16', quantisation: 'none' } as const;
  /** What a layer more adds to the peak, in streams (f32 [B·T,D]). */
  const perLayer = async (
    overrides: SftOverrides,
    base: Parameters<typeof peakWith>[2] = bf16,
    bucket = large,
  ): Promise<number> =>
    ((await peakWith(24, overrides, base, bucket)) - (await peakWith(8, overrides, base, bucket))) /
    (16 * 4 * bucket.rows * bucket.tokens * 24);

  it('grows by all that the backward pass reads, and with recompute by little more than the mouth of a layer', async () => {
    // Observed: 11.8 without recompute, 2.5 with it.
    expect(await perLayer({})).toBeGreaterThan(8);
    expect(await perLayer({ gradientCheckpointing: true })).toBeLessThan(3);
  });

  // Each needs nothing that a run feeds; computed ahead they made the last number.
  it.each([
    ['dropout masks', { lora: { dropout: 0.05 } }, bf16, large, 2.4, 8.4],
    ['4-bit weights, unpacked', {}, { computeDtype: 'bf16', quantisation: 'nf4' }, small, 9.4, 26],
    ['f32 weights with their adapters', {}, { computeDtype: 'f32', quantisation: 'none' }, small, 9.7, 17.5],
  ] as const)('does not hold those of all layers at once: %s', async (_, overrides, base, bucket, observed, ahead) => {
    const held = await perLayer({ ...overrides, gradientCheckpointing: true }, base, bucket);
    expect(held).toBeLessThan((observed + ahead) / 2);
  });
});

describe('the memory of the machine', () => {
  let root: string;
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'mstlab-proc-'));
    write('proc/meminfo', 'MemTotal:       32000000 kB\nMemFree:         1000000 kB\nMemAvailable:   16000000 kB\n');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('is what the kernel calls available', () => {
    expect(freeMemory(root)).toEqual({ bytes: 16_000_000 * 1024, limit: 'machine' });
  });

  it.each([
    [
      'version 2',
      'sys/fs/cgroup/memory.max',
      'sys/fs/cgroup/memory.current',
      'sys/fs/cgroup/memory.stat',
      'inactive_file',
    ],
    [
      'version 1',
      'sys/fs/cgroup/memory/memory.limit_in_bytes',
      'sys/fs/cgroup/memory/memory.usage_in_bytes',
      'sys/fs/cgroup/memory/memory.stat',
      'total_inactive_file',
    ],
  ])('or what a control group leaves, its droppable file pages counted as free: %s', (_, max, current, stat, key) => {
    write(max, '4000000000\n');
    write(current, '3000000000\n');
    write(stat, `anon 1\n${key} 500000000\n`);
    expect(freeMemory(root)).toEqual({ bytes: 1_500_000_000, limit: 'control group' });
    write(max, 'max\n');
    expect(freeMemory(root).limit).toBe('machine');
    write(max, '9223372036854771712\n');
    expect(freeMemory(root).limit).toBe('machine');
  });

  it('peaks are what the backend tells, begun anew where the kernel allows it', () => {
    write('proc/self/clear_refs', '');
    const clearRefs = join(root, 'proc/self/clear_refs');
    const host = { device: 'cpu', memory: () => ({ bytesInUse: 200e6, peakBytes: 256e6, reason: null }) };
    const peak = peakMemory(host, clearRefs);
    peak.reset();
    expect(readFileSync(clearRefs, 'utf8')).toBe('5');
    expect(peak.readMb()).toBe(256);
    rmSync(clearRefs);
    peak.reset();
    const silent = { device: 'cpu', memory: () => ({ bytesInUse: null, peakBytes: null, reason: 'no /proc' }) };
    expect(peakMemory(silent, clearRefs).readMb()).toBeNull();
  });

  it('on a GPU the driver is asked every 20 seconds at most', () => {
    let asked = 0;
    let seconds = 100;
    const memory = () => ({ bytesInUse: ++asked * 1e9, peakBytes: null, reason: 'nvidia-smi tells no peak' });
    const peak = peakMemory({ device: 'gpu: NVIDIA H100', memory }, '', () => seconds);
    const read = (after: number): number | null => {
      seconds += after;
      peak.reset();
      return peak.readMb();
    };
    expect([read(0), read(19), read(2), read(1)]).toEqual([1000, 1000, 2000, 2000]);
  });
});
