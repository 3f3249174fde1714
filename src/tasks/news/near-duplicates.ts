/** Words of a text in lower case, without punctuation. */
export function plainWords(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
}

/** The distinct runs of `length` words of a text. */
export function shingles(text: string, length = 7): Set<string> {
  const words = plainWords(text);
  const runs = new Set<string>();
  for (let i = 0; i + length <= words.length; i++) runs.add(words.slice(i, i + length).join(' '));
  return runs;
}

export interface NamedText {
  readonly id: string;
  readonly text: string;
}

export interface NearDuplicate {
  readonly a: string;
  readonly b: string;
  /** Shared runs over the runs of the shorter text: 1 if one holds the other. */
  readonly overlap: number;
}

/** Pairs that share at least `least` of the shorter text's seven-word runs, and runs that many texts share. */
export function compareShingles(texts: readonly NamedText[], least: number) {
  const holders = new Map<string, number[]>();
  const sizes = texts.map((item, index) => {
    const runs = shingles(item.text);
    for (const run of runs) {
      const list = holders.get(run);
      if (list) list.push(index);
      else holders.set(run, [index]);
    }
    return runs.size;
  });
  const shared = new Map<number, number>();
  const common: { run: string; texts: string[] }[] = [];
  for (const [run, list] of holders) {
    if (list.length > 2) common.push({ run, texts: list.map((index) => texts[index].id) });
    for (let i = 0; i < list.length; i++)
      for (let j = i + 1; j < list.length; j++) {
        const key = list[i] * texts.length + list[j];
        shared.set(key, (shared.get(key) ?? 0) + 1);
      }
  }
  const pairs: NearDuplicate[] = [];
  for (const [key, count] of shared) {
    const a = Math.floor(key / texts.length);
    const b = key % texts.length;
    const overlap = count / Math.min(sizes[a], sizes[b]);
    if (overlap >= least) pairs.push({ a: texts[a].id, b: texts[b].id, overlap });
  }
  return { pairs: pairs.sort((x, y) => y.overlap - x.overlap), common };
}
