import { createRequire } from 'node:module';
import { FunctionWriter } from './function-def';
import { type Message, NodeWriter, type Protos } from './node-writer';

export type { Attribute } from './node-writer';

/** The GraphDef version of TensorFlow 2: newer producers may use newer op semantics. */
const PRODUCER = 1882;

/** Collects the nodes of a graph and the functions they call, and writes them as the bytes of a `saved_model.pb` with the tag `serve`. */
export class GraphDefWriter extends NodeWriter {
  private readonly graph = new this.protos.GraphDef();
  private readonly library = new this.protos.FunctionDefLibrary();

  constructor() {
    super(createRequire(__filename)('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js') as Protos);
  }

  /** A writer for the nodes of a new function, which is in the graph once it is finished. */
  function(name: string): FunctionWriter {
    return new FunctionWriter(this.protos, name, (done) => this.library.addFunction(done));
  }

  savedModel(): Uint8Array {
    const { MetaGraphDef, SavedModel, VersionDef } = this.protos;
    const version = new VersionDef();
    version.setProducer(PRODUCER);
    this.graph.setVersions(version);
    this.graph.setLibrary(this.library);
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

  protected take(node: Message): void {
    this.graph.addNode(node);
  }

  protected reference(input: string): string {
    return input;
  }
}
