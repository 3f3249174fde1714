import type { DType, OpName, Value } from '../../graph';
import type { Attribute, GraphDefWriter } from './graph-def';

/** What a lowering may use: node names of the inputs, the writer, and the program's own naming. */
export interface LoweringContext {
  readonly writer: Pick<GraphDefWriter, 'constant' | 'ints' | 'int'>;
  /** True where kernels run on a GPU. */
  readonly gpu: boolean;
  /** True where the kernel that keeps a packed copy of a constant operand is there. */
  readonly packs: boolean;
  /** The name of a value's node, lowered before. */
  name(value: Value): string;
  /** Adds a node whose name tells the program and the value's op, or has the label given; returns its output. */
  add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    of: Value,
    label?: string,
  ): string;
  /** A fresh name for a node of a value, for nodes that others refer to before they are added. */
  label(of: Value): string;
  /** The first output of a node that several values share, made once per program and set of input names. */
  shared(op: string, of: Value, make: () => string, inputs?: readonly string[]): string;
  /** Lowers a value of a loop's body in the context of its passes. */
  lower(value: Value, within: LoweringContext): string;
  /** The program's placeholder of an input. */
  placeholder(input: Value<'input'>): string;
  /** The program's read of a variable. */
  read(variable: Value<'variable'>): string;
  /** The session's resource handle of a variable. */
  resource(variable: Value<'variable'>): string;
}

/** Makes the nodes of one value, whose inputs have theirs, and returns the output that stands for it. */
export type Lowering<Op extends OpName> = (value: Value<Op>, ctx: LoweringContext) => string;

/** The attribute T, which most ops call their dtype. */
export function typed(dtype: DType): { readonly T: Attribute } {
  return { T: { dtype } };
}

/** The control input that waits for the node of an output. */
export function controlOf(output: string): string {
  return `^${output.split(':')[0]}`;
}

/** Ops whose output can be the very buffer of their first input. */
const PASSING = new Set(['reshape', 'slice', 'stopGradient', 'barrier', 'custom', 'concat', 'cast', 'broadcastTo']);

/** True where a value may be a variable's own buffer, which a later in-place write would change under its new owner. */
export function mayAlias(value: Value): boolean {
  let at = value;
  while (PASSING.has(at.op)) at = at.inputs[0];
  return at.op === 'updateRows';
}
