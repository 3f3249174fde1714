import { ShapeError } from '../../core';
import { node } from './node';
import { topologicalOrder } from './order';
import { fail } from './shape-rules';
import type { LoopAttrs, Value } from './value';

/** The state inside a pass and behind the loop: the entries of S, whatever made them. */
type Same<S> = { readonly [Name in keyof S]: Value };

export interface LoopOptions<S extends Readonly<Record<string, Value>>> {
  /** The state before the first pass. Its shapes and dtypes are kept by every pass. */
  readonly state: S;
  /** bool []: whether there is a further pass. Asked before each one, so a loop may make none. It may not write. */
  readonly condition: (state: Same<S>) => Value;
  /** The state after a pass, each entry in the shape and dtype it had. */
  readonly body: (state: Same<S>) => Same<S>;
  /** The loop ends after this many passes even where the condition still holds. */
  readonly maxIterations?: number;
}

export interface Loop<S extends Readonly<Record<string, Value>>> {
  /** The state after the last pass. */
  readonly state: Same<S>;
  /** i32 []: passes made. */
  readonly iterations: Value<'loop'>;
}

/**
 * Repeats a body while a condition holds, inside one run. `body` and `condition` are called once, over values that stand for the
 * state of a pass. They may use any value from outside; what does not depend on the state is computed once, before the loop.
 * The body may write rows of variables in place (`updateRows`, with an index or rows that depend on the state): each pass sees
 * what the passes before it wrote, and what is written stays in the session. Variables that the loop does not write are read as
 * they are before the run. No gradient passes through a loop.
 * Throws ShapeError, naming the entry, if a pass does not keep the state's names, shapes and dtypes, and if the condition is no bool [].
 */
export function loop<S extends Readonly<Record<string, Value>>>(options: LoopOptions<S>): Loop<S> {
  const names = Object.keys(options.state);
  const initial = names.map((name) => options.state[name]);
  const entries = names.map((name, i) => {
    const { shape, dtype } = initial[i];
    return node('loopEntry', [], { name, shape, dtype });
  });
  const state = Object.fromEntries(names.map((name, i) => [name, entries[i]])) as Same<S>;
  const condition = options.condition(state);
  const after: Readonly<Record<string, Value>> = options.body(state);
  checkNames(names, Object.keys(after));
  const next = names.map((name) => after[name]);
  const captures = capturesOf(entries, [condition, ...next]);
  const maxIterations = options.maxIterations ?? null;
  const iterations = node('loop', [...initial, ...captures], { entries, captures, condition, next, maxIterations });
  if (bodyValues(iterations.attrs, [condition]).some(({ op }) => op === 'updateRows' || op === 'loop'))
    fail(
      'loop',
      'the condition must neither write nor loop',
      'one that does',
      'Do it in the body and test its result.',
    );
  const results = names.map((name) => [name, node('loopResult', [iterations], { name })]);
  return { state: Object.fromEntries(results) as Same<S>, iterations };
}

/** What each pass computes for some roots of a loop (its condition, its next state), each value after its inputs. */
export function bodyValues({ captures, condition, next }: LoopAttrs, roots: readonly Value[] = [condition, ...next]) {
  return topologicalOrder(roots, captures);
}

/** The variables that values write row by row, in the bodies of their loops too. */
export function variablesWrittenIn(values: readonly Value[]): Value<'variable'>[] {
  return values.flatMap((value) => {
    if (value.op === 'updateRows') return [value.inputs[0] as Value<'variable'>];
    return value.op === 'loop' ? variablesWrittenIn(bodyValues((value as Value<'loop'>).attrs)) : [];
  });
}

/** Names of the variables that products take as constant (`matmul` with constantB), in the bodies of loops too. */
export function constantOperands(values: readonly Value[]): string[] {
  return values.flatMap((value) => {
    if (value.op === 'loop') return constantOperands(bodyValues((value as Value<'loop'>).attrs));
    if (value.op !== 'matmul' || !(value as Value<'matmul'>).attrs.constantB) return [];
    return [(value.inputs[1] as Value<'variable'>).attrs.name];
  });
}

/** The values independent of the entries that the roots or anything dependent on the entries use, in topological order. */
function capturesOf(entries: readonly Value[], roots: readonly Value[]): Value[] {
  const order = topologicalOrder(roots);
  const inside = new Set<Value>(entries);
  const used = new Set<Value>(roots);
  for (const value of order) {
    if (value.inputs.some((input) => inside.has(input))) inside.add(value);
    if (inside.has(value)) for (const input of value.inputs) used.add(input);
  }
  return order.filter((value) => used.has(value) && !inside.has(value));
}

function checkNames(expected: readonly string[], got: readonly string[]): void {
  const missing = expected.filter((name) => !got.includes(name)).map((name) => `"${name}" is missing`);
  const unknown = got.filter((name) => !expected.includes(name)).map((name) => `"${name}" is no state`);
  if (missing.length + unknown.length > 0)
    throw new ShapeError(
      `loop: the body must give the state's entries and no others, got ${[...missing, ...unknown].join('; ')}. Give ${expected.join(', ') || 'none'}.`,
    );
}
