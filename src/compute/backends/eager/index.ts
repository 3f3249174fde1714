import { createRequire } from 'node:module';
import { convertHost, type HostTensor, type Program } from '../../graph';
import { hostMemory } from '../memory';
import type { Backend } from '../types';
import { type Tfjs, toTensor } from './kernels';
import { EagerSession, EagerTensor } from './session';

export { EagerSession } from './session';

export interface EagerOptions {
  /** A tfjs instance with the backend to compute on set; by default `@tensorflow/tfjs` with its plain JavaScript one. */
  readonly tf?: Tfjs;
}

export interface EagerBackend extends Backend {
  createSession(programs: readonly Program[]): EagerSession;
}

/**
 * The reference backend: each value of a program by one small tfjs function, slow and readable.
 * It needs no native code. bf16 is computed in f32 and rounded after each value.
 */
export function eagerBackend(options: EagerOptions = {}): EagerBackend {
  const tf = options.tf ?? (createRequire(__filename)('@tensorflow/tfjs') as Tfjs);
  const engine = options.tf ? tf.getBackend() : 'cpu';
  quietFirstUse(tf, engine);
  const onEngine = <T>(work: () => T): T => {
    const before = tf.engine().backendName;
    if (before === engine) return work();
    // The cpu factory is synchronous, so the backend is set when the call returns.
    void tf.setBackend(engine);
    try {
      return work();
    } finally {
      if (before) void tf.setBackend(before);
    }
  };
  return {
    name: 'eager',
    device: `tfjs ${engine}`,
    upload(tensor: HostTensor, dtype = tensor.dtype) {
      return onEngine(() => new EagerTensor(tf.keep(toTensor(tf, convertHost(tensor, dtype))), dtype));
    },
    memory: () => hostMemory(),
    createSession: (programs) => new EagerSession(tf, onEngine, programs),
  };
}

/** The cpu backend prints an advertisement at its first op under Node unless told that it had one. */
function quietFirstUse(tf: Tfjs, engine: string): void {
  const backend = tf.findBackend(engine) as { firstUse?: boolean } | null;
  if (backend?.firstUse) backend.firstUse = false;
}
