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

/** Throws ConfigError naming a variable that `where` would set although a product has read it as constant. */
export function mustNotBeConstant(where: string, names: readonly string[], constants: ReadonlySet<string>): void {
  const fixed = names.filter((name) => constants.has(name));
  if (fixed.length > 0)
    throw new ConfigError(
      `Session: ${where} must leave constant operands as they are, got ${fixed.length} that a product has read (${fixed.slice(0, 3).join(', ')}). ` +
        'Create another session, or build the product without constantB.',
    );
}
