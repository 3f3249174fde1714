import { ConfigError } from '../../core';

/** Throws ConfigError if a session was disposed; `where` names the call. */
export function mustBeOpen(disposed: boolean, where: string): void {
  if (disposed)
    throw new ConfigError(`Session.${where}: the session must be open, got a disposed one. Create it again.`);
}

/** Throws ConfigError naming the variables that `what` needs and that have no value yet. */
export function mustBeAssigned(what: string, names: readonly string[], isAssigned: (name: string) => boolean): void {
  const unset = names.filter((name) => !isAssigned(name));
  if (unset.length > 0)
    throw new ConfigError(
      `Session: ${what} needs every variable assigned, got ${unset.length} without a value (${unset.slice(0, 3).join(', ')}). Call assign first.`,
    );
}
