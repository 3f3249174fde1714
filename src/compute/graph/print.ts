import { sha256 } from '../../core';
import { topologicalOrder } from './order';
import { type Program, programSignature } from './program';
import { describe, type HostData } from './tensor';
import type { Value } from './value';

const SHOWN_NUMBERS = 8;

/**
 * A program as stable text: one value a line, named by its place in the topological order, with shape, dtype and attributes;
 * then its outputs and updates. A constant of more than 8 numbers shows their count and a hash.
 */
export function printProgram(program: Program): string {
  const { values } = programSignature(program);
  const names = nameValues(values);
  const outputs = Object.entries(program.outputs).map(([name, value]) => `  output ${name} = ${names.get(value)}`);
  const updates = program.updates.map(
    ({ variable, value }) => `  update ${(variable as Value<'variable'>).attrs.name} = ${names.get(value)}`,
  );
  return [`program ${program.name}`, ...lines(values, names), ...outputs, ...updates, ''].join('\n');
}

/** Values and all they are computed from, one a line, as printProgram writes them. */
export function printValues(roots: readonly Value[]): string {
  const values = topologicalOrder(roots);
  return [...lines(values, nameValues(values)), ''].join('\n');
}

function nameValues(values: readonly Value[]): Map<Value, string> {
  return new Map(values.map((value, i) => [value, `%${i}`]));
}

function lines(values: readonly Value[], names: ReadonlyMap<Value, string>): string[] {
  return values.map((value) => {
    const parts = [value.op, ...value.inputs.map((input) => names.get(input)), ...attributes(value)];
    return `  ${names.get(value)} ${describe(value)} = ${parts.join(' ')}`;
  });
}

// Shape and dtype stand in front already; a false flag is the default.
function attributes(value: Value): string[] {
  return Object.entries(value.attrs)
    .filter(([key, item]) => key !== 'shape' && key !== 'dtype' && typeof item !== 'function' && item !== false)
    .map(([key, item]) => {
      if (item === true) return key;
      if (ArrayBuffer.isView(item)) return `${key}=${numbers(item as HostData)}`;
      return `${key}=${typeof item === 'number' ? item : JSON.stringify(item)}`;
    });
}

function numbers(data: HostData): string {
  if (data.length <= SHOWN_NUMBERS) return `[${data.join(',')}]`;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return `${data.length} numbers sha256:${sha256(bytes).slice(0, 12)}`;
}
