import { sha256 } from '../../core';
import { bodyValues } from './loop';
import { topologicalOrder } from './order';
import { type Program, programSignature } from './program';
import { describe, type HostData } from './tensor';
import type { Value } from './value';

const SHOWN_NUMBERS = 8;

/**
 * A program as stable text: one value a line, named by its place in the topological order, with shape, dtype and attributes, the
 * body of a loop indented below it; then its outputs and updates. A constant of more than 8 numbers shows their count and a hash.
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

function lines(values: readonly Value[], names: ReadonlyMap<Value, string>, indent = '  '): string[] {
  return values.flatMap((value) => {
    const parts = [value.op, ...value.inputs.map((input) => names.get(input)), ...attributes(value)];
    const line = `${indent}${names.get(value)} ${describe(value)} = ${parts.join(' ')}`;
    return value.op === 'loop' ? [line, ...bodyLines(value as Value<'loop'>, names, `${indent}  `)] : [line];
  });
}

/** The body of loop %n: its values as %n.0, %n.1, …, the ones from outside under their own names. */
function bodyLines(value: Value<'loop'>, outer: ReadonlyMap<Value, string>, indent: string): string[] {
  const { attrs } = value;
  const names = new Map(attrs.captures.map((from, i) => [from, outer.get(value.inputs[attrs.entries.length + i])!]));
  const inside = bodyValues(attrs);
  inside.forEach((of, i) => {
    names.set(of, `${outer.get(value)}.${i}`);
  });
  return [
    ...lines(inside, names, indent),
    `${indent}while ${names.get(attrs.condition)}`,
    ...attrs.next.map((next, i) => `${indent}next ${attrs.entries[i].attrs.name} = ${names.get(next)}`),
  ];
}

// Shape and dtype stand in front already; a false flag is the default.
function attributes(value: Value): string[] {
  if (value.op === 'loop') {
    const { maxIterations } = (value as Value<'loop'>).attrs;
    return maxIterations === null ? [] : [`maxIterations=${maxIterations}`];
  }
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
