import type { DType, OpName, Value } from '../../graph';
import type { Attribute, GraphDefWriter } from './graph-def';

/** What a lowering may use: node names of the inputs, the writer, and the program's own naming. */
export interface LoweringContext {
  readonly writer: GraphDefWriter;
  /** True where kernels run on a GPU. */
  readonly gpu: boolean;
  /** The name of a value's node, lowered before. */
  name(value: Value): string;
  /** Adds a node whose name tells the program and the value's op; returns its output. */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>, of: Value): string;
  /** The first output of a node that several values share, made once per program and set of inputs. */
  shared(op: string, of: Value, make: () => string): string;
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
