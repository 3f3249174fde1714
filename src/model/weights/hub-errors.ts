import { AbortedError, ConfigError, MachineError, type MstlabError } from '../../core';
import { repositoryFolder, SIDE_FILES, SINGLE_WEIGHTS, WEIGHTS_INDEX } from './hub-cache';
import type { HubRef, HubSettings } from './hub-settings';

export const WHERE = 'fetchModel';

/** The error for an answer of the hub that is not the thing asked for. */
export function statusError(status: number, ref: HubRef, { hubUrl, token }: HubSettings): MstlabError {
  const name = ref.revision === 'main' ? ref.id : `${ref.id}@${ref.revision}`;
  if (status === 401 || status === 403) {
    const who = token === null ? 'no token' : 'a token that may not read it';
    return new ConfigError(
      `${WHERE}: the hub must let "${name}" be read, got ${status} with ${who} (from ${hubUrl}). Check the name; if the model is gated, accept its licence at ${hubUrl}/${ref.id} and set HF_TOKEN to a token of that account.`,
    );
  }
  if (status === 404)
    return new ConfigError(
      `${WHERE}: the hub must have "${name}", got 404 (from ${hubUrl}). Check the name and the revision.`,
    );
  return new MachineError(
    `${WHERE}: the hub must answer, got status ${status} for "${name}" (from ${hubUrl}). Try again later; what was fetched is kept.`,
  );
}

/** The error where there is no network (or it is not to be used): what to copy, from where, to where. */
export function offlineError(
  ref: HubRef,
  settings: HubSettings,
  missing: readonly string[] | null,
  cause: unknown,
): MachineError {
  const folder = repositoryFolder(settings.cacheDir, ref.id);
  const reason = settings.offline ? 'HF_HUB_OFFLINE' : networkReason(cause);
  const state = missing === null ? `nothing of it in the cache` : `a cache that lacks ${missing.join(', ')}`;
  const revision = ref.revision === 'main' ? '' : ` --revision ${ref.revision}`;
  const [config, tokenizer, ...optional] = SIDE_FILES;
  return new MachineError(
    `${WHERE}: "${ref.id}" must be in the cache where the hub cannot be reached, got ${reason} for ${settings.hubUrl} and ${state} (${folder}). ` +
      `On a machine with a network run "hf download ${ref.id}${revision} --include '*.json' --include '*.jinja' --include '*.safetensors'" and copy its folder models--${ref.id.replace('/', '--')}, links included, to ${folder}. ` +
      `Or copy the model's files into any folder and give its path as the model: ${config}, ${tokenizer}, ${SINGLE_WEIGHTS} (or ${WEIGHTS_INDEX} with every shard that it names), and of ${optional.join(', ')} those that it has.`,
    { cause },
  );
}

/** An answer that may be another one a moment later (overload, a gateway's fault). */
export class PassingAnswer extends Error {
  constructor(status: number) {
    super(`status ${status}`);
  }
}

export const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** Whether an error says that the other side could not be reached, went away or is busy. */
export function isNetworkError(error: unknown): boolean {
  if (error instanceof PassingAnswer || networkCode(error) !== null) return true;
  return error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message);
}

function networkCode(error: unknown): string | null {
  for (let item = error as { code?: unknown; cause?: unknown } | undefined; item; item = item.cause as typeof item)
    if (typeof item.code === 'string' && /^(E[A-Z]+|UND_ERR_\w+)$/.test(item.code)) return item.code;
  return null;
}

export function networkReason(error: unknown): string {
  return networkCode(error) ?? (error instanceof Error ? error.message : String(error));
}

/** The error for a write that failed; a full disk says so. */
export function writeError(error: unknown, path: string): MstlabError {
  const { code, message } = error as NodeJS.ErrnoException;
  const what = code === 'ENOSPC' || code === 'EDQUOT' ? `a full disk (${code})` : message;
  return new MachineError(
    `${WHERE}: the model's files must be written, got ${what} (${path}). Free some space or name another disk in HF_HUB_CACHE and run again; what was fetched is kept.`,
    { cause: error },
  );
}

export function abortedFetch(signal: AbortSignal | undefined): AbortedError {
  return new AbortedError(`${WHERE}: stopped by request. What was fetched is kept; run again to go on from there.`, {
    cause: signal?.reason,
  });
}
