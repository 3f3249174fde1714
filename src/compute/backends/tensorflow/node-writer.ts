import type { DType, HostTensor, Shape } from '../../graph';
import { tfDType } from './dtypes';

/** The classes of google-protobuf that tfjs-node-gpu ships; only what is called here. */
export interface Message {
  serializeBinary(): Uint8Array;
}
interface AttrValueMessage extends Message {
  setType(x: number): void;
  setI(x: number): void;
  setF(x: number): void;
  setB(x: boolean): void;
  setS(x: Uint8Array): void;
  setShape(x: Message): void;
  setTensor(x: Message): void;
  setFunc(x: Message): void;
  setList(x: Message): void;
}
export interface AttributeMap {
  set(key: string, value: Message): void;
}
export interface Protos {
  GraphDef: new () => Message & {
    addNode(n: Message): void;
    setVersions(v: Message): void;
    setLibrary(l: Message): void;
  };
  NodeDef: new () => Message & {
    setOp(x: string): void;
    setName(x: string): void;
    setInputList(x: string[]): void;
    getAttrMap(): AttributeMap;
  };
  AttrValue: {
    new (): AttrValueMessage;
    ListValue: new () => Message & { setSList(x: Uint8Array[]): void; setTypeList(x: number[]): void };
  };
  Tensor: new () => Message & {
    setDtype(x: number): void;
    setTensorShape(x: Message): void;
    setTensorContent(x: Uint8Array): void;
  };
  TensorShape: {
    new (): Message & { addDim(x: Message): void };
    Dim: new () => Message & { setSize(x: number): void };
  };
  VersionDef: new () => Message & { setProducer(x: number): void };
  MetaGraphDef: {
    new (): Message & { setMetaInfoDef(x: Message): void; setGraphDef(x: Message): void };
    MetaInfoDef: new () => Message & { setTagsList(x: string[]): void };
  };
  FunctionDef: new () => Message & {
    setSignature(x: Message): void;
    addNodeDef(n: Message): void;
    getAttrMap(): AttributeMap;
    getRetMap(): { set(key: string, value: string): void };
  };
  FunctionDefLibrary: new () => Message & { addFunction(x: Message): void };
  OpDef: {
    new (): Message & { setName(x: string): void; addInputArg(x: Message): void; addOutputArg(x: Message): void };
    ArgDef: new () => Message & { setName(x: string): void; setType(x: number): void };
  };
  NameAttrList: new () => Message & { setName(x: string): void };
  SavedModel: new () => Message & { setSavedModelSchemaVersion(x: number): void; addMetaGraphs(x: Message): void };
}

/** One attribute of a node, by the kind of its value. */
export type Attribute =
  | { readonly dtype: DType }
  | { readonly resource: true }
  | { readonly int: number }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly text: string }
  | { readonly texts: readonly string[] }
  | { readonly dtypes: readonly DType[] }
  | { readonly function: string }
  | { readonly shape: Shape }
  | { readonly tensor: HostTensor };

/** The dtype of a handle to a variable (tensorflow/core/framework/types.proto). */
const DT_RESOURCE = 20;

/** Makes nodes with their attributes and constants, for a graph or for a function. */
export abstract class NodeWriter {
  private readonly constants = new Map<string, string>();
  private count = 0;

  constructor(protected readonly protos: Protos) {}

  get nodeCount(): number {
    return this.count;
  }

  /** Takes a node into what is written. */
  protected abstract take(node: Message): void;
  /** How an input `name`, `name:1` or `^name` is written here. */
  protected abstract reference(input: string): string;

  /** Adds a node and returns its name. Inputs are `name`, `name:1` for later outputs, `^name` for control. */
  node(op: string, name: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>): string {
    const node = new this.protos.NodeDef();
    node.setOp(op);
    node.setName(name);
    node.setInputList(inputs.map((input) => this.reference(input)));
    const map = node.getAttrMap();
    for (const [key, value] of Object.entries(attributes)) map.set(key, this.attribute(value));
    this.take(node);
    this.count += 1;
    return name;
  }

  /** A constant; equal small ones (axes, sizes, scalars) are one node. */
  constant(tensor: HostTensor): string {
    const bytes = bytesOf(tensor);
    const key = bytes.length <= 256 ? `${tensor.dtype}[${tensor.shape}]${Buffer.from(bytes).toString('base64')}` : null;
    const known = key === null ? undefined : this.constants.get(key);
    if (known !== undefined) return known;
    const name = this.node('Const', `const/${this.count}`, [], { dtype: { dtype: tensor.dtype }, value: { tensor } });
    if (key !== null) this.constants.set(key, name);
    return name;
  }

  ints(values: readonly number[]): string {
    return this.constant({ shape: [values.length], dtype: 'i32', data: Int32Array.from(values) });
  }

  int(value: number): string {
    return this.constant({ shape: [], dtype: 'i32', data: Int32Array.of(value) });
  }

  protected attribute(value: Attribute): Message {
    const message = new this.protos.AttrValue();
    if ('dtype' in value) message.setType(tfDType(value.dtype));
    else if ('resource' in value) message.setType(DT_RESOURCE);
    else if ('int' in value) message.setI(value.int);
    else if ('float' in value) message.setF(value.float);
    else if ('bool' in value) message.setB(value.bool);
    else if ('text' in value) message.setS(Buffer.from(value.text, 'utf8'));
    else if ('texts' in value) message.setList(this.texts(value.texts));
    else if ('dtypes' in value) message.setList(this.dtypes(value.dtypes));
    else if ('function' in value) message.setFunc(this.functionName(value.function));
    else if ('shape' in value) message.setShape(this.shape(value.shape));
    else message.setTensor(this.tensor(value.tensor));
    return message;
  }

  private texts(texts: readonly string[]): Message {
    const list = new this.protos.AttrValue.ListValue();
    list.setSList(texts.map((text) => Buffer.from(text, 'utf8')));
    return list;
  }

  private dtypes(dtypes: readonly DType[]): Message {
    const list = new this.protos.AttrValue.ListValue();
    list.setTypeList(dtypes.map(tfDType));
    return list;
  }

  private functionName(name: string): Message {
    const message = new this.protos.NameAttrList();
    message.setName(name);
    return message;
  }

  private shape(shape: Shape): Message {
    const message = new this.protos.TensorShape();
    for (const size of shape) {
      const dim = new this.protos.TensorShape.Dim();
      dim.setSize(size);
      message.addDim(dim);
    }
    return message;
  }

  private tensor(tensor: HostTensor): Message {
    const message = new this.protos.Tensor();
    message.setDtype(tfDType(tensor.dtype));
    message.setTensorShape(this.shape(tensor.shape));
    message.setTensorContent(bytesOf(tensor));
    return message;
  }
}

function bytesOf(tensor: HostTensor): Uint8Array {
  const { data } = tensor;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
