import type { Content } from './protocol';

interface Entry {
  readonly line: number;
  readonly input: string;
  output: string | null;
}

/** Session, line, and the input, or the input with its output. */
export type HistoryItem = readonly [number, number, string | readonly [string, string | null]];

/** This run of the kernel, as the protocol numbers sessions; 0 means it too, negative numbers count back from it. */
const thisSession = 1;

/**
 * The cells of this run of the kernel, for front ends that recall and search them. Kept in memory only: people type keys into
 * cells, and a file of everything ever typed would outlive the notebook in which they were deleted.
 */
export class CellHistory {
  private readonly entries: Entry[] = [];

  add(line: number, input: string): void {
    this.entries.push({ line, input, output: null });
  }

  /** The text of the result of a cell that was added. */
  setOutput(line: number, text: string): void {
    const entry = this.entries.at(-1);
    if (entry?.line === line) entry.output = text;
  }

  /** Answers a `history_request` (`range`, `tail` or `search`), oldest first. */
  answer(request: Content): HistoryItem[] {
    return this.select(request).map(({ line, input, output }) => [
      thisSession,
      line,
      request.output ? ([input, output] as const) : input,
    ]);
  }

  private select(request: Content): Entry[] {
    switch (request.hist_access_type) {
      case 'range': {
        const { session = 0, start = 1, stop } = request;
        if (session !== 0 && session !== thisSession) return [];
        return this.entries.filter(({ line }) => line >= (start ?? 1) && line < (stop ?? Number.POSITIVE_INFINITY));
      }
      case 'search': {
        const pattern = globPattern(String(request.pattern ?? '*'));
        const found = this.entries.filter(({ input }) => pattern.test(input));
        return newest(request.unique ? withoutRepeats(found) : found, request.n);
      }
      default:
        return newest(this.entries, request.n);
    }
  }
}

function newest(entries: readonly Entry[], n: unknown): Entry[] {
  return typeof n === 'number' && n >= 0 ? entries.slice(Math.max(0, entries.length - n)) : [...entries];
}

/** Of equal inputs the last one. */
function withoutRepeats(entries: readonly Entry[]): Entry[] {
  const last = new Map(entries.map((entry) => [entry.input, entry]));
  return entries.filter((entry) => last.get(entry.input) === entry);
}

/** `*` any text, `?` any one character, of the whole input. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[\\s\\S]*')
    .replaceAll('?', '[\\s\\S]');
  return new RegExp(`^${source}$`, 'u');
}
