// Turn markers of the common chat templates: as text they could end the turn that they stand in, at whatever reads them as tokens.
const CHAT_TOKEN =
  /<\|([^|<>\n]{1,40})\|>|<(\/?s|bos|eos|pad|unk)>|\[(\/?INST)\]|<<(\/?SYS)>>|<((?:start|end)_of_turn)>|<｜([^｜<>\n]{1,40})｜>/g;

// What has no shape of its own: controls (not tab and line feed), lone surrogates, private use, zero width, direction marks, variation
// selectors, and the blank of Braille, which fonts draw as nothing.
const INVISIBLE = /[^\P{C}\n\t]|\p{Default_Ignorable_Code_Point}|\u2800/gu;

/**
 * The text with nothing hidden in it: invisible characters as [U+200B], turn markers of chat templates as [control token: im_end],
 * every kind of line break as a line feed. Doing it twice changes nothing, and the result has no lone surrogates.
 */
export function neutralised(text: string): string {
  let shown = text
    .replace(/\r\n?|[\u2028\u2029\u0085\v\f]/g, '\n')
    .replace(INVISIBLE, (character) => `[U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`);
  // A marker that held another is one itself once the inner one is gone.
  for (let before = ''; before !== shown; ) {
    before = shown;
    shown = shown.replace(CHAT_TOKEN, (_, ...groups) => `[control token: ${groups.slice(0, 6).find(Boolean)}]`);
  }
  return shown;
}

/** Whether the text holds characters that cannot be seen. */
export function holdsInvisible(text: string): boolean {
  return text.search(INVISIBLE) >= 0;
}

/** Whether the text holds a turn marker of a chat template. */
export function holdsChatToken(text: string): boolean {
  return text.search(CHAT_TOKEN) >= 0;
}
