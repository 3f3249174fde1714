/**
 * The project's error classes. Every message has the form
 * `where: what must hold, got what (from where). What to do.`
 * A fault of the project itself is an `InternalError` and starts with `mstlab bug:`.
 */
export class MstlabError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options as ErrorOptions);
    this.name = new.target.name;
  }
}

/** Two shapes or dtypes that must agree do not. */
export class ShapeError extends MstlabError {}
/** A setting, or several, is outside what is allowed; all problems stand in one message. */
export class ConfigError extends MstlabError {}
/** A row of data breaks a rule of its format. */
export class DataError extends MstlabError {}
/** A file is not what its name says: wrong magic, truncated, a missing tensor. */
export class FileFormatError extends MstlabError {}
/** What the machine lacks: a GPU that was asked for, an addon, memory, disk. */
export class MachineError extends MstlabError {}
/** A number became NaN or infinite where it must be finite. */
export class NumericError extends MstlabError {}

/** A limit on money or tokens was reached; what was paid for before it is kept. */
export class BudgetError extends MstlabError {}

/** The caller's AbortSignal fired; what was finished before it is kept. */
export class AbortedError extends MstlabError {}

/** A fault of ours, never of the caller's input. */
export class InternalError extends MstlabError {
  constructor(message: string, options?: { cause?: unknown }) {
    super(`mstlab bug: ${message}`, options);
  }
}
