import { randomUUID } from 'node:crypto';
import { escapeHtml } from '../../src/analysis/frame/escape-html';
import type { Progress, ProgressListener } from '../../src/core';
import type { RichBundle } from './mime-bundle';
import { currentSink, type DisplaySink } from './sink';

export interface ProgressBarOptions {
  /** Milliseconds between two updates; the protocol's servers drop messages beyond 1,000 a second. */
  readonly everyMs?: number;
  readonly sink?: DisplaySink;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

interface Row {
  readonly startedMs: number;
  readonly startedAt: number;
  progress: Progress;
  updatedMs: number;
}

/**
 * A listener for long calls that shows one line per `what`: a bar, the count, the rate, the remaining time and the newest
 * figures, in one place of the output. At most ten updates a second; the last report of each line is always shown.
 */
export function progressBar(options: ProgressBarOptions = {}): ProgressListener {
  const { everyMs = 100, now = () => performance.now() } = options;
  const displayId = randomUUID();
  const rows = new Map<string, Row>();
  let shown = false;
  let lastShownMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;

  function show(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    lastShownMs = now();
    (options.sink ?? currentSink()).display(progressBundle([...rows.values()]), displayId, shown);
    shown = true;
  }

  return (progress) => {
    const at = now();
    const row = rows.get(progress.what);
    if (row && progress.done >= row.progress.done) {
      row.progress = progress;
      row.updatedMs = at;
    } else rows.set(progress.what, { startedMs: at, startedAt: progress.done, progress, updatedMs: at });
    const finished = progress.done >= progress.total;
    if (finished || at - lastShownMs >= everyMs) show();
    else timer ??= setTimeout(show, everyMs).unref();
  };
}

const barCells = 20;

/** The line of one row, e.g. `train mst  ██████░░  62/120 steps  1.1 steps/s  53 s left  loss 2.31`. */
export function progressLine(progress: Progress, elapsedMs: number, startedAt = 0): string {
  const { what, done, total, unit, detail = {} } = progress;
  const filled = total > 0 ? Math.round((Math.min(done, total) / total) * barCells) : 0;
  const perSecond = elapsedMs > 0 ? (done - startedAt) / (elapsedMs / 1000) : 0;
  const parts = [
    what,
    '█'.repeat(filled) + '░'.repeat(barCells - filled),
    `${done}/${total} ${unit}`,
    ...(perSecond > 0 ? [`${short(perSecond)} ${unit}/s`] : []),
    ...(done >= total
      ? [`${duration(elapsedMs / 1000)} in all`]
      : perSecond > 0
        ? [`${duration((total - done) / perSecond)} left`]
        : []),
    ...Object.entries(detail).map(([name, value]) => `${name} ${typeof value === 'number' ? short(value) : value}`),
  ];
  return parts.join('  ');
}

function progressBundle(rows: readonly Row[]): RichBundle {
  const lines = rows.map((row) => progressLine(row.progress, row.updatedMs - row.startedMs, row.startedAt));
  const html = rows
    .map((row, index) => {
      const { done, total } = row.progress;
      const text = lines[index].replace(/ {2}[█░]+ {2}/, '  ');
      return `<div><progress value="${Math.min(done, total)}" max="${Math.max(total, 1)}" style="vertical-align: middle; width: 12em"></progress> <span style="font-family: monospace">${escapeHtml(text)}</span></div>`;
    })
    .join('');
  return { data: { 'text/plain': lines.join('\n'), 'text/html': html } };
}

/** Three significant digits, without an exponent for everyday sizes. */
function short(value: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const size = Math.abs(value);
  return size >= 1000 || size < 0.001
    ? size >= 1e6 || size < 0.001
      ? value.toExponential(2)
      : String(Math.round(value))
    : String(Number(value.toPrecision(3)));
}

/** Seconds for a person who waits: 3.4 s, 12 min 5 s, 2.0 h. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${seconds < 10 ? Number(seconds.toPrecision(2)) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 5400) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
