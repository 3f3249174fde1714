import type { CommMessage } from '../../../../kernel-plugins/host/comm-channel';
import { installCommTransport, receiveComm } from '../../../../kernel-plugins/host/comms';
import { displaySymbol } from '../../../../kernel-plugins/host/mime-bundle';
import type { Widget } from '../../../../kernel-plugins/host/widgets';

export interface Twin {
  readonly id: string;
  readonly state: Record<string, unknown>;
}

/** Plays the front end's side of the widget protocol: keeps a twin of every model, and can act as its reader does. */
export class FrontEnd {
  readonly sent: CommMessage[] = [];
  readonly twins = new Map<string, Twin>();

  constructor() {
    installCommTransport({ send: (message) => this.take(JSON.parse(JSON.stringify(message)), message) });
  }

  /** The twin of the only open model with this name. */
  twin(modelName: string): Twin {
    const found = [...this.twins.values()].filter(({ state }) => state._model_name === modelName);
    if (found.length !== 1) throw new Error(`one ${modelName} must be open, got ${found.length}`);
    return found[0];
  }

  /** Sets state as a view does, here and in the kernel. */
  async set(twin: Twin, state: Record<string, unknown>): Promise<void> {
    Object.assign(twin.state, state);
    await this.say(twin, { method: 'update', state, buffer_paths: [] });
  }

  async say(twin: Pick<Twin, 'id'>, data: Record<string, unknown>, buffers: Uint8Array[] = []): Promise<void> {
    await receiveComm({ type: 'message', commId: twin.id, data, buffers });
  }

  /** The messages to a twin after its opening. */
  messagesTo(twin: Twin): Record<string, unknown>[] {
    return this.sent.filter(({ type, commId }) => type === 'message' && commId === twin.id).map(({ data }) => data);
  }

  private take(message: CommMessage, raw: CommMessage): void {
    this.sent.push(raw);
    const { type, commId, data } = message;
    if (type === 'open') {
      const state = data.state as Record<string, unknown>;
      for (const reference of JSON.stringify(state).matchAll(/IPY_MODEL_(\w+)/g))
        if (!this.twins.has(reference[1]))
          throw new Error(`${String(state._model_name)} refers to a model not open yet`);
      this.twins.set(commId, { id: commId, state });
    } else if (type === 'close') this.twins.delete(commId);
    else if (data.method === 'update') Object.assign(this.twins.get(commId)!.state, data.state);
  }
}

/** As in a terminal: no way to a front end. */
export function withoutFrontEnd(): void {
  installCommTransport(null as never);
}

/** What a notebook would show: the widget's bundle. */
export async function shown(value: Pick<Widget, typeof displaySymbol>): Promise<Record<string, unknown>> {
  return value[displaySymbol]();
}

/** Longer than the gap between two updates of one model. */
export const nextUpdate = () => new Promise((done) => setTimeout(done, 40));
