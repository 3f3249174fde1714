import { InternalError } from '../../../core';
import { type Program, type ProgramSignature, type Value, variablesWrittenIn } from '../../graph';
import { type LoweredProgram, type LoweringTarget, nodeName, type Port, portOf, programContext } from './lower-program';
import { controlOf } from './lowering-context';

/** The ports of a program whose pure part is one function that XLA must compile. It takes the feeds of the plain program. */
export interface CompiledPorts {
  readonly outputs: readonly Port[];
  readonly done: string | null;
}

/** Why a program is not given to XLA; null where it can be. XLA knows neither writes in place nor this project's loops. */
export function notCompilable(signature: ProgramSignature): string | null {
  const written = variablesWrittenIn(signature.values);
  if (written.length > 0) return `it writes rows of "${written[0].attrs.name}" in place`;
  return signature.values.some(({ op }) => op === 'loop') ? 'it holds a loop' : null;
}

/**
 * Writes a program a second time, as a call of a function with the attribute `_XlaMustCompile`: reads of variables go in as
 * arguments, updates come out as results and are assigned behind the call, so a compilation that fails has changed nothing.
 * Inside it, an index outside its tensor is not an error: XLA clamps it.
 */
export function lowerCompiled(
  program: Program,
  signature: ProgramSignature,
  plain: LoweredProgram,
  into: LoweringTarget,
): CompiledPorts {
  const { writer, variables, origins } = into;
  const prefix = `x${into.number}.${nodeName(program.name)}`;
  const fn = writer.function(`compiled_${into.number}`);
  const given: { readonly node: string; readonly dtype: Value['dtype'] }[] = [];
  const named = (node: string, dtype: Value['dtype']): string => {
    given.push({ node, dtype });
    return fn.argument(dtype);
  };
  const inputs = new Map(plain.inputs.map(({ name, port, dtype }) => [name, named(port, dtype)]));
  const reads = new Map<string, string>();
  const { ctx, lowerAll } = programContext(`f${into.number}`, program.name, {
    writer: fn,
    // Written for any device: the choices that a lowering makes for a CPU are left to XLA.
    gpu: true,
    packs: false,
    origins,
    placeholder: (input) => inputs.get(input.attrs.name)!,
    read({ attrs: { name, dtype } }) {
      const known = reads.get(name);
      if (known !== undefined) return known;
      const node = `${prefix}/read.${reads.size}`;
      writer.node('ReadVariableOp', node, [variables.get(name)!.resource], { dtype: { dtype } });
      reads.set(name, named(node, dtype));
      return reads.get(name)!;
    },
    resource: (variable) => {
      throw new InternalError(`lowerCompiled: "${variable.attrs.name}" must not be written in a function.`);
    },
  });
  lowerAll(signature.values);
  const outputs = Object.entries(program.outputs);
  const results = [...outputs.map(([, value]) => value), ...program.updates.map(({ value }) => value)];
  const mustCompile = { _XlaMustCompile: { bool: true } } as const;
  const name = fn.finish(
    results.map((value) => ({ name: ctx.name(value), dtype: value.dtype })),
    mustCompile,
  );
  const call = writer.node(
    'StatefulPartitionedCall',
    `${prefix}/call`,
    given.map(({ node }) => node),
    {
      Tin: { dtypes: given.map(({ dtype }) => dtype) },
      Tout: { dtypes: results.map(({ dtype }) => dtype) },
      f: { function: name },
      ...mustCompile,
    },
  );
  origins.set(call, { program: program.name, op: 'compiled program', shape: [], dtype: 'f32' });
  const assigned = program.updates.map(({ variable, value }, i) => {
    const of = variables.get((variable as Value<'variable'>).attrs.name)!;
    const type = { dtype: { dtype: value.dtype } };
    const result = `${call}:${outputs.length + i}`;
    const fresh = of.inPlace
      ? writer.node('DeepCopy', `${prefix}/copy.${i}`, [result], { T: { dtype: value.dtype } })
      : result;
    return writer.node('AssignVariableOp', `${prefix}/assign.${i}`, [of.resource, fresh, controlOf(call)], type);
  });
  const done = assigned.length === 0 ? null : `${prefix}/done`;
  if (done !== null)
    writer.node('Identity', done, [writer.int(0), ...assigned.map(controlOf)], { T: { dtype: 'i32' } });
  return {
    outputs: outputs.map(([name, { shape, dtype }], i) => ({ name, shape, dtype, port: `${call}:${i}` })),
    done: done === null ? null : portOf(done),
  };
}
