import { bodyValues, variablesWrittenIn } from './loop';
import { topologicalOrder } from './order';
import { fail } from './shape-rules';
import { type DType, describe, type Shape, sameShape } from './tensor';
import type { Value } from './value';

/** What one call of a session computes: outputs by name, then variables updated, all from the values before the run. */
export interface Program {
  readonly name: string;
  readonly outputs: Readonly<Record<string, Value>>;
  readonly updates: readonly { readonly variable: Value; readonly value: Value }[];
}

export interface Declared {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What a program needs from outside, and everything it computes in an order that a lowering can follow. */
export interface ProgramSignature {
  /** Sorted by name. */
  readonly inputs: readonly Declared[];
  /** Sorted by name; those that are only written are listed too. */
  readonly variables: readonly Declared[];
  /** Each value after its inputs. */
  readonly values: readonly Value[];
}

/**
 * Checks a program and lists what it needs. Throws ShapeError if one name stands for two shapes, an update does not fit its
 * variable, a variable is updated twice, a variable with updateRows is also read or updated otherwise (in the body of a loop too), or the
 * state of a pass is used outside its loop.
 */
export function programSignature(program: Program): ProgramSignature {
  const where = `program "${program.name}"`;
  const roots = [...Object.values(program.outputs), ...program.updates.map((update) => update.value)];
  const values = topologicalOrder(roots);
  const targets = program.updates.map((update) => update.variable);
  const inputs = new Map<string, Declared>();
  const variables = new Map<string, Declared>();
  for (const value of [...values, ...targets]) {
    if (value.op === 'input') declare(where, inputs, value as Value<'input'>);
    if (value.op === 'variable') declare(where, variables, value as Value<'variable'>);
    if (value.op === 'loopEntry')
      fail(
        where,
        'the state of a pass is used only inside its loop',
        `"${(value as Value<'loopEntry'>).attrs.name}"`,
        'Use the state that loop returns.',
      );
  }
  const written = new Set<string>();
  for (const { variable, value } of program.updates) {
    if (variable.op !== 'variable') fail(where, 'an update must go to a variable', variable.op, 'Pass variable(...).');
    const name = variableName(variable);
    if (value.dtype !== variable.dtype || !sameShape(value.shape, variable.shape))
      fail(where, `the update of "${name}" must be ${describe(variable)}`, describe(value), 'Cast or reshape it.');
    if (written.has(name)) fail(where, 'a variable is updated at most once', `"${name}" twice`, 'Combine the updates.');
    written.add(name);
  }
  checkRowWrites(where, program, values);
  return { inputs: sorted(inputs), variables: sorted(variables), values };
}

function declare(where: string, into: Map<string, Declared>, value: Value<'input'> | Value<'variable'>): void {
  const { name } = value.attrs;
  const known = into.get(name);
  if (known && (known.dtype !== value.dtype || !sameShape(known.shape, value.shape)))
    fail(
      where,
      `the ${value.op} "${name}" must have one shape and dtype`,
      `${describe(known)} and ${describe(value)}`,
      'Rename one.',
    );
  into.set(name, { name, shape: value.shape, dtype: value.dtype });
}

function checkRowWrites(where: string, program: Program, values: readonly Value[]): void {
  const rowWritten = new Set<string>();
  const updated = new Set(program.updates.map(({ variable }) => variableName(variable)));
  for (const name of variablesWrittenIn(values).map(variableName)) {
    if (rowWritten.has(name) || updated.has(name))
      fail(where, 'a variable is written at most once', `"${name}" twice`, 'Combine the writes.');
    rowWritten.add(name);
  }
  const must = 'a variable with updateRows is read only through it';
  const read = (value: Value, by: string) => {
    if (value.op !== 'variable' || !rowWritten.has(variableName(value))) return;
    fail(where, must, `"${variableName(value)}" also read by ${by}`, 'Use the result of updateRows.');
  };
  const readBy = (list: readonly Value[], place: string) => {
    for (const value of list) {
      for (const input of plainInputs(value)) read(input, `${value.op}${place}`);
      if (value.op !== 'loop') continue;
      const { attrs } = value as Value<'loop'>;
      readBy(bodyValues(attrs), ' in a loop');
      read(attrs.condition, 'the condition of a loop');
      for (const [i, next] of attrs.next.entries()) read(next, `the next "${attrs.entries[i].attrs.name}" of a loop`);
    }
  };
  readBy(values, '');
  for (const [name, value] of Object.entries(program.outputs)) read(value, `output "${name}"`);
  for (const { variable, value } of program.updates) read(value, `the update of "${variableName(variable)}"`);
}

/** The inputs that a value reads: not the target of a write, and of a loop only the state, for its body tells what else it reads. */
function plainInputs(value: Value): readonly Value[] {
  if (value.op === 'updateRows') return value.inputs.slice(1);
  return value.op === 'loop' ? value.inputs.slice(0, (value as Value<'loop'>).attrs.entries.length) : value.inputs;
}

function variableName(value: Value): string {
  return (value as Value<'variable'>).attrs.name;
}

function sorted(declared: Map<string, Declared>): Declared[] {
  return [...declared.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
