/** Puts `text` in the place of the characters from `start` to `end`. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text after edits, and the way back to the positions before. */
export interface EditedText {
  readonly text: string;
  /** Offset in the edited text → offset in the original; inside a replacement, the start of what it replaced. */
  toOriginal(offset: number): number;
}

/** Applies edits that do not overlap. */
export function applyEdits(source: string, edits: readonly TextEdit[]): EditedText {
  const ordered = [...edits].sort((a, b) => a.start - b.start);
  let text = '';
  let last = 0;
  for (const { start, end, text: replacement } of ordered) {
    text += source.slice(last, start) + replacement;
    last = end;
  }
  text += source.slice(last);
  return {
    text,
    toOriginal(offset) {
      let shift = 0;
      for (const { start, end, text: replacement } of ordered) {
        const at = start + shift;
        if (offset < at) break;
        if (offset < at + replacement.length) return start;
        shift += replacement.length - (end - start);
      }
      return offset - shift;
    },
  };
}
