import { InternalError } from '../../../core';
import type { DType } from '../../graph';
import { tfDType } from './dtypes';
import { type Attribute, type Message, NodeWriter, type Protos } from './node-writer';

/**
 * What TensorFlow calls the outputs of each op that a function may hold (tensorflow/core/ops/ops.pbtxt): inside a function an
 * input is written `node:output name:number`.
 */
const OUTPUT_NAMES: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries({
    output:
      'ArgMax BatchMatMulV2 Bitcast BroadcastTo ConcatV2 Const Fill GatherV2 Identity Max Mean PadV2 Reshape SelectV2 Slice StatelessRandomUniform Sum UnsortedSegmentSum',
    y: 'Abs Cast Exp Log LogicalNot Neg Rsqrt Sigmoid Sqrt Square Tanh Transpose',
    z: 'AddV2 BitwiseAnd Equal Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr Maximum Minimum Mul RealDiv RightShift Sub',
    product: 'MatMul',
    softmax: 'Softmax',
    'loss backprop': 'SparseSoftmaxCrossEntropyWithLogits',
    'values indices': 'TopKV2',
  }).flatMap(([names, ops]) => ops.split(' ').map((op) => [op, names.split(' ')] as const)),
);

/** Collects the nodes of a function with tensors as arguments and results. */
export class FunctionWriter extends NodeWriter {
  private readonly body = new this.protos.FunctionDef();
  private readonly signature = new this.protos.OpDef();
  private readonly argumentNames = new Set<string>();
  private readonly ops = new Map<string, string>();

  constructor(
    protos: Protos,
    private readonly name: string,
    private readonly done: (definition: Message) => void,
  ) {
    super(protos);
    this.signature.setName(name);
  }

  override node(op: string, name: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>) {
    this.ops.set(name, op);
    return super.node(op, name, inputs, attributes);
  }

  /** Declares the next argument and returns the name under which nodes use it. */
  argument(dtype: DType): string {
    const name = `argument${this.argumentNames.size}`;
    this.argumentNames.add(name);
    this.signature.addInputArg(this.declared(name, dtype));
    return name;
  }

  /** Ends the function with its results and attributes; returns its name. */
  finish(
    results: readonly { readonly name: string; readonly dtype: DType }[],
    attributes: Readonly<Record<string, Attribute>>,
  ): string {
    results.forEach(({ name, dtype }, i) => {
      this.signature.addOutputArg(this.declared(`result${i}`, dtype));
      this.body.getRetMap().set(`result${i}`, this.reference(name));
    });
    this.body.setSignature(this.signature);
    const map = this.body.getAttrMap();
    for (const [key, value] of Object.entries(attributes)) map.set(key, this.attribute(value));
    this.done(this.body);
    return this.name;
  }

  protected take(node: Message): void {
    this.body.addNodeDef(node);
  }

  protected reference(input: string): string {
    const [name, number = '0'] = input.split(':');
    if (name.startsWith('^') || this.argumentNames.has(name)) return name;
    const op = this.ops.get(name) ?? '';
    const output = OUTPUT_NAMES[op]?.[Number(number)];
    if (output === undefined)
      throw new InternalError(`FunctionWriter: output ${number} of ${op} ("${name}") must have a name. Add the op.`);
    return `${name}:${output}:0`;
  }

  private declared(name: string, dtype: DType): Message {
    const declared = new this.protos.OpDef.ArgDef();
    declared.setName(name);
    declared.setType(tfDType(dtype));
    return declared;
  }
}
