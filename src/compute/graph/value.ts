import type { DType, HostData, Shape } from './tensor';

type None = Readonly<Record<never, never>>;
interface Typed {
  readonly shape: Shape;
  readonly dtype: DType;
}
interface Named extends Typed {
  readonly name: string;
}
interface Reduction {
  /** Ascending, not negative. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** What a `loop` computes, traced once over its entries. */
export interface LoopAttrs {
  /** The state as the body sees it, in the order of the loop's first inputs. */
  readonly entries: readonly Value<'loopEntry'>[];
  /** Values from outside as the body knows them, in the order of the loop's inputs behind the state. */
  readonly captures: readonly Value[];
  /** bool []: whether there is a further pass. */
  readonly condition: Value;
  /** The state after a pass, in the order of the entries. */
  readonly next: readonly Value[];
  readonly maxIterations: number | null;
}

/** Every op of the graph with its attributes. Rule, gradient and lowering tables are total over these keys. */
export interface OpAttrs {
  input: Named;
  variable: Named;
  constant: Typed & { readonly data: HostData };
  fill: Typed & { readonly value: number };

  add: None;
  sub: None;
  mul: None;
  div: None;
  maximum: None;
  minimum: None;
  neg: None;
  exp: None;
  log: None;
  sqrt: None;
  rsqrt: None;
  square: None;
  sigmoid: None;
  tanh: None;
  abs: None;
  cast: { readonly dtype: DType };
  where: None;
  equal: None;
  less: None;
  lessEqual: None;
  greater: None;
  greaterEqual: None;
  logicalAnd: None;
  logicalOr: None;
  logicalNot: None;

  sum: Reduction;
  mean: Reduction;
  max: Reduction;
  argMax: { readonly axis: number };
  topKValues: { readonly k: number };
  topKIndices: { readonly k: number };

  reshape: { readonly shape: Shape };
  transpose: { readonly perm: readonly number[] };
  slice: { readonly begin: readonly number[]; readonly size: readonly number[] };
  concat: { readonly axis: number };
  broadcastTo: { readonly shape: Shape };
  pad: { readonly paddings: readonly (readonly [number, number])[]; readonly value: number };

  matmul: { readonly transposeA: boolean; readonly transposeB: boolean; readonly constantB?: true };
  gather: None;
  unsortedSegmentSum: { readonly segments: number };

  softmax: None;
  silu: None;
  rmsNorm: { readonly eps: number };
  crossEntropy: None;
  crossEntropyGrad: None;

  randomUniform: { readonly shape: Shape };
  stopGradient: None;
  barrier: None;
  custom: { readonly name: string; readonly backward: CustomBackward };
  updateRows: None;

  loop: LoopAttrs;
  loopEntry: Named;
  loopResult: { readonly name: string };
}

export type OpName = keyof OpAttrs;

/** The gradient of each input of a `custom` value given that of its output; null where there is none. */
export type CustomBackward = (grad: Value, output: Value) => readonly (Value | null)[];

/**
 * One value of a graph: immutable, its shape and dtype known when it is made.
 * There is no graph object: a graph is whatever is reachable from the values one asks for.
 */
export interface Value<Op extends OpName = OpName> {
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly attrs: OpAttrs[Op];
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A value or a plain number, which becomes a scalar of the other operand's dtype. */
export type Operand = Value | number;
