import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseComputeDtype, tensorflowBackend } from '../../../src/compute/backends';
import { loadAddon } from '../../../src/compute/backends/tensorflow';
import {
  add,
  barrier,
  type DType,
  gather,
  hostTensor,
  input,
  mul,
  type Program,
  reshape,
  slice,
  sum,
  updateRows,
  variable,
} from '../../../src/compute/graph';
import { ConfigError, DataError, MachineError, ShapeError } from '../../../src/core';

const backend = tensorflowBackend({ device: 'cpu' });
const { addon } = backend;
const f32 = (values: number[], shape: number[] = [values.length]) => hostTensor(values, shape, 'f32');
const program = (name: string, outputs: Program['outputs'], updates: Program['updates'] = []): Program => ({
  name,
  outputs,
  updates,
});
const residentMb = () => process.memoryUsage().rss / 1e6;

describe('a TensorFlow session', () => {
  it('leaves no tensor handle behind over 200 runs, assigns and reads', () => {
    const w = variable('w', [3], 'bf16');
    const y = mul(w, input('x', [3], 'bf16'));
    const session = backend.createSession([program('p', { y, w, total: sum(y) }, [{ variable: w, value: y }])]);
    const before = addon.getNumOfTensors();
    for (let i = 0; i < 200; i++) {
      session.assign({ w: f32([1, 2, 3]) });
      session.run('p', { x: f32([1, 0.5, 2]) });
      session.read(['w']);
    }
    expect(addon.getNumOfTensors()).toBe(before);
    const models = addon.getNumOfSavedModels();
    session.dispose();
    expect(addon.getNumOfSavedModels()).toBe(models - 1);
  });

  it('leaves no folder behind when it is made', () => {
    const before = process.env.TMPDIR;
    const own = mkdtempSync(join(tmpdir(), 'mstlab-test-'));
    process.env.TMPDIR = own;
    try {
      backend.createSession([program('p', { y: add(input('x', [1], 'f32'), 1) })]).dispose();
      expect(readdirSync(own)).toEqual([]);
      process.env.TMPDIR = join(own, 'missing');
      expect(() => backend.createSession([])).toThrow(MachineError);
    } finally {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
      rmSync(own, { recursive: true });
    }
  });

  it('leaves no handle behind when a run fails', () => {
    const session = backend.createSession([
      program('p', { y: gather(variable('w', [3], 'f32'), input('i', [1], 'i32')) }),
    ]);
    session.assign({ w: f32([1, 2, 3]) });
    const before = addon.getNumOfTensors();
    expect(() => session.run('p', { i: hostTensor([7], [1], 'i32') })).toThrow(DataError);
    expect(() => session.run('p', { i: hostTensor([7], [1], 'i32') })).toThrow(/program "p".*not in \[0, 3\).*gather/);
    expect(addon.getNumOfTensors()).toBe(before);
  });

  it('shares one upload between sessions instead of copying it', () => {
    const shape = [64_000_000 / 64, 64];
    const w = variable('w', shape, 'f32');
    const sessions = [1, 2, 3].map(() => backend.createSession([program('p', { y: slice(w, [0, 0], [1, 2]) })]));
    const upload = backend.upload({ shape, dtype: 'f32', data: new Float32Array(64_000_000).fill(3) });
    const before = residentMb();
    for (const session of sessions) session.assign({ w: upload });
    for (const session of sessions) expect([...session.run('p', {}).y.data]).toEqual([3, 3]);
    // The tensor has 256 MB; observed growth over three sessions: under 20 MB.
    expect(residentMb() - before).toBeLessThan(120);
    upload.dispose();
    expect([...sessions[0].run('p', {}).y.data]).toEqual([3, 3]);
    for (const session of sessions) session.dispose();
  });

  it('writes rows of a large variable without copying it', () => {
    const rows = 1_000_000;
    const cache = variable('cache', [rows, 64], 'bf16');
    const written = updateRows(cache, input('at', [2], 'i32'), input('rows', [2, 64], 'bf16'));
    const session = backend.createSession([program('write', { some: slice(written, [0, 0], [8, 64]) })]);
    session.assign({ cache: { shape: [rows, 64], dtype: 'bf16', data: new Uint16Array(rows * 64) } });
    const feeds = { at: hostTensor([1, 3], [2], 'i32'), rows: f32(new Array(128).fill(1), [2, 64]) };
    session.run('write', feeds);
    const [memory, start] = [residentMb(), performance.now()];
    for (let i = 0; i < 50; i++) session.run('write', feeds);
    // 128 MB in the variable: a copy takes over 10 ms, a write in place was observed to take 0.1 to 1 ms.
    expect((performance.now() - start) / 50).toBeLessThan(8);
    expect(residentMb() - memory).toBeLessThan(64);
    session.dispose();
  });

  it('keeps a row write that nothing but a barrier waits for', () => {
    const cache = variable('cache', [3, 2], 'f32');
    const written = updateRows(cache, input('at', [1], 'i32'), input('rows', [1, 2], 'f32'));
    const session = backend.createSession([program('write', { y: barrier(add(input('x', [2], 'f32'), 1), written) })]);
    session.assign({ cache: f32([0, 0, 0, 0, 0, 0], [3, 2]) });
    session.run('write', { at: hostTensor([2], [1], 'i32'), rows: f32([5, 6], [1, 2]), x: f32([1, 2]) });
    expect([...session.read(['cache']).cache.data]).toEqual([0, 0, 0, 0, 5, 6]);
    session.dispose();
  });

  it('never writes rows into a tensor that was uploaded or handed on', () => {
    const cache = variable('cache', [2, 2], 'f32');
    const other = variable('other', [4], 'f32');
    const written = updateRows(cache, input('at', [1], 'i32'), input('rows', [1, 2], 'f32'));
    const session = backend.createSession([
      program('write', {}, [{ variable: other, value: reshape(written, [4]) }]),
      program('look', { other, cache }),
    ]);
    const upload = backend.upload(f32([1, 2, 3, 4], [2, 2]));
    const write = (at: number, value: number) =>
      session.run('write', { at: hostTensor([at], [1], 'i32'), rows: f32([value, value], [1, 2]) });
    session.assign({ cache: upload });
    write(0, 9);
    const first = session.read(['other']).other;
    write(1, 8);
    expect([...first.data]).toEqual([9, 9, 3, 4]);
    session.assign({ cache: upload });
    expect([...session.run('look', {}).cache.data]).toEqual([1, 2, 3, 4]);
    expect([...session.run('look', {}).other.data]).toEqual([9, 9, 8, 8]);
    session.dispose();
  });

  it.each(['f32', 'bf16', 'i32', 'u8', 'bool'] as const)('carries %s in and out without loss', (dtype: DType) => {
    const values = dtype === 'bool' ? [1, 0, 1] : dtype === 'u8' ? [0, 255, 7] : [3, -2, 5];
    const host = hostTensor(values, [3], dtype);
    const v = variable('v', [3], dtype);
    const x = input('x', [3], dtype);
    const session = backend.createSession([program('p', { v, x, again: x })]);
    session.assign({ v: backend.upload(host) });
    const out = session.run('p', { x: host });
    for (const got of [out.v, out.x, out.again, session.read(['v']).v]) expect(got).toEqual(host);
    session.dispose();
  });

  it('refuses feeds that are not exactly its inputs, all problems in one message', () => {
    const session = backend.createSession([program('p', { y: add(input('a', [2], 'f32'), input('b', [2], 'f32')) })]);
    const run = () => session.run('p', { a: f32([1, 2, 3]), c: f32([1]) });
    expect(run).toThrow(ShapeError);
    expect(run).toThrow(/"c" is no input; "a" must be f32\[2\], is f32\[3\]; "b" f32\[2\] is missing/);
    session.dispose();
  });

  it('refuses to run before its variables are assigned, and names them', () => {
    const session = backend.createSession([program('p', { y: add(variable('w', [2], 'f32'), 1) })]);
    expect(() => session.run('p', {})).toThrow(ConfigError);
    expect(() => session.run('p', {})).toThrow(/1 without a value \(w\)/);
    session.dispose();
    expect(() => session.run('p', {})).toThrow(/disposed/);
  });

  it('refuses one variable in two shapes, naming both programs', () => {
    const programs = [
      program('one', { y: variable('w', [2], 'f32') }),
      program('two', { y: variable('w', [3], 'f32') }),
    ];
    expect(() => backend.createSession(programs)).toThrow(/f32\[2\] \(program "one"\) and f32\[3\] \(program "two"\)/);
  });
});

describe('tensorflowBackend', () => {
  it('refuses a GPU that is not there', () => {
    expect(addon.isUsingGpuDevice()).toBe(false);
    expect(() => tensorflowBackend({ device: 'gpu' })).toThrow(MachineError);
  });

  it('sets its environment defaults and keeps what is set', () => {
    const environment: NodeJS.ProcessEnv = { TF_FORCE_GPU_ALLOW_GROWTH: 'false' };
    loadAddon('cpu', environment);
    expect(environment.TF_FORCE_GPU_ALLOW_GROWTH).toBe('false');
    expect(environment.TF_ENABLE_ONEDNN_OPTS).toBe('1');
  });
});

describe('chooseComputeDtype', () => {
  it('measures both formats and leaves no handle behind', () => {
    const before = addon.getNumOfTensors();
    const choice = chooseComputeDtype(backend);
    expect(choice.f32GflopPerSecond).toBeGreaterThan(0);
    expect(choice.bf16GflopPerSecond).toBeGreaterThan(0);
    expect(choice.dtype).toBe(choice.bf16GflopPerSecond >= 1.2 * choice.f32GflopPerSecond ? 'bf16' : 'f32');
    expect(choice.decidedBy).toBe('measured');
    expect(chooseComputeDtype(backend, 'f32')).toMatchObject({ dtype: 'f32', decidedBy: 'override' });
    expect(addon.getNumOfTensors()).toBe(before);
  });
});
