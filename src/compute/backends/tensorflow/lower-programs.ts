import { ConfigError, ShapeError } from '../../../core';
import {
  constantOperands,
  type Declared,
  describe,
  type Program,
  programSignature,
  variablesWrittenIn,
} from '../../graph';
import type { XlaChoice } from '../types';
import { type Compilation, compilationOf } from './compilation';
import { GraphDefWriter } from './graph-def';
import {
  type LoweredProgram,
  lowerProgram,
  type NodeOrigin,
  nodeName,
  portOf,
  type VariableNodes,
} from './lower-program';

/** The ports through which a variable is set and read from outside a program. */
export interface VariablePorts extends Declared {
  readonly feed: string;
  readonly assigned: string;
  readonly read: string;
}

export interface LoweringOptions {
  /** Whether the kernels will run on a GPU; what is written differs for some ops. */
  readonly gpu: boolean;
  /** Whether the kernel that keeps a packed copy of a constant operand is there. */
  readonly packs: boolean;
  readonly xla: XlaChoice;
}

/** Programs as one TensorFlow graph, ready to be loaded, and the names under which it is fed and fetched. */
export interface LoweredPrograms {
  /** By name, as the next three. */
  readonly programs: ReadonlyMap<string, LoweredProgram>;
  readonly compilations: ReadonlyMap<string, Compilation>;
  readonly variables: ReadonlyMap<string, VariablePorts>;
  /** Variables that each program reads as constants. */
  readonly constantsOf: ReadonlyMap<string, readonly string[]>;
  /** Node → what it was made for. */
  readonly origins: ReadonlyMap<string, NodeOrigin>;
  /** Nodes of the graph, all programs together. */
  readonly nodeCount: number;
  /** The bytes of a `saved_model.pb`. */
  savedModel(): Uint8Array;
}

/**
 * Writes programs, which share variables by name, into one graph. Throws ConfigError where two have one name, ShapeError where they
 * give a variable two shapes or dtypes.
 */
export function lowerPrograms(list: readonly Program[], { gpu, packs, xla }: LoweringOptions): LoweredPrograms {
  const writer = new GraphDefWriter();
  const programs = new Map<string, LoweredProgram>();
  const compilations = new Map<string, Compilation>();
  const variables = new Map<string, VariablePorts>();
  const origins = new Map<string, NodeOrigin>();
  const signatures = list.map(programSignature);
  const inPlace = new Set(
    signatures.flatMap(({ values }) => variablesWrittenIn(values).map(({ attrs }) => attrs.name)),
  );
  const nodes = new Map<string, VariableNodes>();
  for (const declared of sharedVariables(
    list,
    signatures.map((signature) => signature.variables),
  )) {
    const variable = { resource: `v${nodes.size}.${nodeName(declared.name)}`, inPlace: inPlace.has(declared.name) };
    nodes.set(declared.name, variable);
    variables.set(declared.name, declareVariable(writer, declared, variable));
  }
  list.forEach((program, i) => {
    if (programs.has(program.name))
      throw new ConfigError(`createSession: program names must differ, got "${program.name}" twice. Rename one.`);
    const into = { number: i, writer, variables: nodes, gpu, packs, origins };
    const lowered = lowerProgram(program, signatures[i], into);
    programs.set(program.name, lowered);
    compilations.set(program.name, compilationOf(xla, program, signatures[i], lowered, into));
  });
  const constantsOf = new Map(list.map(({ name }, i) => [name, constantOperands(signatures[i].values)]));
  return {
    programs,
    compilations,
    variables,
    constantsOf,
    origins,
    nodeCount: writer.nodeCount,
    savedModel: () => writer.savedModel(),
  };
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
