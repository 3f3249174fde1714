import { escapeHtml, visibleText } from '../../src/analysis/frame';
import type { Progress } from '../../src/core';
import type { MimeBundle } from './mime-bundle';

const barCells = 24;

/**
 * One line that says how far a long call is: what, a bar, done of total, time gone, time left, newest figures.
 * Time left assumes that the rest goes as fast as what is done; it is left out before anything is done.
 */
export function progressLine(progress: Progress, elapsedMs: number): string {
  const { what, done, total, unit, detail } = progress;
  const share = shareOf(progress);
  const filled = Math.round(barCells * share);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(barCells - filled)}`;
  const left = done > 0 && done < total ? `, about ${duration((elapsedMs / done) * (total - done))} left` : '';
  const figures = Object.entries(detail ?? {}).map(([name, value]) => ` · ${name} ${figure(value)}`);
  return visibleText(`${what} ${bar} ${done}/${total} ${unit} · ${duration(elapsedMs)}${left}${figures.join('')}`);
}

/** A progress report as a bar in HTML and as `progressLine` in text, to be shown again and again under one display id. */
export function progressBundle(progress: Progress, elapsedMs: number): MimeBundle {
  const line = progressLine(progress, elapsedMs);
  const words = line.replace(/ [█░]+ /, ' ');
  const percent = (100 * shareOf(progress)).toFixed(1);
  const html =
    `<div class="mstlab-progress" style="max-width:848px">` +
    `<div role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="${percent}" ` +
    `style="height:8px;border-radius:4px;background:#d9d9d9;overflow:hidden">` +
    `<div style="height:100%;width:${percent}%;background:#0072b2"></div></div>` +
    `<div style="font-size:12px;margin-top:3px">${escapeHtml(words)}</div></div>`;
  return { 'text/html': html, 'text/plain': line };
}

/** `4 s`, `2 min 05 s`, `1 h 02 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (hours === 0) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
}

function shareOf({ done, total }: Progress): number {
  return total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
}

function figure(value: number | string): string {
  if (typeof value === 'string' || Number.isInteger(value)) return String(value);
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}
