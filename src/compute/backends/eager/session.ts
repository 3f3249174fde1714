import type { Tensor } from '@tensorflow/tfjs';
import { ConfigError, InternalError, ShapeError } from '../../../core';
import {
  convertHost,
  type Declared,
  type DType,
  describe,
  fromBf16Array,
  type HostTensor,
  hostTensor,
  type OpName,
  type Program,
  type ProgramSignature,
  programSignature,
  type Shape,
  sameShape,
  toBf16Array,
  type Value,
} from '../../graph';
import { mustBeAssigned, mustBeOpen } from '../session-guards';
import type { DeviceTensor, Session } from '../types';
import { KERNELS, type Kernel, type Tfjs, toTensor } from './kernels';

/** Runs a function with the engine's backend set to the one this backend computes on. */
export type OnEngine = <T>(work: () => T) => T;

/** A tensor of the eager backend: shares its data with every session it is assigned to. */
export class EagerTensor implements DeviceTensor {
  constructor(
    readonly tensor: Tensor,
    readonly dtype: DType,
  ) {}

  get shape(): Shape {
    return this.tensor.shape;
  }

  dispose(): void {
    if (!this.tensor.isDisposed) this.tensor.dispose();
  }
}

/**
 * Runs programs value by value on tfjs: the readable reference of what each op means.
 * Every bf16 result is rounded to the nearest bf16; values are freed after their last reader.
 */
export class EagerSession implements Session {
  readonly backend = 'eager';
  private readonly signatures = new Map<string, ProgramSignature>();
  private readonly programs = new Map<string, Program>();
  private readonly declared = new Map<string, Declared>();
  private readonly variables = new Map<string, EagerTensor>();
  private runCount = 0;
  private opCount = 0;
  private disposed = false;

  constructor(
    private readonly tf: Tfjs,
    private readonly onEngine: OnEngine,
    programs: readonly Program[],
  ) {
    for (const program of programs) {
      if (this.programs.has(program.name))
        throw new ConfigError(
          `createSession: programs must have distinct names, got "${program.name}" twice. Rename one.`,
        );
      const signature = programSignature(program);
      this.programs.set(program.name, program);
      this.signatures.set(program.name, signature);
      for (const variable of signature.variables) this.declare(program.name, variable);
    }
  }

  get runs(): number {
    return this.runCount;
  }

  /** Graph ops executed by this session so far: proof that the eager path ran. */
  get opsRun(): number {
    return this.opCount;
  }

  assign(values: Readonly<Record<string, HostTensor | DeviceTensor>>): void {
    mustBeOpen(this.disposed, 'assign');
    const entries = Object.entries(values).map(([name, value]) => ({
      declared: this.declaredAs('assign', name),
      value,
    }));
    for (const { declared, value } of entries)
      if (!sameShape(value.shape, declared.shape) || (value instanceof EagerTensor && value.dtype !== declared.dtype))
        throw new ShapeError(
          `Session.assign: variable "${declared.name}" must be ${describe(declared)}, got ${describe(value)}. Upload it in that shape and dtype.`,
        );
    this.onEngine(() => {
      for (const { declared, value } of entries) {
        const { name, dtype } = declared;
        const shared =
          'data' in value ? toTensor(this.tf, convertHost(value, dtype)) : asEager(value, name).tensor.clone();
        this.store(name, shared, dtype);
      }
    });
  }

  read(names: readonly string[]): Record<string, HostTensor> {
    mustBeOpen(this.disposed, 'read');
    for (const name of names) this.declaredAs('read', name);
    mustBeAssigned('read', names, (name) => this.variables.has(name));
    return this.onEngine(() => Object.fromEntries(names.map((name) => [name, toHost(this.variables.get(name)!)])));
  }

  run(name: string, feeds: Readonly<Record<string, HostTensor>>): Record<string, HostTensor> {
    mustBeOpen(this.disposed, 'run');
    const [program, signature] = [this.programs.get(name), this.signatures.get(name)];
    if (!program || !signature)
      throw new ConfigError(
        `Session.run: the program must be one of ${[...this.programs.keys()].join(', ')}, got "${name}". Check the name.`,
      );
    checkFeeds(name, signature.inputs, feeds);
    mustBeAssigned(`run of program "${name}"`, variablesRead(signature.values), (name) => this.variables.has(name));
    return this.onEngine(() => {
      const results = this.evaluate(program, signature, feeds);
      this.runCount += 1;
      return results;
    });
  }

  dispose(): void {
    for (const tensor of this.variables.values()) tensor.dispose();
    this.variables.clear();
    this.disposed = true;
  }

  private evaluate(
    program: Program,
    { values }: ProgramSignature,
    feeds: Readonly<Record<string, HostTensor>>,
  ): Record<string, HostTensor> {
    const readers = countReaders(program, values);
    const live = new Map<Value, Tensor>();
    const release = (value: Value) => {
      readers.set(value, readers.get(value)! - 1);
      if (readers.get(value) === 0) {
        live.get(value)!.dispose();
        live.delete(value);
      }
    };
    try {
      for (const value of values) {
        const inputs = value.inputs.map((input) => live.get(input)!);
        live.set(value, this.compute(value, inputs, feeds));
        this.opCount += 1;
        value.inputs.forEach(release);
      }
      const results = Object.entries(program.outputs).map(([name, value]): [string, HostTensor] => {
        const host = toHost(new EagerTensor(live.get(value)!, value.dtype));
        return [name, host];
      });
      for (const { variable, value } of program.updates)
        this.store((variable as Value<'variable'>).attrs.name, live.get(value)!.clone(), value.dtype);
      return Object.fromEntries(results);
    } finally {
      for (const tensor of live.values()) tensor.dispose();
    }
  }

  private compute(value: Value, inputs: readonly Tensor[], feeds: Readonly<Record<string, HostTensor>>): Tensor {
    const { tf } = this;
    if (value.op === 'input') {
      const { name, dtype } = (value as Value<'input'>).attrs;
      return toTensor(tf, convertHost(feeds[name], dtype));
    }
    if (value.op === 'variable') return this.variables.get((value as Value<'variable'>).attrs.name)!.tensor.clone();
    if (value.op === 'updateRows') return this.updateRows(value, inputs);
    const kernel = KERNELS[value.op as keyof typeof KERNELS] as Kernel<OpName>;
    const result = tf.tidy(() => kernel({ tf, value, attrs: value.attrs, inputs }));
    if (!sameShape(result.shape, value.shape))
      throw new InternalError(`eager ${value.op}: the kernel must give ${describe(value)}, got [${result.shape}].`);
    return value.dtype === 'bf16' ? rounded(tf, result) : result;
  }

  private updateRows(value: Value, [before, index, rows]: readonly Tensor[]): Tensor {
    const { name } = (value.inputs[0] as Value<'variable'>).attrs;
    const outside = (index.dataSync() as Int32Array).find((row) => row < 0 || row >= value.shape[0]);
    if (outside !== undefined)
      throw new ShapeError(
        `updateRows: rows of "${name}" must lie in 0 to ${value.shape[0] - 1}, got ${outside}. Check the index that is fed.`,
      );
    const places = this.tf.reshape(index, [index.size, 1]);
    const after = this.tf.tensorScatterUpdate(before, places, rows);
    places.dispose();
    this.store(name, after.clone(), value.dtype);
    return after;
  }

  private store(name: string, tensor: Tensor, dtype: DType): void {
    this.variables.get(name)?.dispose();
    this.variables.set(name, new EagerTensor(tensor, dtype));
    // The session outlives any tidy that its caller may have opened.
    this.tf.keep(tensor);
  }

  private declaredAs(where: string, name: string): Declared {
    const found = this.declared.get(name);
    if (found) return found;
    throw new ConfigError(
      `Session.${where}: a variable must occur in one of the programs (${[...this.programs.keys()].join(', ')}), got "${name}". Check the name.`,
    );
  }

  private declare(program: string, variable: Declared): void {
    const known = this.declared.get(variable.name);
    if (known && describe(known) !== describe(variable))
      throw new ShapeError(
        `createSession: variable "${variable.name}" must have one shape and dtype, got ${describe(known)} and ${describe(variable)} (program "${program}"). Rename one.`,
      );
    this.declared.set(variable.name, variable);
  }
}

function countReaders(program: Program, values: readonly Value[]): Map<Value, number> {
  const readers = new Map<Value, number>(values.map((value) => [value, 0]));
  const held = [...Object.values(program.outputs), ...program.updates.map((update) => update.value)];
  for (const value of [...values.flatMap((reader) => reader.inputs), ...held])
    readers.set(value, readers.get(value)! + 1);
  return readers;
}

function variablesRead(values: readonly Value[]): string[] {
  return values.filter(({ op }) => op === 'variable').map((value) => (value as Value<'variable'>).attrs.name);
}

function checkFeeds(program: string, inputs: readonly Declared[], feeds: Readonly<Record<string, HostTensor>>): void {
  const known = inputs.map(({ name }) => name);
  const problems = Object.keys(feeds)
    .filter((name) => !known.includes(name))
    .map((name) => `"${name}" is no input`);
  for (const input of inputs) {
    const fed = feeds[input.name];
    if (fed === undefined) problems.push(`"${input.name}" ${describe(input)} is missing`);
    else if (!sameShape(fed.shape, input.shape) || !(fed.dtype === input.dtype || roundsTo(fed, input)))
      problems.push(`"${input.name}" must be ${describe(input)}, is ${describe(fed)}`);
  }
  if (problems.length > 0)
    throw new ShapeError(
      `Session.run: program "${program}" needs exactly its inputs fed, got: ${problems.join('; ')}. Feed ${known.join(', ') || 'nothing'}.`,
    );
}

/** f32 may be fed for bf16; every other dtype must agree. */
function roundsTo(fed: HostTensor, input: Declared): boolean {
  return fed.dtype === 'f32' && input.dtype === 'bf16';
}

function asEager(value: DeviceTensor, name: string): EagerTensor {
  if (value instanceof EagerTensor) return value;
  throw new ConfigError(
    `Session.assign: variable "${name}" takes a host tensor or one uploaded by this backend, got another backend's. Upload it here.`,
  );
}

function rounded(tf: Tfjs, tensor: Tensor): Tensor {
  const numbers = fromBf16Array(toBf16Array(Float32Array.from(tensor.dataSync())));
  const out = tf.tensor(numbers, tensor.shape);
  tensor.dispose();
  return out;
}

function toHost({ tensor, dtype, shape }: EagerTensor): HostTensor {
  return hostTensor(tensor.dataSync().slice(), shape, dtype);
}
