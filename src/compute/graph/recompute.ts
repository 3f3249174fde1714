import { barrier } from './control';
import { withInputs } from './node';
import type { OpName, Value } from './value';

/** What must not run a second time, and what is nothing without it. */
const RUN_ONCE: ReadonlySet<OpName> = new Set<OpName>(['updateRows', 'loop', 'loopResult']);

/** Gives the backward pass forward values that are computed again instead of stored. */
export interface Recomputer {
  /** `value` if it is stored, else its copy, made on first request to run not before `after`. */
  late(value: Value, after: Value): Value;
  /** A hand-written gradient with every forward value it captured replaced by `late` of it. */
  rebase(gradient: Value, after: Value): Value;
}

/**
 * Stored are the values in `keep`, sources (inputs, variables, constants), loops and in-place writes; every other forward value that the
 * backward asks for is copied, once. A copy that has no copied input takes its first stored one behind a barrier on `after`, so
 * an optimiser can neither merge it with the original nor run it before the backward has come that far.
 * Source: Chen et al. 2016, arXiv:1604.06174.
 */
export function recomputer(forward: readonly Value[], keep: readonly Value[]): Recomputer {
  const originals = new Set(forward);
  const kept = new Set(keep);
  const copies = new Map<Value, Value>();
  const made = new Set<Value>();
  const barriers = new Map<Value, Map<Value, Value>>();
  const isStored = (value: Value) => value.inputs.length === 0 || RUN_ONCE.has(value.op) || kept.has(value);

  function behind(value: Value, after: Value): Value {
    const known = barriers.get(value) ?? new Map<Value, Value>();
    const made = known.get(after) ?? barrier(value, after);
    barriers.set(value, known.set(after, made));
    return made;
  }

  function copy(value: Value, after: Value): Value {
    const inputs = value.inputs.map((input) => copies.get(input) ?? input);
    if (inputs.every((input, i) => input === value.inputs[i])) {
      const place = Math.max(
        0,
        inputs.findIndex((input) => kept.has(input)),
      );
      inputs[place] = behind(inputs[place], after);
    }
    return withInputs(value, inputs);
  }

  function late(value: Value, after: Value): Value {
    const stack = isStored(value) || copies.has(value) ? [] : [value];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const missing = top.inputs.filter((input) => !isStored(input) && !copies.has(input));
      if (missing.length > 0) stack.push(...missing);
      else {
        stack.pop();
        if (copies.has(top)) continue;
        const copied = copy(top, after);
        copies.set(top, copied);
        made.add(copied);
      }
    }
    return copies.get(value) ?? value;
  }

  function rebase(gradient: Value, after: Value): Value {
    const done = new Map<Value, Value>([[after, after]]);
    const stack = [gradient];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (done.has(top)) stack.pop();
      else if (made.has(top)) done.set(top, top);
      else if (originals.has(top)) done.set(top, late(top, after));
      else {
        const missing = top.inputs.filter((input) => !done.has(input));
        if (missing.length > 0) stack.push(...missing);
        else
          done.set(
            top,
            withInputs(
              top,
              top.inputs.map((input) => done.get(input)!),
            ),
          );
      }
    }
    return done.get(gradient)!;
  }

  return { late, rebase };
}
