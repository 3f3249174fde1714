import { inspect } from 'node:util';
import type { RawError } from './ipc';

const deepestCause = 4;

/** Any thrown value as plain data. Never throws itself, whatever getters the value has. */
export function rawError(thrown: unknown, depth = 0): RawError {
  try {
    if (isErrorLike(thrown)) {
      const { name, message, stack, cause } = thrown;
      return {
        name: String(name || 'Error'),
        message: String(message),
        stack: typeof stack === 'string' ? stack : null,
        cause: cause !== undefined && depth < deepestCause ? rawError(cause, depth + 1) : null,
        interrupted: false,
      };
    }
    return { name: 'Thrown', message: inspect(thrown), stack: null, cause: null, interrupted: false };
  } catch {
    return { name: 'Thrown', message: 'a value that cannot be shown', stack: null, cause: null, interrupted: false };
  }
}

function isErrorLike(value: unknown): value is Error & { cause?: unknown } {
  return (
    value instanceof Error || (typeof value === 'object' && value !== null && 'stack' in value && 'message' in value)
  );
}

export function interruptedError(message: string): RawError {
  return { name: 'Interrupted', message, stack: null, cause: null, interrupted: true };
}

/** The reason that the cell's `signal` carries: what waits on it fails with this, and the cell ends as interrupted. */
export function interruption(): Error {
  const error = new Error('the cell was interrupted');
  error.name = 'Interrupted';
  return error;
}
