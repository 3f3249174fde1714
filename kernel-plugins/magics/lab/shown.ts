import type { DataFrame } from 'danfojs-node';
import type { Figure } from '../../../src/analysis/charts';
import type { Row } from '../../../src/analysis/frame';
import type { Workbench } from '../../../src/experiments';
import { displayBundle } from '../../host/display';
import { displaySymbol, type MimeBundle } from '../../host/mime-bundle';
import { showFigure, showFrame } from '../../host/show';

/**
 * The same value, which is not shown once more by the cell whose magic has shown it, and shows itself through `bundle` in every other
 * cell. A cell is known by its `signal`; outside a kernel there is none.
 */
export function shownHere<T extends object>(value: T, bundle: (value: T) => MimeBundle | Promise<MimeBundle>): T {
  const cell = cellSignal();
  const show = () => (cell !== undefined && cellSignal() === cell ? {} : bundle(value));
  return Object.defineProperty(value, displaySymbol, { value: show, enumerable: false, configurable: true });
}

function cellSignal(): unknown {
  return (globalThis as { signal?: unknown }).signal;
}

/** Shows a ready bundle and gives the value that it shows, marked as shown. */
export function showAs<T extends object>(value: T, bundle: MimeBundle): T {
  displayBundle({ data: bundle });
  return shownHere(value, () => bundle);
}

/** Shows a frame with a caption, keeps it as the newest, and gives the value back, marked as shown. */
export async function showTable<T extends object>(
  lab: Workbench,
  frame: DataFrame,
  caption: string,
  value: T,
): Promise<T> {
  lab.remember(frame);
  await showFrame(frame, { caption, maxRows: 60 });
  return shownHere(value, async () => {
    const { frameBundle } = await import('../../mime/frame-bundle.js');
    return frameBundle(frame, { caption, maxRows: 60 });
  });
}

export async function showChart(lab: Workbench, figure: Figure): Promise<void> {
  lab.remember(null, figure);
  await showFigure(figure);
}

/** A frame from rows of one form; `columns` names them where there may be no row. */
export async function framed(rows: readonly object[], columns = Object.keys(rows[0] ?? {})): Promise<DataFrame> {
  const { frameOfRows } = await import('../../../src/analysis/frame/index.js');
  return frameOfRows(rows as readonly Row[], columns);
}
