import { DataError, InternalError, MachineError, type MstlabError } from '../../../core';
import { describe } from '../../graph';
import type { NodeOrigin } from './lower-program';

/**
 * An error of TensorFlow as one of ours that names the program and the op: MachineError where memory ran out, DataError where an
 * index that was fed points outside its tensor, else InternalError, because shapes were checked when the graph was made.
 */
export function typedError(
  cause: Error,
  program: string | null,
  origins: ReadonlyMap<string, NodeOrigin>,
): MstlabError {
  const message = cause.message.replace(/^Session fail to run with error: /, '');
  const node = /\{\{node ([^}]+)\}\}/.exec(message)?.[1];
  const origin = node === undefined ? undefined : origins.get(node);
  const where = program === null ? 'Session.assign or read' : `Session.run: program "${program}"`;
  const at = origin ? `op ${origin.op} giving ${describe(origin)}` : 'an op that TensorFlow does not name';
  const first = message.split('\n')[0];
  if (/OOM|out of memory|RESOURCE_EXHAUSTED|failed to allocate/i.test(message))
    return new MachineError(
      `${where}: memory must suffice, got "${first}" (from ${at}). Use a smaller batch or a shorter length.`,
      { cause },
    );
  if (/not in \[|out of (range|bounds)|outside the valid range|Received a label/i.test(message))
    return new DataError(
      `${where}: indices must lie inside their tensor, got "${first}" (from ${at}). Check the ids that are fed.`,
      { cause },
    );
  return new InternalError(`${where}: ${at} failed in TensorFlow: ${first}`, { cause });
}
