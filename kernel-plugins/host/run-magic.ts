import { ConfigError } from '../../src/core';
import type { Magic, MagicCall } from './magic';
import { asksForHelp, parseMagicArguments } from './magic-arguments';
import { magicHelp } from './magic-help';
import { nearName } from './near-name';
import type { PluginHost } from './plugin-host';

/** A magic's line as it stands in a cell. */
export interface MagicLine {
  readonly name: string;
  /** The text after the name. */
  readonly args: string;
  /** The rest of the cell below `%%name`; null for a line magic. */
  readonly body: string | null;
  /** Imports the module that the line names, where the kernel saw one in it. */
  readonly load?: () => Promise<unknown>;
}

/** What the running cell gives to a magic. */
export type MagicCell = Pick<MagicCall<never>, 'signal' | 'print' | 'standsFor'>;

/**
 * Runs a magic and returns its value; with `-h` among its words prints its help instead. Throws ConfigError if there is no such
 * magic (with the near name), if it was used as a line where it takes a cell or the other way round, or if its options are wrong.
 */
export async function runMagic(host: PluginHost, line: MagicLine, cell: MagicCell): Promise<unknown> {
  const magic = findMagic(host, line.name);
  if (asksForHelp(line.args)) {
    cell.print(`${magicHelp(magic)}\n`);
    return undefined;
  }
  checkKind(magic, line);
  const options = parseMagicArguments(magic, line.args);
  return await magic.run({ ...cell, options, body: line.body, load: line.load ?? null });
}

/** Throws ConfigError with the near name if there is no such magic. */
export function findMagic(host: PluginHost, name: string): Magic {
  const found = host.magic(name);
  if (found) return found.magic;
  const near = nearName(
    name,
    host.magics().map(({ info }) => info.name),
  );
  throw new ConfigError(
    `%${name}: a magic must be registered, got an unknown name. ${near ? `Did you mean %${near}? ` : ''}%lsmagic lists all.`,
  );
}

function checkKind(magic: Magic, { name, body }: MagicLine): void {
  if (magic.kind === 'cell' && body === null)
    throw new ConfigError(
      `%%${name}: a cell magic must have a cell below it, got a line. Write %%${name} as the first line of a cell and its text below.`,
    );
  if (magic.kind === 'line' && body !== null)
    throw new ConfigError(
      `%${name}: a line magic must stand alone on its line, got a cell below it. Write %${name} with one percent sign.`,
    );
}
