import type { SideOutput } from 'tslab/dist/converter';
import type { CommMessage } from '../../host/comm-channel';
import type { MagicInfo } from '../../host/magic';
import type { RichBundle } from '../../host/mime-bundle';

/** What the front asks of the execution process. */
export type ToExecution =
  | {
      readonly type: 'execute';
      readonly cell: number;
      readonly code: string;
      readonly lastExpressionVar: string | null;
      readonly sideOutputs: readonly SideOutput[];
      readonly silent: boolean;
    }
  | { readonly type: 'interrupt' }
  /** From the front end; handled also while a cell awaits. */
  | { readonly type: 'comm'; readonly id: number; readonly message: CommMessage }
  /** The answer to `input`; `text` is null where the front end cannot ask, `why` then says so. */
  | { readonly type: 'input'; readonly id: number; readonly text: string | null; readonly why?: string }
  /** Asks for the values of a completion source that start with `prefix`. */
  | { readonly type: 'complete'; readonly id: number; readonly source: string; readonly prefix: string };

/** An exception as it crosses to the front: `stack` is raw, the front cleans and maps it. */
export interface RawError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly cause: RawError | null;
  /** The call was stopped by an interrupt, so the stack says nothing about the cell. */
  readonly interrupted: boolean;
}

/** What the execution process tells the front. */
export type FromExecution =
  | { readonly type: 'ready' }
  | { readonly type: 'beat' }
  | { readonly type: 'stream'; readonly name: 'stdout' | 'stderr'; readonly text: string }
  | {
      readonly type: 'display';
      readonly bundle: RichBundle;
      readonly displayId: string | null;
      readonly update: boolean;
    }
  | { readonly type: 'clear'; readonly wait: boolean }
  | { readonly type: 'result'; readonly bundle: RichBundle }
  | { readonly type: 'comm'; readonly message: CommMessage }
  /** The comm message of this number was handled: the front may say idle. */
  | { readonly type: 'comm-handled'; readonly id: number }
  /** Ask the person; the answer comes as `input` of the same id. */
  | { readonly type: 'input'; readonly id: number; readonly prompt: string; readonly password: boolean }
  /** What plugins registered, after every change: the magics, and declarations that every cell has. */
  | { readonly type: 'registry'; readonly magics: readonly MagicInfo[]; readonly declarations: string }
  /** A text that must not be shown: the front blanks it out of what it says itself. Comes before anything that could hold it. */
  | { readonly type: 'secret'; readonly text: string }
  | { readonly type: 'completed'; readonly id: number; readonly values: readonly string[] }
  | {
      readonly type: 'done';
      readonly cell: number;
      readonly error: RawError | null;
      /** Names that the cell had defined; the language service keeps their declarations after a failure. */
      readonly exported: readonly string[];
    };

/** What the execution process shows in a cell. */
export type OutputMessage = Extract<FromExecution, { type: 'stream' | 'display' | 'clear' | 'result' }>;

const outputTypes: ReadonlySet<string> = new Set<OutputMessage['type']>(['stream', 'display', 'clear', 'result']);

export function isOutput(message: FromExecution): message is OutputMessage {
  return outputTypes.has(message.type);
}

/** The name under which a cell's code runs, as it shows in raw stacks. */
export function cellFileName(cell: number): string {
  return `mstlab_cell_${cell}.js`;
}

export const cellFramePattern = /mstlab_cell_(\d+)\.js:(\d+):(\d+)/;
