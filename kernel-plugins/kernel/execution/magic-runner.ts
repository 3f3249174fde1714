import { displayBundle } from '../../host/display';
import { magicHelp, magicHelpHtml } from '../../host/magic-help';
import { quoteWord } from '../../host/magic-words';
import type { PluginHost } from '../../host/plugin-host';
import { findMagic, runMagic } from '../../host/run-magic';
import { standsForBundle } from '../../mime/stands-for-bundle';
import type { FromExecution } from './ipc';
import { startStopwatch } from './stopwatch';

/** What a magic needs of the cell that runs it. */
export interface MagicSurroundings {
  readonly host: PluginHost;
  send(message: FromExecution): void;
  print(text: string): void;
  /** The `signal` of the running cell. */
  signal(): AbortSignal;
  /** Calls back when the running cell ends, well or badly, before it is reported. */
  atCellEnd(callback: () => void): void;
}

/**
 * Gives cells what the language service writes in the place of magics (`__magic`, `__magicHelp`, `__word`, `__time`, `__timeCell`),
 * and tells the front what is registered, now and after every change.
 */
export function installMagics(surroundings: MagicSurroundings): void {
  const { host, send, signal } = surroundings;
  const print = (text: string) => surroundings.print(text.endsWith('\n') ? text : `${text}\n`);
  const standsFor = (code: string) => void displayBundle(standsForBundle(code));
  const functions = {
    __magic: (name: string, args: string, body: string | null, load?: () => Promise<unknown>) =>
      runMagic(host, { name, args, body, load }, { signal: signal(), print, standsFor }),
    async __magicHelp(name: string) {
      const magic = findMagic(host, name);
      displayBundle({ data: { 'text/plain': magicHelp(magic), 'text/html': magicHelpHtml(magic) } });
    },
    __word: magicWord,
    async __time(work: () => unknown) {
      const read = startStopwatch();
      try {
        return await work();
      } finally {
        print(read());
      }
    },
    __timeCell() {
      const read = startStopwatch();
      surroundings.atCellEnd(() => print(read()));
    },
  };
  for (const [name, value] of Object.entries(functions))
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });

  const publish = () =>
    send({ type: 'registry', magics: host.magics().map(({ info }) => info), declarations: host.declarations() });
  host.onChange(publish);
  publish();
}

/** Answers the front's question for values of a completion source; a source that fails offers none. */
export async function completeOption(
  host: PluginHost,
  { id, source, prefix }: { id: number; source: string; prefix: string },
): Promise<FromExecution> {
  return { type: 'completed', id, values: await host.complete(source, prefix).catch(() => []) };
}

/** A variable's value within a magic's line: text as one word, an array as a list, other objects as JSON. */
function magicWord(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '""' : value.map(magicWord).join(',');
  if (typeof value === 'object' && value !== null) return quoteWord(JSON.stringify(value));
  return quoteWord(String(value));
}
