import { onTarget } from '../comms';

/** A model as the control channel gives it to a page that was opened again. */
export interface ModelSnapshot {
  readonly modelName: string;
  readonly module: string;
  readonly version: string;
  readonly state: Record<string, unknown>;
  readonly bufferPaths: readonly (readonly (string | number)[])[];
  readonly buffers: readonly Uint8Array[];
}

interface OpenModel {
  readonly id: string;
  snapshot(): ModelSnapshot;
}

/** The process may hold this library twice; a page asks once for the models of both. */
const modelsSymbol = Symbol.for('mstlab.open-widget-models');

function openModels(): Map<string, OpenModel> {
  const holder = globalThis as typeof globalThis & { [modelsSymbol]?: Map<string, OpenModel> };
  holder[modelsSymbol] ??= new Map();
  return holder[modelsSymbol];
}

/** A page that is opened again asks for the state of every open model here. */
const controlTarget = 'jupyter.widget.control';

/** Makes a model known to pages that are opened later. */
export function modelOpened(model: OpenModel): void {
  if (openModels().size === 0) answerControl();
  openModels().set(model.id, model);
}

export function modelClosed(id: string): void {
  openModels().delete(id);
}

function answerControl(): void {
  onTarget(controlTarget, (comm) => {
    comm.onMessage(({ data }) => {
      if (data.method !== 'request_states') return;
      const states: Record<string, unknown> = {};
      const bufferPaths: (readonly (string | number)[])[] = [];
      const buffers: Uint8Array[] = [];
      for (const { id, snapshot } of [...openModels().values()].map((model) => ({
        id: model.id,
        snapshot: model.snapshot(),
      }))) {
        const { modelName, module, version, state } = snapshot;
        states[id] = { model_name: modelName, model_module: module, model_module_version: version, state };
        bufferPaths.push(...snapshot.bufferPaths.map((path) => [id, ...path]));
        buffers.push(...snapshot.buffers);
      }
      comm.send({ method: 'update_states', states, buffer_paths: bufferPaths }, { buffers });
    });
  });
}
