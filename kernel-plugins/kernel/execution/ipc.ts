import type { SideOutput } from 'tslab/dist/converter';
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
  | { readonly type: 'interrupt' };

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
  | {
      readonly type: 'done';
      readonly cell: number;
      readonly error: RawError | null;
      /** Names that the cell had defined; the language service keeps their declarations after a failure. */
      readonly exported: readonly string[];
    };

/** The name under which a cell's code runs, as it shows in raw stacks. */
export function cellFileName(cell: number): string {
  return `mstlab_cell_${cell}.js`;
}

export const cellFramePattern = /mstlab_cell_(\d+)\.js:(\d+):(\d+)/;
