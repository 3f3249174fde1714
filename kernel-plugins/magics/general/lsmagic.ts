import { z } from 'zod';
import { defineMagic, type Magic, type PluginHost } from '../../host';
import { shownRows } from '../../mime/rows-bundle';

/** `%lsmagic`: every magic with its kind, its plugin and what it does. */
export function lsmagic(host: PluginHost): Magic {
  return defineMagic({
    name: 'lsmagic',
    kind: 'line',
    summary: 'Lists the magics that are registered.',
    options: z.strictObject({
      plugin: z.string().optional().describe('Only those of this plugin.').meta({ short: 'p', placeholder: 'NAME' }),
      part: z.string().optional().describe('Only those with this in their name or summary.').meta({
        positional: 'one',
        placeholder: 'PART',
      }),
    }),
    returns: '{ name: string; kind: string; plugin: string; summary: string }[]',
    examples: ['%lsmagic', '%lsmagic --plugin general'],
    run({ options: { plugin, part } }) {
      const rows = host
        .magics()
        .filter((entry) => plugin === undefined || entry.plugin === plugin)
        .filter(
          ({ info }) => part === undefined || `${info.name} ${info.summary}`.toLowerCase().includes(part.toLowerCase()),
        )
        .map(({ plugin: owner, info }) => ({
          name: names[info.kind](info.name),
          kind: info.kind,
          plugin: owner,
          summary: info.summary,
        }));
      return shownRows(['name', 'kind', 'plugin', 'summary'], rows);
    },
  });
}

const names = {
  line: (name: string) => `%${name}`,
  cell: (name: string) => `%%${name}`,
  either: (name: string) => `%${name}, %%${name}`,
};
