import type { Session } from '../../compute/backends';
import type { Program } from '../../compute/graph';
import { ADAPTER_VARIABLE, type Adapter, adapterLayout, flattenAdapter, mergeProgram } from '../adapters';
import type { LoadedModel } from '../families';

/**
 * A session of programs that read the model's weights without an adapter in them. The weights are shared with the model; with
 * an adapter they are merged, W + s·B·A, into the session's own copy of the adapted ones.
 */
export function openModelSession(model: LoadedModel, adapter: Adapter | null, programs: readonly Program[]): Session {
  const { config, computeDtype, backend, weights } = model;
  if (!adapter) return withSession(backend.createSession(programs), (session) => session.assign(weights));
  const layout = adapterLayout(config, adapter.config);
  const session = backend.createSession([...programs, mergeProgram(config, layout, computeDtype)]);
  return withSession(session, () => {
    session.assign(weights);
    session.assign({
      [ADAPTER_VARIABLE]: { shape: [layout.size], dtype: 'f32', data: flattenAdapter(adapter, layout) },
    });
    session.run('merge', {});
  });
}

/** The session after `setUp`; disposed if that throws. */
function withSession(session: Session, setUp: (session: Session) => void): Session {
  try {
    setUp(session);
    return session;
  } catch (error) {
    session.dispose();
    throw error;
  }
}
