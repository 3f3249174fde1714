import { createRequire } from 'node:module';
import type { DType, HostTensor, Shape } from '../../graph';
import { tfDType } from './dtypes';

/** The classes of google-protobuf that tfjs-node-gpu ships; only what is called here. */
interface Message {
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
  setList(x: Message): void;
}
interface Protos {
  GraphDef: new () => Message & { addNode(n: Message): void; setVersions(v: Message): void };
  NodeDef: new () => Message & {
    setOp(x: string): void;
    setName(x: string): void;
    setInputList(x: string[]): void;
    getAttrMap(): { set(key: string, value: Message): void };
  };
  AttrValue: {
    new (): AttrValueMessage;
    ListValue: new () => Message & { setSList(x: Uint8Array[]): void };
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
  | { readonly shape: Shape }
  | { readonly tensor: HostTensor };

/** The dtype of a handle to a variable (tensorflow/core/framework/types.proto). */
const DT_RESOURCE = 20;

/** The GraphDef version of TensorFlow 2: newer producers may use newer op semantics. */
const PRODUCER = 1882;

/** Collects nodes and writes them as the bytes of a `saved_model.pb` with the tag `serve`. */
export class GraphDefWriter {
  private readonly protos = createRequire(__filename)('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js') as Protos;
  private readonly graph = new this.protos.GraphDef();
  private readonly constants = new Map<string, string>();
  private count = 0;

  get nodeCount(): number {
    return this.count;
  }

  /** Adds a node and returns its name. Inputs are `name`, `name:1` for later outputs, `^name` for control. */
  node(op: string, name: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>): string {
    const node = new this.protos.NodeDef();
    node.setOp(op);
    node.setName(name);
    node.setInputList([...inputs]);
    const map = node.getAttrMap();
    for (const [key, value] of Object.entries(attributes)) map.set(key, this.attribute(value));
    this.graph.addNode(node);
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

  savedModel(): Uint8Array {
    const { MetaGraphDef, SavedModel, VersionDef } = this.protos;
    const version = new VersionDef();
    version.setProducer(PRODUCER);
    this.graph.setVersions(version);
    const info = new MetaGraphDef.MetaInfoDef();
    info.setTagsList(['serve']);
    const meta = new MetaGraphDef();
    meta.setMetaInfoDef(info);
    meta.setGraphDef(this.graph);
    const model = new SavedModel();
    model.setSavedModelSchemaVersion(1);
    model.addMetaGraphs(meta);
    return model.serializeBinary();
  }

  private attribute(value: Attribute): Message {
    const message = new this.protos.AttrValue();
    if ('dtype' in value) message.setType(tfDType(value.dtype));
    else if ('resource' in value) message.setType(DT_RESOURCE);
    else if ('int' in value) message.setI(value.int);
    else if ('float' in value) message.setF(value.float);
    else if ('bool' in value) message.setB(value.bool);
    else if ('text' in value) message.setS(Buffer.from(value.text, 'utf8'));
    else if ('texts' in value) message.setList(this.texts(value.texts));
    else if ('shape' in value) message.setShape(this.shape(value.shape));
    else message.setTensor(this.tensor(value.tensor));
    return message;
  }

  private texts(texts: readonly string[]): Message {
    const list = new this.protos.AttrValue.ListValue();
    list.setSList(texts.map((text) => Buffer.from(text, 'utf8')));
    return list;
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
