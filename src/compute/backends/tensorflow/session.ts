import { ConfigError, ShapeError } from '../../../core';
import {
  constantOperands,
  type Declared,
  describe,
  type HostTensor,
  type Program,
  programSignature,
  sameShape,
  variablesWrittenIn,
} from '../../graph';
import { mustBeAssigned, mustBeOpen, mustNotBeConstant } from '../session-guards';
import type { CompiledProgram, DeviceTensor, Session, XlaChoice } from '../types';
import type { Addon } from './addon';
import { type Compilation, compilationOf } from './compilation';
import { TensorflowTensor } from './device-tensor';
import { readHandle, uploadHandle } from './dtypes';
import { GraphDefWriter } from './graph-def';
import { loadGraph } from './load-graph';
import {
  type LoweredProgram,
  lowerProgram,
  type NodeOrigin,
  nodeName,
  portOf,
  type VariableNodes,
} from './lower-program';
import { typedError } from './session-error';

/** The ports through which a variable is set and read from outside a program. */
interface VariablePorts extends Declared {
  readonly feed: string;
  readonly assigned: string;
  readonly read: string;
}

/** Programs as one TensorFlow graph, their variables as its resource variables. */
export class TensorflowSession implements Session {
  readonly backend = 'tensorflow';
  private readonly programs = new Map<string, LoweredProgram>();
  private readonly compilations = new Map<string, Compilation>();
  private readonly variables = new Map<string, VariablePorts>();
  private readonly assignedNames = new Set<string>();
  private readonly origins = new Map<string, NodeOrigin>();
  /** Variables that each program reads as constants, and those that have been read so. */
  private readonly constantsOf = new Map<string, readonly string[]>();
  private readonly constants = new Set<string>();
  private readonly model: number;
  private disposed = false;
  private runCount = 0;

  /** Nodes of the graph, all programs together. */
  readonly nodeCount: number;

  constructor(
    private readonly addon: Addon,
    programs: readonly Program[],
    { packs = false, xla = 'off' }: { readonly packs?: boolean; readonly xla?: XlaChoice } = {},
  ) {
    const writer = new GraphDefWriter();
    const gpu = addon.isUsingGpuDevice();
    const signatures = programs.map(programSignature);
    const inPlace = new Set(
      signatures.flatMap(({ values }) => variablesWrittenIn(values).map(({ attrs }) => attrs.name)),
    );
    const nodes = new Map<string, VariableNodes>();
    for (const declared of sharedVariables(
      programs,
      signatures.map((signature) => signature.variables),
    )) {
      const variable = { resource: `v${nodes.size}.${nodeName(declared.name)}`, inPlace: inPlace.has(declared.name) };
      nodes.set(declared.name, variable);
      this.variables.set(declared.name, declareVariable(writer, declared, variable));
    }
    programs.forEach((program, i) => {
      if (this.programs.has(program.name))
        throw new ConfigError(`createSession: program names must differ, got "${program.name}" twice. Rename one.`);
      const into = { number: i, writer, variables: nodes, gpu, packs, origins: this.origins };
      const lowered = lowerProgram(program, signatures[i], into);
      this.programs.set(program.name, lowered);
      this.compilations.set(program.name, compilationOf(xla, program, signatures[i], lowered, into));
    });
    programs.forEach(({ name }, i) => {
      this.constantsOf.set(name, constantOperands(signatures[i].values));
    });
    this.nodeCount = writer.nodeCount;
    this.model = loadGraph(addon, writer.savedModel());
  }

  get runs(): number {
    return this.runCount;
  }

  get compiled(): readonly CompiledProgram[] {
    return [...this.compilations.values()].map(({ state }) => state);
  }

  assign(values: Readonly<Record<string, HostTensor | DeviceTensor>>): void {
    mustBeOpen(this.disposed, 'assign');
    const entries = Object.entries(values).map(([name, value]) => ({ ports: this.variable('assign', name), value }));
    mustNotBeConstant('assign', Object.keys(values), this.constants);
    for (const { ports, value } of entries)
      if (!sameShape(value.shape, ports.shape) || (value instanceof TensorflowTensor && value.dtype !== ports.dtype))
        throw new ShapeError(
          `Session.assign: variable "${ports.name}" is ${describe(ports)}, got ${describe(value)}. Upload it in that shape and dtype.`,
        );
    const owned: number[] = [];
    try {
      const handles = entries.map(({ ports, value }) => {
        if (value instanceof TensorflowTensor) return value.handle;
        const handle = uploadHandle(this.addon, hostOf(value, ports.name), ports.dtype);
        owned.push(handle);
        return handle;
      });
      const outputs = this.execute(
        null,
        handles,
        entries.map(({ ports }) => ports.feed),
        entries.map(({ ports }) => ports.assigned),
      );
      for (const { id } of outputs) this.addon.deleteTensor(id);
    } finally {
      for (const handle of owned) this.addon.deleteTensor(handle);
    }
    for (const { ports } of entries) this.assignedNames.add(ports.name);
  }

  read(names: readonly string[]): Record<string, HostTensor> {
    mustBeOpen(this.disposed, 'read');
    const ports = names.map((name) => this.variable('read', name));
    mustBeAssigned('read', names, (name) => this.assignedNames.has(name));
    return this.fetch(
      ports,
      this.execute(
        null,
        [],
        [],
        ports.map(({ read }) => read),
      ),
    );
  }

  run(program: string, feeds: Readonly<Record<string, HostTensor>>): Record<string, HostTensor> {
    mustBeOpen(this.disposed, 'run');
    const lowered = this.programs.get(program);
    if (!lowered)
      throw new ConfigError(
        `Session.run: no program "${program}", got one of ${[...this.programs.keys()].join(', ')}. Check the name.`,
      );
    checkFeeds(lowered, feeds);
    mustBeAssigned(`run of program "${program}"`, lowered.reads, (name) => this.assignedNames.has(name));
    mustNotBeConstant(`run of program "${program}"`, lowered.updates, this.constants);
    const handles: number[] = [];
    try {
      for (const { name, dtype } of lowered.inputs) handles.push(uploadHandle(this.addon, feeds[name], dtype));
      const feedPorts = lowered.inputs.map(({ port }) => port);
      const outputs = this.compilations.get(program)!.run(lowered, ({ outputs, done }) => {
        const fetched = outputs.map(({ port }) => port);
        return this.execute(program, handles, feedPorts, done === null ? fetched : [...fetched, done]);
      });
      this.runCount += 1;
      for (const name of this.constantsOf.get(program)!) this.constants.add(name);
      for (const name of lowered.updates) this.assignedNames.add(name);
      return this.fetch(lowered.outputs, outputs);
    } finally {
      for (const handle of handles) this.addon.deleteTensor(handle);
    }
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.addon.deleteSavedModel(this.model);
  }

  private execute(
    program: string | null,
    handles: readonly number[],
    feeds: readonly string[],
    fetches: readonly string[],
  ) {
    if (fetches.length === 0) return [];
    try {
      return this.addon.runSavedModel(this.model, handles, feeds.join(','), fetches.join(','));
    } catch (cause) {
      throw typedError(cause as Error, program, this.origins);
    }
  }

  /** Reads fetched outputs into host tensors by name; every handle is deleted, those without a name too. */
  private fetch(ports: readonly Declared[], outputs: readonly { readonly id: number }[]): Record<string, HostTensor> {
    try {
      return Object.fromEntries(
        ports.map(({ name, shape, dtype }, i) => [name, readHandle(this.addon, outputs[i].id, shape, dtype)]),
      );
    } finally {
      for (const { id } of outputs) this.addon.deleteTensor(id);
    }
  }

  private variable(where: string, name: string): VariablePorts {
    const ports = this.variables.get(name);
    if (!ports)
      throw new ConfigError(
        `Session.${where}: no program of this session has a variable "${name}" (it has ${this.variables.size}). Check the name.`,
      );
    return ports;
  }
}

/** The variables of all programs. Throws ShapeError where two programs give one name two shapes or dtypes. */
function sharedVariables(programs: readonly Program[], variables: readonly (readonly Declared[])[]): Declared[] {
  const known = new Map<string, Declared & { readonly program: string }>();
  variables.forEach((list, i) => {
    for (const declared of list) {
      const earlier = known.get(declared.name);
      if (earlier && describe(earlier) !== describe(declared))
        throw new ShapeError(
          `createSession: variable "${declared.name}" must have one shape and dtype, got ${describe(earlier)} (program ` +
            `"${earlier.program}") and ${describe(declared)} (program "${programs[i].name}"). Rename one.`,
        );
      known.set(declared.name, { ...declared, program: programs[i].name });
    }
  });
  return [...known.values()];
}

/**
 * The nodes of a variable. Assigning hands the fed buffer over as it is, so several sessions can hold one upload; a variable
 * that is written in place gets its own copy.
 */
function declareVariable(
  writer: GraphDefWriter,
  declared: Declared,
  { resource, inPlace }: VariableNodes,
): VariablePorts {
  const { name, shape, dtype } = declared;
  const type = { dtype: { dtype } };
  writer.node('VarHandleOp', resource, [], {
    ...type,
    shape: { shape },
    shared_name: { text: resource },
    container: { text: '' },
  });
  const feed = writer.node('Placeholder', `${resource}/feed`, [], { ...type, shape: { shape } });
  const fresh = inPlace ? writer.node('DeepCopy', `${resource}/copy`, [feed], { T: { dtype } }) : feed;
  const assign = writer.node('AssignVariableOp', `${resource}/assign`, [resource, fresh], type);
  const assigned = writer.node('Identity', `${resource}/assigned`, [writer.int(0), `^${assign}`], {
    T: { dtype: 'i32' },
  });
  const read = writer.node('ReadVariableOp', `${resource}/read`, [resource], type);
  return { name, shape, dtype, feed: portOf(feed), assigned: portOf(assigned), read: portOf(read) };
}

function checkFeeds(program: LoweredProgram, feeds: Readonly<Record<string, HostTensor>>): void {
  const known = new Set(program.inputs.map(({ name }) => name));
  const problems = Object.keys(feeds)
    .filter((name) => !known.has(name))
    .map((name) => `"${name}" is no input`);
  for (const input of program.inputs) {
    const fed = feeds[input.name];
    if (fed === undefined) problems.push(`"${input.name}" ${describe(input)} is missing`);
    else if (!sameShape(fed.shape, input.shape) || !convertible(fed, input))
      problems.push(`"${input.name}" must be ${describe(input)}, is ${describe(fed)}`);
  }
  if (problems.length > 0)
    throw new ShapeError(
      `Session.run: program "${program.name}" needs exactly its inputs fed, got: ${problems.join('; ')}. Feed ${[...known].join(', ') || 'nothing'}.`,
    );
}

/** Feeds keep their dtype, but f32 may be given for bf16 and rounds to it. */
function convertible(fed: Declared | HostTensor, input: Declared): boolean {
  return fed.dtype === input.dtype || (fed.dtype === 'f32' && input.dtype === 'bf16');
}

function hostOf(value: HostTensor | DeviceTensor, name: string): HostTensor {
  if ('data' in value) return value;
  throw new ConfigError(
    `Session.assign: variable "${name}" takes a host tensor or one uploaded by this backend, got another backend's. Upload it here.`,
  );
}
