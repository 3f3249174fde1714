import { SHAPE_RULES, type Typed } from './shape-rules';
import type { OpAttrs, OpName, Value } from './value';

/** Makes a value of the graph; its shape and dtype come from the op's rule, which throws ShapeError. */
export function node<Op extends OpName>(op: Op, inputs: readonly Value[], attrs: OpAttrs[Op]): Value<Op> {
  const rule = SHAPE_RULES[op] as (inputs: readonly Value[], attrs: OpAttrs[Op], op: Op) => Typed;
  const { shape, dtype } = rule(inputs, attrs, op);
  return { op, inputs, attrs, shape: [...shape], dtype };
}

/** The same op and attributes on other inputs; the value itself when the inputs are the same objects. */
export function withInputs<V extends Value>(value: V, inputs: readonly Value[]): V {
  if (inputs.every((input, i) => input === value.inputs[i])) return value;
  return node(value.op, inputs, value.attrs) as V;
}
