import { ConfigError, type LongCall, RandomStream } from '../../core';
import type { Backend } from '../backends';
import {
  byteSize,
  type Declared,
  describe,
  emptyData,
  fill,
  type HostTensor,
  hostTensor,
  isFloat,
  type Program,
  programSignature,
  sizeOf,
  slice,
  type Value,
  variable,
  withInputs,
} from '../graph';
import { productFlops, productsOf } from './products';
import { fastestRun } from './stopwatch';

/** What an operation is about: products with a weight, products of two batches, and the rest by how they use memory. */
export type OpKind =
  | 'weight products'
  | 'batched products'
  | 'element-wise'
  | 'reductions'
  | 'layout'
  | 'lookups'
  | 'loss';

/** One operation of a program with its shapes, timed alone. */
export interface OpProfile {
  readonly kind: OpKind;
  readonly op: Value['op'];
  /** `matmul f32[1152,576] f32[1536,576] transposeB`. */
  readonly what: string;
  /** How often it stands in the program. */
  readonly count: number;
  /** Of one: the fastest of several runs, that of an empty program subtracted. */
  readonly milliseconds: number;
  /** Of one: of a product 2·m·k·n, else 0. */
  readonly flops: number;
  /** Of one: operands read once and the result written once; of a slice or a lookup only what is taken is read. */
  readonly bytes: number;
}

export interface ProgramProfile {
  /** Dearest first, by count times milliseconds. */
  readonly ops: readonly OpProfile[];
  /** Milliseconds of a run of the whole program. */
  readonly whole: number;
  /** Milliseconds of a run of an empty program: what a call costs. */
  readonly call: number;
  /** Operations that are not timed alone (loops and writes in place), by name with their count. */
  readonly untimed: Readonly<Record<string, number>>;
}

const KINDS: Readonly<
  Record<Exclude<OpKind, 'weight products' | 'batched products' | 'element-wise'>, readonly Value['op'][]>
> = {
  reductions: ['sum', 'mean', 'max', 'argMax', 'softmax', 'rmsNorm', 'topKValues', 'topKIndices'],
  layout: ['transpose', 'slice', 'concat', 'broadcastTo', 'pad'],
  lookups: ['gather', 'unsortedSegmentSum', 'randomUniform'],
  loss: ['crossEntropy', 'crossEntropyGrad'],
};
/** Names for a value that is there already. */
const FREE = new Set<Value['op']>([
  'input',
  'variable',
  'constant',
  'fill',
  'reshape',
  'stopGradient',
  'barrier',
  'custom',
]);
const UNTIMED = new Set<Value['op']>(['loop', 'loopEntry', 'loopResult', 'updateRows']);
/** Operations that come out of one kernel: timed once, under the first. */
const PARTNERS: Partial<Record<Value['op'], Value['op']>> = {
  crossEntropyGrad: 'crossEntropy',
  topKIndices: 'topKValues',
};

/**
 * Times a program whole, and every kind of operation in it alone in the shapes that it has there, on made-up numbers. The times of the
 * operations need not add up to the whole: alone, operands lie in the cache that may not do so in the program; in the program
 * TensorFlow joins some operations and runs independent ones side by side.
 * Memory: each distinct operand once, beside what the program itself needs. Throws ConfigError for a program without
 * operations, AbortedError between two runs.
 */
export async function profileProgram(
  backend: Backend,
  program: Program,
  { signal, onProgress }: LongCall = {},
): Promise<ProgramProfile> {
  const { values, variables, inputs } = programSignature(program);
  const alone = new Map<string, { value: Value; count: number }>();
  const untimed: Record<string, number> = {};
  for (const value of values) {
    if (UNTIMED.has(value.op)) untimed[value.op] = (untimed[value.op] ?? 0) + 1;
    if (UNTIMED.has(value.op) || FREE.has(value.op)) continue;
    const what = spoken(value);
    alone.set(what, { value, count: (alone.get(what)?.count ?? 0) + 1 });
  }
  for (const [what, { value }] of alone) {
    const partner = PARTNERS[value.op];
    if (partner && alone.has(what.replace(value.op, partner))) alone.delete(what);
  }
  if (alone.size === 0)
    throw new ConfigError(
      `profileProgram: program "${program.name}" must compute something, got ${values.length} values that are there already. Give it an operation.`,
    );
  const entries = [...alone.entries()];
  const report = (done: number) =>
    onProgress?.({ what: `profile ${program.name}`, done, total: entries.length + 1, unit: 'operations' });

  report(0);
  const whole = await timedWhole(backend, program, variables, inputs, signal);
  report(1);
  const session = backend.createSession([
    { name: 'empty', outputs: { y: fill(0, [], 'f32') }, updates: [] },
    ...entries.map(([what, { value }]) => singleOp(what, value)),
  ]);
  try {
    session.assign(madeUp(entries.flatMap(([, { value }]) => operandsOf(value))));
    const call = await fastestRun(session, 'empty', { signal });
    const ops: OpProfile[] = [];
    for (const [i, [what, { value, count }]] of entries.entries()) {
      const milliseconds = Math.max(0, (await fastestRun(session, what, { signal })) - call);
      ops.push({
        kind: kindOf(value),
        op: value.op,
        what,
        count,
        milliseconds,
        flops: value.op === 'matmul' ? productFlops(productsOf([asOperands(value)])) : 0,
        bytes: bytesMoved(value),
      });
      report(i + 2);
    }
    ops.sort((a, b) => b.count * b.milliseconds - a.count * a.milliseconds);
    return { ops, whole, call, untimed };
  } finally {
    session.dispose();
  }
}

function bytesMoved(value: Value): number {
  const bytes = ({ shape, dtype }: Value) => byteSize(shape, dtype);
  const [source, ...others] = value.inputs;
  const read = value.op === 'slice' || value.op === 'gather' ? bytes(value) : source === undefined ? 0 : bytes(source);
  return read + others.reduce((sum, input) => sum + bytes(input), 0) + bytes(value);
}

function kindOf(value: Value): OpKind {
  if (value.op === 'matmul') return value.inputs[1].shape.length === 2 ? 'weight products' : 'batched products';
  for (const [kind, ops] of Object.entries(KINDS)) if (ops.includes(value.op)) return kind as OpKind;
  return 'element-wise';
}

/** Told by the result, or, as where a slice begins, without a share in the work. */
const SILENT = new Set(['dtype', 'shape', 'begin', 'size']);
/** What these make is not told by their operands and attributes. */
const SIZED = new Set<Value['op']>(['cast', 'broadcastTo', 'randomUniform', 'unsortedSegmentSum', 'slice']);

/** An operation, its operands and the attributes that decide its work. */
function spoken(value: Value): string {
  const attributes = Object.entries(value.attrs)
    .filter(([key, item]) => !SILENT.has(key) && item !== false && typeof item !== 'function')
    .map(([key, item]) => (item === true ? key : `${key}=${JSON.stringify(item)}`));
  const result = SIZED.has(value.op) ? [`to ${describe(value)}`] : [];
  return [value.op, ...value.inputs.map(describe), ...attributes, ...result].join(' ');
}

/** The variables that stand for a value's inputs: the nth operand of a shape and dtype is one variable for all operations. */
function operandsOf(value: Value): Value<'variable'>[] {
  return value.inputs.map(({ shape, dtype }, at) => variable(`${describe({ shape, dtype })}#${at}`, shape, dtype));
}

function asOperands(value: Value): Value {
  return withInputs(value, operandsOf(value));
}

/** A program of one operation that hands back one number of its result: all of it is computed, and nothing large is copied. */
function singleOp(name: string, value: Value): Program {
  const y = asOperands(value);
  return {
    name,
    outputs: { y: slice(y, new Array(y.shape.length).fill(0), new Array(y.shape.length).fill(1)) },
    updates: [],
  };
}

async function timedWhole(
  backend: Backend,
  program: Program,
  variables: readonly Declared[],
  inputs: readonly Declared[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const session = backend.createSession([program]);
  try {
    session.assign(madeUp(variables));
    return await fastestRun(session, program.name, { feeds: madeUp(inputs), signal });
  } finally {
    session.dispose();
  }
}

/** Small numbers for floats, zeros for indices: a valid place in any table. */
function madeUp(declared: readonly (Declared | Value<'variable'>)[]): Record<string, HostTensor> {
  const random = new RandomStream('profile');
  // Long enough to have no pattern that a cache could know, short enough to be drawn at once.
  const numbers = Float32Array.from({ length: 4099 }, () => 0.02 * random.normal());
  return Object.fromEntries(
    declared.map((each) => {
      const { shape, dtype } = each;
      const name = 'attrs' in each ? each.attrs.name : each.name;
      const size = sizeOf(shape);
      if (!isFloat(dtype)) return [name, { shape, dtype, data: emptyData(dtype, size) }];
      const data = new Float32Array(size);
      for (let i = 0; i < size; i += numbers.length)
        data.set(numbers.subarray(0, Math.min(numbers.length, size - i)), i);
      return [name, hostTensor(data, shape, dtype)];
    }),
  );
}
