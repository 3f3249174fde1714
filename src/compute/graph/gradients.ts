import { ShapeError } from '../../core';
import { checkGradient } from './control';
import { add } from './elementwise';
import { topologicalOrder } from './order';
import { type Recomputer, recomputer } from './recompute';
import { fill } from './sources';
import { describe, isFloat } from './tensor';
import type { Value } from './value';
import { type NoVjp, VJPS, type Vjp } from './vjp';

export interface GradientOptions {
  /**
   * Recompute: the backward stores only these forward values (and inputs, variables, constants) and computes the others again.
   * Good choices are what enters each layer, and the logits. Without it every forward value may be held.
   */
  readonly keep?: readonly Value[];
}

/**
 * Reverse-mode gradients of a scalar loss with respect to values, as values of the same graph, in the order of `wrt`,
 * each in the shape and dtype of what it belongs to. What the loss does not depend on gets zeros.
 * Throws ShapeError if the loss is not a float scalar, a `wrt` is not a float, or a hand-written gradient does not fit its input.
 */
export function gradients(loss: Value, wrt: readonly Value[], options: GradientOptions = {}): Value[] {
  checkRequest(loss, wrt);
  const forward = topologicalOrder([loss]);
  const reached = dependents(forward, wrt);
  const recompute = options.keep && recomputer(forward, options.keep);
  const grads = new Map<Value, Value>([[loss, fill(1, [], loss.dtype)]]);
  for (const value of forward.reverse()) {
    const grad = grads.get(value);
    if (!grad || !reached.has(value) || value.inputs.length === 0) continue;
    inputGradients(value, grad, recompute).forEach((inputGrad, i) => {
      const input = value.inputs[i];
      if (!inputGrad || !reached.has(input)) return;
      checkGradient(nameOf(value), input, inputGrad);
      const sofar = grads.get(input);
      grads.set(input, sofar ? add(sofar, inputGrad) : inputGrad);
    });
  }
  return wrt.map((value) => grads.get(value) ?? fill(0, value.shape, value.dtype));
}

function inputGradients(value: Value, grad: Value, recompute: Recomputer | undefined): readonly (Value | null)[] {
  const row = VJPS[value.op] as Vjp<typeof value.op> | NoVjp;
  if (typeof row !== 'function') {
    if ('none' in row) return [];
    throw new ShapeError(
      `gradients: ${value.op} must not lie between the loss and a wrt (${row.refused}), got ${describe(value)}. Put stopGradient around it.`,
    );
  }
  if (!recompute) return checkedCount(value, row({ grad, inputs: value.inputs, output: value, attrs: value.attrs }));
  const inputs = value.inputs.map((input) => recompute.late(input, grad));
  const output = recompute.late(value, grad);
  const found = checkedCount(value, row({ grad, inputs, output, attrs: value.attrs }));
  return value.op === 'custom' ? found.map((g) => g && recompute.rebase(g, grad)) : found;
}

/** The forward values through which a change of some wrt can reach the loss. */
function dependents(forward: readonly Value[], wrt: readonly Value[]): Set<Value> {
  const reached = new Set<Value>(wrt);
  for (const value of forward) {
    const stops = typeof VJPS[value.op] !== 'function' && 'none' in VJPS[value.op];
    if (!stops && value.inputs.some((input) => reached.has(input))) reached.add(value);
  }
  return reached;
}

function checkedCount(value: Value, found: readonly (Value | null)[]): readonly (Value | null)[] {
  if (found.length === value.inputs.length) return found;
  const hidden = value.op === 'custom' ? 1 : 0;
  throw new ShapeError(
    `${nameOf(value)}: the backward must give one gradient or null for each of ${value.inputs.length - hidden} inputs, got ${found.length - hidden}. Add what is missing.`,
  );
}

function checkRequest(loss: Value, wrt: readonly Value[]): void {
  if (!isFloat(loss.dtype) || loss.shape.length > 0)
    throw new ShapeError(
      `gradients: the loss must be a float scalar, got ${describe(loss)}. Reduce it with sum or mean.`,
    );
  const wrong = wrt.filter((value) => !isFloat(value.dtype));
  if (wrong.length > 0)
    throw new ShapeError(`gradients: wrt must be f32 or bf16, got ${wrong.map(describe).join(', ')}. Leave those out.`);
}

function nameOf(value: Value): string {
  return value.op === 'custom'
    ? `gradient of custom "${(value as Value<'custom'>).attrs.name}"`
    : `gradient of ${value.op}`;
}
