import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GpuState } from '../../src/compute/backends';
import {
  type AdditionOverrides,
  additionRequirements,
  assertRequirements,
  type Requirement,
  requirementsText,
  resolveAdditionConfig,
} from '../../src/experiments';
import { gpuRequirement } from '../../src/experiments/requirements';

const gpu = (freeGb: number): GpuState => ({
  index: 0,
  name: 'NVIDIA Test',
  uuid: 'GPU-0',
  driver: '570',
  totalBytes: 80e9,
  usedBytes: 80e9 - freeGb * 1e9,
  freeBytes: freeGb * 1e9,
  busyShare: 0,
  processes: [],
});
const empty = () => mkdtempSync(join(tmpdir(), 'mstlab-hub-'));
/** A cache that holds the article's model as far as file names go. */
function cached(): string {
  const cache = empty();
  const commit = 'a'.repeat(40);
  const folder = join(cache, 'models--Qwen--Qwen2.5-7B-Instruct');
  const snapshot = join(folder, 'snapshots', commit);
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(join(folder, 'refs'), { recursive: true });
  writeFileSync(join(folder, 'refs', 'main'), commit);
  for (const name of ['config.json', 'tokenizer.json', 'model.safetensors']) writeFileSync(join(snapshot, name), '{}');
  return cache;
}
const paper = resolveAdditionConfig('paper');
const runs = empty();
const rowOf = (rows: ReturnType<typeof additionRequirements>, what: string) => rows.find((row) => row.what === what)!;

describe('what preset paper of the sycophancy experiment needs', () => {
  const bare = additionRequirements(paper, { gpus: null, runs, env: { HF_HUB_CACHE: empty() } });

  it('is named before anything is fetched: model, GPU memory, disk, hours, each missing one with what to do', () => {
    expect(rowOf(bare, 'model files')).toMatchObject({ ok: false, needed: 'Qwen/Qwen2.5-7B-Instruct, about 15 GB' });
    expect(rowOf(bare, 'model files').doThis).toContain('npm run model:fetch -- Qwen/Qwen2.5-7B-Instruct');
    expect(rowOf(bare, 'GPU memory')).toMatchObject({ ok: false, found: 'no NVIDIA driver answers' });
    expect(rowOf(bare, 'disk for the model').needed).toBe('15.2 GB');
    expect(rowOf(bare, 'time').ok).toBe(true);
    for (const { ok, doThis, what } of bare) expect(doThis === '', what).toBe(ok);
  });

  it('is an error that lists all of it, and none once all is there', () => {
    expect(() => assertRequirements('notebook', bare)).toThrow(
      /notebook: the machine must have what the run needs, got model files: .*; GPU memory: .* npm run model:fetch/,
    );
    const rich = additionRequirements(paper, { gpus: [gpu(79)], runs, env: { HF_HUB_CACHE: cached() } });
    expect(rowOf(rich, 'model files')).toMatchObject({ ok: true, doThis: '' });
    expect(rowOf(rich, 'GPU memory').ok).toBe(true);
    expect(() =>
      assertRequirements(
        'notebook',
        rich.filter(({ what }) => !what.startsWith('disk')),
      ),
    ).not.toThrow();
  });

  it('names the parts of its memory, and is not met by a GPU that has less free', () => {
    const { needed } = rowOf(bare, 'GPU memory');
    expect(needed).toMatch(/^\d+ GB free on one NVIDIA GPU \(base 5\.\d, adapter 5\.\d, optimiser/);
    const bytes = Number(/\d+/.exec(needed)![0]) * 1e9;
    expect(gpuRequirement([gpu(16), gpu(24)], bytes, 'parts')).toMatchObject({
      ok: false,
      found: 'NVIDIA Test: 24 GB free',
    });
    expect(gpuRequirement([gpu(16), gpu(79)], bytes, 'parts')).toMatchObject({ ok: true, doThis: '' });
    expect(gpuRequirement([], bytes, 'parts')).toMatchObject({ ok: false, found: 'no GPU' });
  });

  it('takes less with a smaller rank and more time with more seeds', () => {
    const of = (overrides: AdditionOverrides) =>
      additionRequirements(resolveAdditionConfig('paper', overrides), { gpus: null, runs, env: {} });
    const sizeOf = (rows: Requirement[], what: string) => Number(/\d+/.exec(rowOf(rows, what).needed)![0]);
    const small = of({ rl: { lora: { rank: 16, alpha: 32 } } });
    expect(sizeOf(small, 'GPU memory')).toBeLessThan(sizeOf(bare, 'GPU memory'));
    expect(sizeOf(of({ seeds: [0, 1, 2] }), 'time') / sizeOf(bare, 'time')).toBeCloseTo(3, 1);
  });

  it('tells no time of a large GPU where none is asked for', () => {
    const rows = additionRequirements(resolveAdditionConfig('paper', { device: 'cpu' }), { gpus: null, runs, env: {} });
    expect(rows.map(({ what }) => what)).toEqual(['model files', 'disk for the model', 'disk for runs']);
  });
});

describe('what other presets need', () => {
  it('is the embedded model and a disk, no GPU', () => {
    const rows = additionRequirements(resolveAdditionConfig('tiny'), { gpus: null, runs });
    expect(rows.map(({ what }) => what)).toEqual(['disk for runs']);
    expect(requirementsText(rows)).toMatch(/^ok {7}disk for runs: 0\.2 GB; \d+ GB free$/);
  });

  it('of a model whose sizes nobody knows is said to be unknown, not to be nothing', () => {
    const other = resolveAdditionConfig('paper', { model: 'someone/some-model' });
    const rows = additionRequirements(other, { gpus: [gpu(79)], runs, env: { HF_HUB_CACHE: empty() } });
    expect(rowOf(rows, 'GPU memory')).toMatchObject({ ok: false });
    expect(rowOf(rows, 'GPU memory').needed).toContain('cannot be told');
  });
});
