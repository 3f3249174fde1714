/** Text made safe for Plotly, which reads a little HTML (`<b>`, `<a href>`, entities) in every text of a figure. */
export function plotText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** Lines of at most `width` characters, broken at spaces; a longer word is cut. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(/\s+/).filter((part) => part.length > 0)) {
    while (word.length > width) {
      if (line) lines.push(line);
      lines.push(word.slice(0, width));
      word = word.slice(width);
      line = '';
    }
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  if (line) lines.push(line);
  return lines;
}

/** A label value as people write it: `strong_left` → `strong left`; words in capitals stay. */
export function spoken(value: string): string {
  return value.replace(/_/g, ' ');
}
