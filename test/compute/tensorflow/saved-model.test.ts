import { describe, expect, it } from 'vitest';
import { readSavedModel, savedModelOf, tensorflowBackend } from '../../../src/compute/backends';
import { add, input, matmul, type Program, rmsNorm, tanh, variable } from '../../../src/compute/graph';
import { ConfigError } from '../../../src/core';

const x = input('x', [2, 3], 'f32');
const w = variable('w', [3, 4], 'f32');
const y = tanh(matmul(x, w));
const program: Program = { name: 'p', outputs: { y }, updates: [{ variable: w, value: add(w, 1) }] };

describe('the saved model of a program', () => {
  const model = savedModelOf([program]);
  const nodes = readSavedModel(model.bytes);
  const named = (name: string) => nodes.find((node) => node.name === name)!;

  it('holds a node for each operation, joined by names', () => {
    const last = named(model.programs.p.fetches.y.replace(':0', ''));
    expect(last.op).toBe('Tanh');
    const product = named(last.inputs[0]);
    expect(product.op).toBe('MatMul');
    expect(product.inputs.map((name) => named(name).op)).toEqual(['Placeholder', 'ReadVariableOp']);
    expect(`${product.inputs[0]}:0`).toBe(model.programs.p.feeds.x);
  });

  it('lets an update wait for the read of its variable', () => {
    const done = named(model.programs.p.done!.replace(':0', ''));
    const assign = named(done.inputs.find((name) => name.startsWith('^'))!.slice(1));
    expect(assign.op).toBe('AssignVariableOp');
    const waits = assign.inputs.filter((name) => name.startsWith('^')).map((name) => named(name.slice(1)).op);
    expect(waits).toEqual(['ReadVariableOp']);
  });

  it('is the graph that a session loads', async () => {
    const session = (await tensorflowBackend({ device: 'cpu' })).createSession([program]);
    expect(session.nodeCount).toBe(nodes.length);
    session.dispose();
  });

  it('has the same bytes each time', () => {
    expect(savedModelOf([program]).bytes).toEqual(model.bytes);
  });

  it('writes an operation that TensorFlow lacks as several', () => {
    const gain = variable('gain', [3], 'f32');
    const norm = { name: 'norm', outputs: { y: rmsNorm(x, gain, 1e-5) }, updates: [] };
    const ops = readSavedModel(savedModelOf([norm]).bytes).map(({ op }) => op);
    for (const op of ['Square', 'Mean', 'Rsqrt', 'Mul']) expect(ops).toContain(op);
  });

  it('of other bytes is an error that says what was given', () => {
    expect(() => readSavedModel(new Uint8Array([255, 255, 255]))).toThrow(ConfigError);
    expect(() => readSavedModel(new Uint8Array([255, 255, 255]))).toThrow(/3 bytes that cannot be parsed/);
    expect(() => readSavedModel(new Uint8Array())).toThrow(/0 bytes without a node/);
    const cut = model.bytes.slice(0, model.bytes.length / 2);
    expect(() => readSavedModel(cut)).toThrow(/readSavedModel: the bytes must be a saved_model.pb/);
  });
});
