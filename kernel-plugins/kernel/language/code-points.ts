/** The protocol counts Unicode characters, JavaScript UTF-16 units; an emoji is one of the first and two of the second. */
export function toUtf16(text: string, characters: number): number {
  let units = 0;
  let seen = 0;
  for (const character of text) {
    if (seen === characters) break;
    units += character.length;
    seen++;
  }
  return units;
}

export function fromUtf16(text: string, units: number): number {
  return Array.from(text.slice(0, units)).length;
}
