import { createRequire } from 'node:module';
import { ConfigError } from '../../../core';
import type { Program } from '../../graph';
import type { XlaChoice } from '../types';
import { lowerPrograms } from './lower-programs';

/** A node as the file has it. */
export interface SavedNode {
  readonly name: string;
  /** TensorFlow's name of the operation. */
  readonly op: string;
  /** `name`, `name:1` for a later output, `^name` for one that is only waited for. */
  readonly inputs: readonly string[];
}

export interface SavedModel {
  /** The contents of `saved_model.pb`. */
  readonly bytes: Uint8Array;
  /** How a program is called: input → the name to feed, output → the name to fetch, what to fetch for its updates to happen. */
  readonly programs: Readonly<
    Record<
      string,
      {
        readonly feeds: Readonly<Record<string, string>>;
        readonly fetches: Readonly<Record<string, string>>;
        readonly done: string | null;
      }
    >
  >;
}

/**
 * The TensorFlow graph that a session of these programs loads, without loading it: to look at, or to keep beside a fault. A session
 * of a backend may pack constant operands as well, which this does not. Throws as `createSession` does.
 */
export function savedModelOf(
  programs: readonly Program[],
  { gpu = false, xla = 'off' }: { readonly gpu?: boolean; readonly xla?: XlaChoice } = {},
): SavedModel {
  const lowered = lowerPrograms(programs, { gpu, packs: false, xla });
  const ports = (list: readonly { readonly name: string; readonly port: string }[]) =>
    Object.fromEntries(list.map(({ name, port }) => [name, port]));
  return {
    bytes: lowered.savedModel(),
    programs: Object.fromEntries(
      [...lowered.programs].map(([name, { inputs, outputs, done }]) => [
        name,
        { feeds: ports(inputs), fetches: ports(outputs), done },
      ]),
    ),
  };
}

interface ReadNode {
  getName(): string;
  getOp(): string;
  getInputList(): string[];
}
interface ReadProtos {
  SavedModel: {
    deserializeBinary(bytes: Uint8Array): {
      getMetaGraphsList(): { getGraphDef(): { getNodeList(): ReadNode[] } | undefined }[];
    };
  };
}

/** The nodes of a `saved_model.pb`, in their order, read by the protobuf classes of tfjs. Throws ConfigError if it holds no graph. */
export function readSavedModel(bytes: Uint8Array): SavedNode[] {
  const protos: ReadProtos = createRequire(__filename)('@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js');
  const wrong = (what: string, cause?: unknown) =>
    new ConfigError(
      `readSavedModel: the bytes must be a saved_model.pb, got ${bytes.length} bytes ${what}. Pass what savedModelOf gives or a file of that name.`,
      { cause },
    );
  let graphs: ReturnType<ReturnType<ReadProtos['SavedModel']['deserializeBinary']>['getMetaGraphsList']>;
  try {
    graphs = protos.SavedModel.deserializeBinary(bytes).getMetaGraphsList();
  } catch (cause) {
    throw wrong('that cannot be parsed', cause);
  }
  const nodes = graphs.flatMap((graph) => graph.getGraphDef()?.getNodeList() ?? []);
  if (nodes.length === 0) throw wrong('without a node');
  return nodes.map((node) => ({ name: node.getName(), op: node.getOp(), inputs: node.getInputList() }));
}
