import { randomUUID } from 'node:crypto';
// Not the global function: an interrupt stops the timers that a cell started.
import { setTimeout } from 'node:timers';
import { isDeepStrictEqual } from 'node:util';
import { type Comm, commsAvailable, openComm } from '../comms';
import { type ModelSnapshot, modelClosed, modelOpened } from './open-models';
import { joinBuffers, type SplitState, splitBuffers } from './wire-buffers';

const widgetTarget = 'jupyter.widget';
const protocolVersion = '2.1.0';

/** The front end takes about 1,000 messages a second; a loop that moves a progress bar sends at most one in this time. */
const leastGapMs = 20;

/** What the front end builds for a model: names of its own classes. */
export interface ModelKind {
  readonly module: '@jupyter-widgets/base' | '@jupyter-widgets/controls' | '@jupyter-widgets/output';
  readonly model: string;
  /** Null for models that are never shown themselves. */
  readonly view: string | null;
}

type State = Record<string, unknown>;

export interface ModelOptions {
  /** State that the front end may set, with the test that a value of its must pass. The rest is ours alone. */
  readonly accepts?: Readonly<Record<string, (value: unknown) => boolean>>;
  /** The front end changed these. */
  readonly onChanged?: (names: readonly string[]) => void;
  /** The front end sent a message of the widget's own, such as a click. */
  readonly onCustom?: (content: unknown, buffers: readonly Uint8Array[]) => void;
}

/**
 * One model of the widget protocol: state here, a twin in the front end, and messages that keep the two equal. The twin is made by
 * `open`, when a widget is first shown; until then, and without a front end, the model is only its state.
 */
export class WireModel {
  readonly id = randomUUID().replaceAll('-', '');
  private comm: Comm | null = null;
  private readonly unsent = new Set<string>();
  private sentMs = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | null = null;
  private readonly state: State;

  constructor(
    private readonly kind: ModelKind,
    state: State,
    private readonly options: ModelOptions = {},
  ) {
    const version = kind.module === '@jupyter-widgets/output' ? '1.0.0' : '2.0.0';
    this.state = {
      _model_module: kind.module,
      _model_module_version: version,
      _model_name: kind.model,
      _view_module: kind.module,
      _view_module_version: version,
      _view_name: kind.view,
      ...state,
    };
  }

  get isOpen(): boolean {
    return this.comm !== null;
  }

  get(name: string): unknown {
    return this.state[name];
  }

  /** Changes state; the front end hears of what is different, at most every 20 ms and then of the newest. */
  set(changes: State): void {
    for (const [name, value] of Object.entries(changes)) {
      if (isDeepStrictEqual(this.state[name], value)) continue;
      this.state[name] = value;
      if (this.comm) this.unsent.add(name);
    }
    if (this.unsent.size === 0) return;
    const restMs = this.sentMs + leastGapMs - performance.now();
    if (restMs <= 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), restMs);
  }

  /** Makes the twin in the front end, after the models that this one refers to. */
  open(): void {
    if (this.comm || !commsAvailable()) return;
    for (const model of references(this.state)) model.open();
    const { state, bufferPaths, buffers } = this.encoded(Object.keys(this.state));
    const comm = openComm(
      widgetTarget,
      { state, buffer_paths: bufferPaths },
      { id: this.id, metadata: { version: protocolVersion }, buffers },
    );
    this.comm = comm;
    modelOpened(this);
    comm.onMessage(({ data, buffers: received }) => this.receive(data, received));
    comm.onClose(() => this.forget());
  }

  /** Removes the twin, and with it every place where it is shown. */
  close(): void {
    const { comm } = this;
    this.forget();
    comm?.close();
  }

  /** Sends a message of the widget's own. */
  send(content: unknown, buffers: readonly Uint8Array[] = []): void {
    this.comm?.send({ method: 'custom', content }, { buffers });
  }

  snapshot(): ModelSnapshot {
    const version = String(this.state._model_module_version);
    const encoded = this.encoded(Object.keys(this.state));
    return { modelName: this.kind.model, module: this.kind.module, version, ...encoded };
  }

  private receive(data: Readonly<Record<string, unknown>>, buffers: readonly Uint8Array[]): void {
    if (data.method === 'request_state') this.sendState(Object.keys(this.state));
    else if (data.method === 'custom') this.options.onCustom?.(data.content, buffers);
    else if (data.method === 'update' && data.state !== null && typeof data.state === 'object')
      this.take(joinBuffers(data.state as State, data.buffer_paths, buffers));
  }

  /** State that the front end set: kept and not sent back. What it may not hold is answered with what we hold. */
  private take(state: State): void {
    const { accepts = {}, onChanged } = this.options;
    const changed: string[] = [];
    const refused: string[] = [];
    for (const [name, value] of Object.entries(state)) {
      if (!Object.hasOwn(accepts, name)) continue;
      if (!accepts[name](value)) refused.push(name);
      else {
        this.unsent.delete(name);
        if (!isDeepStrictEqual(this.state[name], value)) changed.push(name);
        this.state[name] = value;
      }
    }
    if (refused.length > 0) this.sendState(refused);
    if (changed.length > 0) onChanged?.(changed);
  }

  private flush(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.unsent.size === 0) return;
    this.sentMs = performance.now();
    const names = [...this.unsent];
    this.unsent.clear();
    this.sendState(names);
  }

  private sendState(names: readonly string[]): void {
    if (!this.comm) return;
    for (const model of references(names.map((name) => this.state[name]))) model.open();
    const { state, bufferPaths, buffers } = this.encoded(names);
    this.comm.send({ method: 'update', state, buffer_paths: bufferPaths }, { buffers });
  }

  private encoded(names: readonly string[]): SplitState {
    return splitBuffers(Object.fromEntries(names.map((name) => [name, withIds(this.state[name])])));
  }

  private forget(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.comm = null;
    this.unsent.clear();
    modelClosed(this.id);
  }
}

/** The models that a state refers to, itself or in lists. */
function references(value: unknown): WireModel[] {
  if (value instanceof WireModel) return [value];
  if (Array.isArray(value)) return value.flatMap(references);
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return [];
  return Object.values(value).flatMap(references);
}

function withIds(value: unknown): unknown {
  if (value instanceof WireModel) return `IPY_MODEL_${value.id}`;
  if (Array.isArray(value)) return value.map(withIds);
  return value;
}
