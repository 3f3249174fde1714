import { inspect, types } from 'node:util';
import { z } from 'zod';
import { defineMagic, type Magic } from '../../host';
import { shownRows } from '../../mime/rows-bundle';
import type { GeneralServices } from './services';

const longestValue = 80;

/** `%who`: the notebook's variables with type and short value. */
export function who({ variables }: Pick<GeneralServices, 'variables'>): Magic {
  return defineMagic({
    name: 'who',
    kind: 'line',
    summary: 'Lists the variables of this notebook with their types and short values.',
    options: z.strictObject({
      type: z.string().optional().describe('Only those of this type, such as number, Array or function.').meta({
        short: 't',
        placeholder: 'TYPE',
      }),
      part: z.string().optional().describe('Only those with this in their name.').meta({
        positional: 'one',
        placeholder: 'PART',
      }),
    }),
    returns: '{ name: string; type: string; value: string }[]',
    examples: ['%who', '%who --type Array'],
    run({ options: { type, part } }) {
      const rows = Object.entries(variables())
        .filter(([name]) => name !== '__esModule')
        .map(([name, value]) => ({ name, type: typeName(value), value: shortValue(value) }))
        .filter((row) => part === undefined || row.name.includes(part))
        .filter((row) => type === undefined || row.type.toLowerCase() === type.toLowerCase());
      return shownRows(['name', 'type', 'value'], rows);
    },
  });
}

/** The JavaScript type as people say it: number, null, class, function, module, or an object's class. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (types.isModuleNamespaceObject(value)) return 'module';
  if (typeof value === 'function')
    return /^class\b/.test(Function.prototype.toString.call(value)) ? 'class' : 'function';
  if (typeof value !== 'object') return typeof value;
  try {
    return value.constructor?.name || 'object';
  } catch {
    return 'object';
  }
}

function shortValue(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: 1,
      maxArrayLength: 10,
      maxStringLength: 2 * longestValue,
      breakLength: Infinity,
    });
    const line = text.replace(/\s*\n\s*/g, ' ');
    return line.length > longestValue ? `${line.slice(0, longestValue - 1)}…` : line;
  } catch (error) {
    return `cannot be shown: ${String(error)}`;
  }
}
