import { ConfigError, ShapeError } from '../../../core';
import { type Declared, describe, type HostTensor, type Program, sameShape } from '../../graph';
import { mustBeAssigned, mustBeOpen, mustNotBeConstant } from '../session-guards';
import type { CompiledProgram, DeviceTensor, Session, XlaChoice } from '../types';
import type { Addon } from './addon';
import { TensorflowTensor } from './device-tensor';
import { readHandle, uploadHandle } from './dtypes';
import { loadGraph } from './load-graph';
import type { LoweredProgram } from './lower-program';
import { type LoweredPrograms, lowerPrograms, type VariablePorts } from './lower-programs';
import { typedError } from './session-error';

/** Programs as one TensorFlow graph, their variables as its resource variables. */
export class TensorflowSession implements Session {
  readonly backend = 'tensorflow';
  private readonly programs: LoweredPrograms['programs'];
  private readonly compilations: LoweredPrograms['compilations'];
  private readonly variables: LoweredPrograms['variables'];
  private readonly origins: LoweredPrograms['origins'];
  private readonly constantsOf: LoweredPrograms['constantsOf'];
  private readonly assignedNames = new Set<string>();
  /** Variables that have been read as constants. */
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
    const lowered = lowerPrograms(programs, { gpu: addon.isUsingGpuDevice(), packs, xla });
    this.programs = lowered.programs;
    this.compilations = lowered.compilations;
    this.variables = lowered.variables;
    this.origins = lowered.origins;
    this.constantsOf = lowered.constantsOf;
    this.nodeCount = lowered.nodeCount;
    this.model = loadGraph(addon, lowered.savedModel());
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
