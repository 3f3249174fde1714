import type { Session } from '../../compute/backends';
import type { Program } from '../../compute/graph';
import {
  ADAPTER_VARIABLE,
  type Adapter,
  type AdapterGraph,
  type AdapterLayout,
  adapterGraph,
  adapterLayout,
  flattenAdapter,
  loraScale,
  mergeProgram,
  unpackProgram,
} from '../adapters';
import type { LoadedModel } from '../families';

/** A session of programs that read the model's weights, with the adapter that is in force. */
export interface ModelSession {
  readonly session: Session;
  /**
   * Puts another adapter, or none, in the place of the one before; no program is built again. False, and nothing changed, where
   * the session was opened for no adapter or for one of a smaller rank or fewer targets.
   */
  setAdapter(adapter: Adapter | null): boolean;
}

/** How a session holds an adapter. */
export type AdapterForm =
  /** Merged, W + s·B·A, into the session's own copy of the adapted weights, which is all that is held twice. */
  | { readonly kind: 'merged'; readonly programs: readonly Program[] }
  /** Beside the weights, which are all shared with the model: the programs are made over its graph. */
  | { readonly kind: 'apart'; readonly programs: (adapter: AdapterGraph | null) => readonly Program[] };

/**
 * A session over the model's weights, which are shared and not copied, and an adapter. A base in 4 bits is unpacked into the
 * session's own weights: every token would have to do it again.
 */
export function openModelSession(model: LoadedModel, adapter: Adapter | null, form: AdapterForm): ModelSession {
  const { config, computeDtype, backend, weights, quantisation } = model;
  const layout = adapter ? adapterLayout(config, adapter.config) : null;
  const merges = layout && form.kind === 'merged';
  const programs = form.kind === 'merged' ? form.programs : form.programs(layout && adapterGraph(layout, computeDtype));
  const unpacks = quantisation === 'nf4';
  const session = backend.createSession([
    ...programs,
    ...(unpacks ? [unpackProgram(config, computeDtype)] : []),
    ...(merges ? [mergeProgram(config, layout, computeDtype)] : []),
  ]);
  const restore = (): void => {
    session.assign(weights);
    if (unpacks) session.run('unpack', {});
  };
  const setAdapter = (next: Adapter | null): boolean => {
    if (!layout) return next === null;
    const flat = next ? fittedAdapter(model, next, layout) : new Float32Array(layout.size);
    if (!flat) return false;
    if (merges) restore();
    if (merges && !next) return true;
    session.assign({ [ADAPTER_VARIABLE]: { shape: [flat.length], dtype: 'f32', data: flat } });
    if (merges) session.run('merge', {});
    return true;
  };
  try {
    restore();
    setAdapter(adapter);
  } catch (error) {
    session.dispose();
    throw error;
  }
  return { session, setAdapter };
}

/**
 * The flat vector of an adapter in another's layout: ranks and targets that it lacks are zeros, and B carries the quotient of the
 * two scales. Null if it has a larger rank or a target that the layout lacks.
 */
function fittedAdapter(model: LoadedModel, adapter: Adapter, layout: AdapterLayout): Float32Array | null {
  const own = adapterLayout(model.config, adapter.config);
  const flat = flattenAdapter(adapter, own);
  const factor = loraScale(adapter.config) / loraScale(layout.config);
  const places = new Map(layout.entries.map((entry) => [entry.key, entry]));
  if (adapter.config.rank > layout.config.rank || own.entries.some(({ key }) => !places.has(key))) return null;
  const fitted = new Float32Array(layout.size);
  for (const { key, part, shape, offset } of own.entries) {
    const place = places.get(key)!;
    const [rows, columns] = shape;
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        fitted[place.offset + row * place.shape[1] + column] =
          flat[offset + row * columns + column] * (part === 'B' ? factor : 1);
  }
  return fitted;
}
