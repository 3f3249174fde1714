import { cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import type { DataFrame } from 'danfojs-node';
import { type Figure, figureHtml, figurePng } from '../../analysis/charts';
import { frameCsv, frameJsonl, frameParquet } from '../../analysis/frame';
import { ConfigError } from '../../core';
import { writeFileAtomic } from '../../runs';
import { type InspectLog, inspectLogText } from '../report';

/** A file or folder that was written. */
export interface Exported {
  readonly path: string;
  readonly what: string;
  /** Of a file; null of a folder. */
  readonly bytes: number | null;
}

/**
 * A frame as `.csv` or `.jsonl`, by the path's ending. Throws ConfigError for another ending (`exportParquet` writes `.parquet`), or
 * where something is already there.
 */
export function exportFrame(frame: DataFrame, path: string, { force = false } = {}): Exported {
  const kind = endingOf(path, ['.csv', '.jsonl'], 'a frame');
  return writeNew(path, kind === '.csv' ? frameCsv(frame) : frameJsonl(frame), `${frame.shape[0]} rows`, force);
}

/** A frame as `.parquet`; see `frameParquet` for its types. Throws as `exportFrame`. */
export async function exportParquet(frame: DataFrame, path: string, { force = false } = {}): Promise<Exported> {
  endingOf(path, ['.parquet'], 'a frame as Parquet');
  refuseExisting(path, force);
  return writeNew(path, await frameParquet(frame), `${frame.shape[0]} rows`, force);
}

/** A figure as `.png`, `.html` (one file, no network) or `.json` (data and layout). Throws as `exportFrame`. */
export async function exportFigure(figure: Figure, path: string, { force = false } = {}): Promise<Exported> {
  const kind = endingOf(path, ['.png', '.html', '.json'], 'a figure');
  refuseExisting(path, force);
  const shown = { ...figure, layout: { height: 450, ...figure.layout } };
  if (kind === '.png') return writeNew(path, await figurePng(shown), 'a picture', force);
  if (kind === '.html') return writeNew(path, figureHtml(shown), 'a live chart', force);
  const { data, layout, alt } = figure;
  return writeNew(path, `${JSON.stringify({ data, layout, alt }, null, 2)}\n`, 'data and layout', force);
}

/** Any value as `.json`. Throws as `exportFrame`. */
export function exportJson(value: unknown, path: string, what: string, { force = false } = {}): Exported {
  endingOf(path, ['.json'], what);
  return writeNew(path, `${JSON.stringify(value, null, 2)}\n`, what, force);
}

/** A report as `.html`; see `runReport`. Throws as `exportFrame`; before the report is made, where it is given as a function. */
export async function exportReport(
  html: string | (() => Promise<string>),
  path: string,
  { force = false } = {},
): Promise<Exported> {
  endingOf(path, ['.html'], 'a report');
  refuseExisting(path, force);
  return writeNew(path, typeof html === 'string' ? html : await html(), 'a report', force);
}

/** An evaluation log as `.json`, as Inspect reads it; see `inspectLog`. Throws as `exportFrame`. */
export function exportInspectLog(log: InspectLog, path: string, { force = false } = {}): Exported {
  endingOf(path, ['.json'], 'an Inspect log');
  return writeNew(path, inspectLogText(log), `an Inspect log of ${log.samples.length} samples`, force);
}

/**
 * A copy of a run's adapter folder, as PEFT reads it. It appears whole or not at all; a folder that is replaced goes when the new one
 * is there. Throws ConfigError where something is already there.
 */
export function exportAdapter(from: string, path: string, { force = false } = {}): Exported {
  const target = resolve(path);
  refuseExisting(path, force);
  if (existsSync(target) && !statSync(target).isDirectory())
    throw new ConfigError(
      `export: an adapter is a folder, got a file at ${path}. Give another path; a file is not replaced by a folder.`,
    );
  mkdirSync(dirname(target), { recursive: true });
  const [coming, going] = [`${target}.${process.pid}.part`, `${target}.${process.pid}.old`];
  rmSync(coming, { recursive: true, force: true });
  cpSync(from, coming, { recursive: true });
  if (existsSync(target)) renameSync(target, going);
  renameSync(coming, target);
  rmSync(going, { recursive: true, force: true });
  return { path: target, what: 'a PEFT adapter', bytes: null };
}

/** The adapter folder of a run. */
export function adapterFolder(run: string): string {
  return join(run, 'adapter');
}

function endingOf(path: string, allowed: readonly string[], what: string): string {
  const ending = extname(path).toLowerCase();
  if (!allowed.includes(ending))
    throw new ConfigError(
      `export: the path of ${what} must end in ${allowed.join(' or ')}, got ${JSON.stringify(path)}. Change its ending.`,
    );
  return ending;
}

function refuseExisting(path: string, force: boolean): void {
  if (!force && existsSync(resolve(path)))
    throw new ConfigError(
      `export: nothing is overwritten without force, got a path that exists (${path}). Give another path, or force it.`,
    );
}

function writeNew(path: string, data: string | Uint8Array, what: string, force: boolean): Exported {
  refuseExisting(path, force);
  const target = resolve(path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileAtomic(target, data);
  return { path: target, what, bytes: Buffer.byteLength(data) };
}
