import { InternalError } from '../../../core';
import {
  type Declared,
  type DType,
  type Program,
  type ProgramSignature,
  type Shape,
  type Value,
  variablesWrittenIn,
} from '../../graph';
import type { GraphDefWriter } from './graph-def';
import { lowerValue } from './lowering';
import { controlOf, type LoweringContext, mayAlias } from './lowering-context';
import type { NodeWriter } from './node-writer';

/** A declared input, variable or output and the TensorFlow output that stands for it. */
export interface Port extends Declared {
  /** `name:0`, as the addon wants it. */
  readonly port: string;
}

export interface LoweredProgram {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Fetched to make the updates happen; null where there are none. */
  readonly done: string | null;
  /** Variables it reads, so must find assigned. */
  readonly reads: readonly string[];
  /** Variables that its updates set. */
  readonly updates: readonly string[];
}

/** The session's nodes of a variable. */
export interface VariableNodes {
  readonly resource: string;
  /** Written in place by some program, so never to share its buffer. */
  readonly inPlace: boolean;
}

/** The graph that a program is written into. */
export interface LoweringTarget {
  readonly number: number;
  readonly writer: GraphDefWriter;
  readonly variables: ReadonlyMap<string, VariableNodes>;
  readonly gpu: boolean;
  readonly packs: boolean;
  /** Filled with the origin of each node. */
  readonly origins: Map<string, NodeOrigin>;
}

/**
 * Writes a program's nodes under the prefix `p<number>.<name>/` and records in `origins` which op each node came from.
 * An update waits for every read of its variable in the program; a read hands out the buffer and an update replaces it, so all
 * reads see the values from before the run.
 */
export function lowerProgram(program: Program, signature: ProgramSignature, into: LoweringTarget): LoweredProgram {
  const { writer, variables, gpu, packs, origins } = into;
  const prefix = `p${into.number}.${nodeName(program.name)}`;
  const reads = new Map<string, string>();
  const inputs = new Map<string, string>();
  const { ctx, lowerAll } = programContext(prefix, program.name, {
    writer,
    gpu,
    packs,
    origins,
    placeholder: (input) => inputs.get(input.attrs.name)!,
    read(variable) {
      const { name } = variable.attrs;
      const known =
        reads.get(name) ??
        ctx.add('ReadVariableOp', [ctx.resource(variable)], { dtype: { dtype: variable.dtype } }, variable);
      reads.set(name, known);
      return known;
    },
    resource: (variable) => variables.get(variable.attrs.name)!.resource,
  });

  for (const { name, shape, dtype } of signature.inputs)
    inputs.set(
      name,
      writer.node('Placeholder', `${prefix}/in.${inputs.size}.${nodeName(name)}`, [], {
        dtype: { dtype },
        shape: { shape },
      }),
    );
  lowerAll(signature.values);

  const assigned = program.updates.map(({ variable, value }) => {
    const { name } = (variable as Value<'variable'>).attrs;
    const nodes = variables.get(name)!;
    const fresh =
      nodes.inPlace || mayAlias(value)
        ? ctx.add('DeepCopy', [ctx.name(value)], { T: { dtype: value.dtype } }, variable)
        : ctx.name(value);
    const read = reads.get(name);
    const after = read === undefined ? [] : [controlOf(read)];
    return ctx.add('AssignVariableOp', [nodes.resource, fresh, ...after], { dtype: { dtype: value.dtype } }, variable);
  });

  // TensorFlow does not hand back what it was fed.
  const fed = new Set(inputs.values());
  const fetchable = (value: Value): string => {
    const name = ctx.name(value);
    return fed.has(name) ? ctx.add('Identity', [name], { T: { dtype: value.dtype } }, value) : name;
  };
  const outputs = Object.entries(program.outputs).map(([name, value]) => ({
    name,
    shape: value.shape,
    dtype: value.dtype,
    port: portOf(fetchable(value)),
  }));
  const done = assigned.length === 0 ? null : `${prefix}/done`;
  if (done !== null)
    writer.node('Identity', done, [writer.int(0), ...assigned.map(controlOf)], { T: { dtype: 'i32' } });
  return {
    name: program.name,
    inputs: signature.inputs.map((declared) => ({ ...declared, port: portOf(inputs.get(declared.name)!) })),
    outputs,
    done: done === null ? null : portOf(done),
    reads: readNames(signature.values),
    updates: program.updates.map(({ variable }) => (variable as Value<'variable'>).attrs.name),
  };
}

/** Where values are lowered to: a graph or a function, and how it gets at what comes from outside. */
interface ContextOf extends Pick<LoweringContext, 'gpu' | 'packs' | 'placeholder' | 'read' | 'resource'> {
  readonly writer: NodeWriter;
  readonly origins: Map<string, NodeOrigin>;
}

/** The context in which the values of a program become nodes under a prefix, and the function that makes them. */
export function programContext(prefix: string, program: string, of: ContextOf) {
  const { writer, origins, ...rest } = of;
  const names = new Map<Value, string>();
  const sharedNodes = new Map<string, string>();
  let count = 0;
  const ctx: LoweringContext = {
    ...rest,
    writer,
    name(value) {
      const name = names.get(value);
      if (name === undefined) throw new InternalError(`lowerProgram: ${value.op} is used before it is lowered.`);
      return name;
    },
    label: (of) => `${prefix}/${of.op}.${count++}`,
    lower: lowerValue,
    add(op, nodeInputs, attributes, of, name = ctx.label(of)) {
      origins.set(name, { program, op: of.op, shape: of.shape, dtype: of.dtype });
      return writer.node(op, name, nodeInputs, attributes);
    },
    shared(op, of, make, inputNames = of.inputs.map((input) => ctx.name(input))) {
      const key = `${op}(${inputNames.join(',')})`;
      const known = sharedNodes.get(key) ?? make();
      sharedNodes.set(key, known);
      return known;
    },
  };
  return {
    ctx,
    lowerAll(values: readonly Value[]): void {
      const usedAsHandle = new Set<Value>(variablesWrittenIn(values));
      // A variable that is only written row by row is read by updateRows itself, behind the write on a GPU.
      for (const value of values) if (!usedAsHandle.has(value)) names.set(value, lowerValue(value, ctx));
    },
  };
}

/** Where a node came from, for errors. */
export interface NodeOrigin {
  readonly program: string;
  readonly op: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A name that TensorFlow and the addon's comma-separated lists accept. */
export function nodeName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.-]/g, '_');
}

export function portOf(output: string): string {
  return output.includes(':') ? output : `${output}:0`;
}

function readNames(values: readonly Value[]): string[] {
  return [
    ...new Set(
      values.filter((value) => value.op === 'variable').map((value) => (value as Value<'variable'>).attrs.name),
    ),
  ];
}
