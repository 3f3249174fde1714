import type { Tensor } from '@tensorflow/tfjs';
import { ConfigError, InternalError, ShapeError } from '../../../core';
import {
  bodyValues,
  constantOperands,
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
import { mustBeAssigned, mustBeOpen, mustNotBeConstant } from '../session-guards';
import type { CompiledProgram, DeviceTensor, Session } from '../types';
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

type Feeds = Readonly<Record<string, HostTensor>>;

/** Values to compute for some roots: a program's, or those of one pass of a loop with what it is given. */
interface Block {
  readonly values: readonly Value[];
  readonly roots: readonly Value[];
  readonly given: ReadonlyMap<Value, Tensor>;
  readonly feeds: Feeds;
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
  private readonly constants = new Set<string>();
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

  get compiled(): readonly CompiledProgram[] {
    return [...this.programs.keys()].map((program) => ({
      program,
      xla: false,
      reason: 'the eager backend compiles none',
    }));
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
    mustNotBeConstant('assign', Object.keys(values), this.constants);
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

  run(name: string, feeds: Feeds): Record<string, HostTensor> {
    mustBeOpen(this.disposed, 'run');
    const [program, signature] = [this.programs.get(name), this.signatures.get(name)];
    if (!program || !signature)
      throw new ConfigError(
        `Session.run: the program must be one of ${[...this.programs.keys()].join(', ')}, got "${name}". Check the name.`,
      );
    checkFeeds(name, signature.inputs, feeds);
    mustBeAssigned(`run of program "${name}"`, variablesRead(signature.values), (name) => this.variables.has(name));
    const written = program.updates.map(({ variable }) => (variable as Value<'variable'>).attrs.name);
    mustNotBeConstant(`run of program "${name}"`, written, this.constants);
    return this.onEngine(() => {
      const results = this.evaluate(program, signature, feeds);
      this.runCount += 1;
      for (const constant of constantOperands(signature.values)) this.constants.add(constant);
      return results;
    });
  }

  dispose(): void {
    for (const tensor of this.variables.values()) tensor.dispose();
    this.variables.clear();
    this.disposed = true;
  }

  private evaluate(program: Program, { values }: ProgramSignature, feeds: Feeds): Record<string, HostTensor> {
    const roots = [...Object.values(program.outputs), ...program.updates.map((update) => update.value)];
    return this.block({ values, roots, given: new Map(), feeds }, (tensorOf) => {
      const results = Object.entries(program.outputs).map(([name, value]): [string, HostTensor] => {
        const host = toHost(new EagerTensor(tensorOf(value), value.dtype));
        return [name, host];
      });
      for (const { variable, value } of program.updates)
        this.store((variable as Value<'variable'>).attrs.name, tensorOf(value).clone(), value.dtype);
      return Object.fromEntries(results);
    });
  }

  /** Computes values in order, freeing each after its last reader, and hands the roots to `use` before they are freed too. */
  private block<T>({ values, roots, given, feeds }: Block, use: (tensorOf: (value: Value) => Tensor) => T): T {
    const readers = countReaders(values, roots);
    const live = new Map<Value, Tensor>();
    const finals = new Map<Value, readonly Tensor[]>();
    const tensorOf = (value: Value): Tensor => given.get(value) ?? live.get(value)!;
    const release = (value: Value) => {
      const left = (readers.get(value) ?? 0) - 1;
      readers.set(value, left);
      if (left !== 0 || given.has(value)) return;
      live.get(value)!.dispose();
      live.delete(value);
    };
    try {
      for (const value of values) {
        if (given.has(value)) continue;
        const inputs = value.inputs.map(tensorOf);
        live.set(value, this.compute(value, inputs, feeds, finals));
        this.opCount += 1;
        value.inputs.forEach(release);
      }
      return use(tensorOf);
    } finally {
      for (const tensor of [...live.values(), ...[...finals.values()].flat()]) tensor.dispose();
    }
  }

  private compute(
    value: Value,
    inputs: readonly Tensor[],
    feeds: Feeds,
    finals: Map<Value, readonly Tensor[]>,
  ): Tensor {
    const { tf } = this;
    if (value.op === 'input') {
      const { name, dtype } = (value as Value<'input'>).attrs;
      return toTensor(tf, convertHost(feeds[name], dtype));
    }
    if (value.op === 'variable') return this.variables.get((value as Value<'variable'>).attrs.name)!.tensor.clone();
    if (value.op === 'updateRows') return this.updateRows(value, inputs);
    if (value.op === 'loop') {
      const { state, passes } = this.runLoop(value as Value<'loop'>, inputs, feeds);
      finals.set(value, state);
      return tf.scalar(passes, 'int32');
    }
    if (value.op === 'loopResult') {
      const { entries } = (value.inputs[0] as Value<'loop'>).attrs;
      const place = entries.findIndex(({ attrs }) => attrs.name === (value as Value<'loopResult'>).attrs.name);
      return finals.get(value.inputs[0])![place].clone();
    }
    const kernel = KERNELS[value.op as keyof typeof KERNELS] as Kernel<OpName>;
    const result = tf.tidy(() => kernel({ tf, value, attrs: value.attrs, inputs }));
    if (!sameShape(result.shape, value.shape))
      throw new InternalError(`eager ${value.op}: the kernel must give ${describe(value)}, got [${result.shape}].`);
    return value.dtype === 'bf16' ? rounded(tf, result) : result;
  }

  /** Makes the passes of a loop; the tensors of the final state are the caller's to dispose. */
  private runLoop({ attrs }: Value<'loop'>, inputs: readonly Tensor[], feeds: Feeds) {
    const { entries, captures, condition, next } = attrs;
    const known = captures.map((value, i) => [value, inputs[entries.length + i]] as const);
    let state = inputs.slice(0, entries.length).map((tensor) => tensor.clone());
    const pass = <T>(roots: readonly Value[], use: (tensorOf: (value: Value) => Tensor) => T): T => {
      const given = new Map<Value, Tensor>([...known, ...entries.map((entry, i) => [entry, state[i]] as const)]);
      return this.block({ values: bodyValues(attrs, roots), roots, given, feeds }, use);
    };
    const goesOn = () => pass([condition], (tensorOf) => tensorOf(condition).dataSync()[0] !== 0);
    let passes = 0;
    try {
      for (; passes < (attrs.maxIterations ?? Number.POSITIVE_INFINITY) && goesOn(); passes++) {
        const after = pass(next, (tensorOf) => next.map((value) => tensorOf(value).clone()));
        for (const tensor of state) tensor.dispose();
        state = after;
      }
    } catch (error) {
      for (const tensor of state) tensor.dispose();
      throw error;
    }
    return { state, passes };
  }

  /** Writes into the variable as it is now: in a loop the input is what it was before the first pass. */
  private updateRows(value: Value, [, index, rows]: readonly Tensor[]): Tensor {
    const { name } = (value.inputs[0] as Value<'variable'>).attrs;
    const kept = this.variables.get(name)!.tensor;
    const outside = (index.dataSync() as Int32Array).find((row) => row < 0 || row >= value.shape[0]);
    if (outside !== undefined)
      throw new ShapeError(
        `updateRows: rows of "${name}" must lie in 0 to ${value.shape[0] - 1}, got ${outside}. Check the index that is fed.`,
      );
    const places = this.tf.reshape(index, [index.size, 1]);
    // tfjs's tensorScatterUpdate writes into the data it is given, which an upload or a state of a loop may share.
    const before = this.tf.tensor(kept.dataSync().slice(), kept.shape, kept.dtype);
    const after = this.tf.tensorScatterUpdate(before, places, rows);
    before.dispose();
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

function countReaders(values: readonly Value[], roots: readonly Value[]): Map<Value, number> {
  const readers = new Map<Value, number>(values.map((value) => [value, 0]));
  for (const value of [...values.flatMap((reader) => reader.inputs), ...roots])
    readers.set(value, (readers.get(value) ?? 0) + 1);
  return readers;
}

function variablesRead(values: readonly Value[]): string[] {
  return values.filter(({ op }) => op === 'variable').map((value) => (value as Value<'variable'>).attrs.name);
}

function checkFeeds(program: string, inputs: readonly Declared[], feeds: Feeds): void {
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
