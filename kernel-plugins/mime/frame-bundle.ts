import type { DataFrame } from 'danfojs-node';
import { type FrameHtmlOptions, frameHtml, framePlain } from '../../src/analysis/frame';
import type { MimeBundle } from './mime-bundle';

/** Whether a value is a danfo DataFrame, judged by its parts: cells may load a second copy of the class. */
export function isFrame(value: unknown): value is DataFrame {
  if (value === null || typeof value !== 'object') return false;
  const frame = value as { columns?: unknown; values?: unknown; dtypes?: unknown; $isSeries?: unknown };
  return frame.$isSeries === false && Array.isArray(frame.columns) && Array.isArray(frame.values);
}

/** A frame as an escaped HTML table and as plain text. */
export function frameBundle(frame: DataFrame, options: FrameHtmlOptions = {}): MimeBundle {
  return { 'text/html': frameHtml(frame, options), 'text/plain': framePlain(frame, options) };
}
