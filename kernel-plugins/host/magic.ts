import type { z } from 'zod';

/**
 * How an option is read from the command line and completed, beside what its schema already says (name, type, choices, default,
 * description). Attach it with `.meta({ ... })`.
 */
export interface OptionMeta {
  /** One letter: `-l` beside `--labels`. */
  readonly short?: string;
  /** `one`: the next word without a dash; `rest`: all that remain, as a list. */
  readonly positional?: 'one' | 'rest';
  /** A source of values registered by a plugin (`labels`, `arms`, `runs`, ...), for completion. */
  readonly complete?: string;
  /** Stands for the value in usage lines, such as NAME. */
  readonly placeholder?: string;
}

/** What a running magic is given. */
export interface MagicCall<Options> {
  readonly options: Options;
  /** The rest of the cell below `%%name`; null for a line magic. */
  readonly body: string | null;
  /** Aborts when the running cell is interrupted. */
  readonly signal: AbortSignal;
  /** Prints text to the cell, on lines of its own. */
  print(text: string): void;
  /** Prints, in small type, the library call that this magic stands for; TypeScript that would run in a cell as it is. */
  standsFor(code: string): void;
  /** Imports the module that the line names; only for magics whose line names one (`%load_ext`). */
  readonly load: (() => Promise<unknown>) | null;
}

/**
 * A command of one line (`%name --option value`) or of a whole cell (`%%name`), declared once: parsing, `-h`, completion and error
 * messages come from `options`. Its value is the cell's result and can be kept: `const rows = %sweep --labels 0,10`.
 */
export interface MagicDefinition<Schema extends z.ZodObject = z.ZodObject> {
  /** Without the percent signs: lower case letters, digits, `_`. */
  readonly name: string;
  /** `either`: with a body as `%%name`, without one as `%name`. */
  readonly kind: 'line' | 'cell' | 'either';
  /** One sentence. */
  readonly summary: string;
  /** A strict object schema; each field described. Option names are the keys in kebab-case (`topP` is `--top-p`). */
  readonly options: Schema;
  /** The TypeScript type of the value as cells see it, such as `import('mstlab/labels').Label`; `any` if left out. */
  readonly returns?: string;
  /** Lines that could be typed. */
  readonly examples?: readonly string[];
  run(call: MagicCall<z.output<Schema>>): unknown | Promise<unknown>;
}

/** A magic of any options, as the host keeps it. */
export type Magic = MagicDefinition;

/** Gives a definition its option types; changes nothing. */
export function defineMagic<Schema extends z.ZodObject>(definition: MagicDefinition<Schema>): Magic {
  return definition as unknown as Magic;
}

/** One option as plain data, for the process that completes. */
export interface OptionInfo {
  /** As typed: `--labels`; for a positional its placeholder. */
  readonly name: string;
  readonly short: string | null;
  readonly positional: 'one' | 'rest' | null;
  /** False for a flag. */
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  /** A source of values to ask the execution process for. */
  readonly complete: string | null;
  readonly description: string;
}

/** A magic as plain data: what completion, inspection and the conversion of cells need without running anything. */
export interface MagicInfo {
  readonly name: string;
  readonly kind: 'line' | 'cell' | 'either';
  readonly summary: string;
  /** The text of `-h`. */
  readonly help: string;
  readonly returns: string | null;
  readonly options: readonly OptionInfo[];
}

/** Names that every cell has without an import. */
export interface Prelude {
  /** TypeScript declarations, such as `declare const lab: import('mstlab/experiments').Workbench;`. */
  readonly declarations: string;
  /** The values behind them; getters are kept. */
  readonly values: object;
}

/** Values for the completion of an option, newest state at each call. */
export interface CompletionSource {
  readonly name: string;
  values(prefix: string): readonly string[] | Promise<readonly string[]>;
}
