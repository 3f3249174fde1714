import { SourceMap } from 'node:module';

/** Zero-based line and column. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Maps a place in the JavaScript that ran to the place in the cell, through the two passes of tslab's converter. */
export type LineMap = (place: Place) => Place | null;

/**
 * `toModule` and `toCommonJs` are version 3 source maps as JSON; `skippedLines` are lines that tslab put before the cell's text.
 */
export function lineMap(
  maps: { toModule: string | null; toCommonJs: string | null },
  skippedLines: number,
): LineMap | null {
  if (!maps.toModule || !maps.toCommonJs) return null;
  const passes = [maps.toCommonJs, maps.toModule].map((text) => new SourceMap(JSON.parse(text)));
  return (place) => {
    let { line, column } = place;
    for (const pass of passes) {
      const entry = pass.findEntry(line, column);
      if (!('originalLine' in entry)) return null;
      line = entry.originalLine;
      column = entry.originalColumn;
    }
    return line < skippedLines ? null : { line: line - skippedLines, column };
  };
}
