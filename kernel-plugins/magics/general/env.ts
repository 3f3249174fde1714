import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import { type CompletionSource, defineMagic, type Magic } from '../../host';
import { isSecretName } from '../../host/secret-names';
import { shownRows } from '../../mime/rows-bundle';

const hidden = '(set, not shown)';

/** What may be shown of a variable: nothing of a secret, no password within an address. */
export function shownValue(name: string, value: string): string {
  if (isSecretName(name)) return value === '' ? '' : hidden;
  return value.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1…@');
}

/** The names of the environment, for completion. */
export function envNames(env: NodeJS.ProcessEnv): CompletionSource {
  return { name: 'env', values: () => Object.keys(env).sort() };
}

/**
 * `%env`: lists, reads, sets and removes environment variables of this kernel and of what it starts. Values under names like keys,
 * tokens and passwords are neither printed nor returned: outputs are saved with the notebook.
 */
export function envMagic(env: NodeJS.ProcessEnv): Magic {
  return defineMagic({
    name: 'env',
    kind: 'line',
    summary:
      'Lists, reads, sets or removes environment variables; values of keys, tokens and passwords are never shown.',
    options: z.strictObject({
      unset: z.string().optional().describe('Removes this variable.').meta({ placeholder: 'NAME', complete: 'env' }),
      name: z.string().optional().describe('The variable, or NAME=VALUE to set it.').meta({
        positional: 'one',
        placeholder: 'NAME',
        complete: 'env',
      }),
      value: z
        .array(z.string())
        .default([])
        .describe('Its new value.')
        .meta({ positional: 'rest', placeholder: 'VALUE' }),
    }),
    examples: ['%env', '%env HOME', '%env MSTLAB_PRESET=quick', '%env --unset MSTLAB_PRESET'],
    run({ options, print }) {
      if (options.unset !== undefined) {
        if (options.name !== undefined)
          throw new ConfigError('%env: --unset must stand alone, got a variable beside it. Use two lines.');
        const { unset } = options;
        print(env[unset] === undefined ? `${unset} was not set` : `${unset} removed`);
        delete env[unset];
        return undefined;
      }
      if (options.name === undefined)
        return shownRows(
          ['name', 'value'],
          Object.entries(env)
            .sort(([left], [right]) => (left < right ? -1 : 1))
            .map(([name, value]) => ({ name, value: shownValue(name, value ?? '') })),
        );
      const setting = readSetting(options.name, options.value);
      if (setting.value === null) return readVariable(env, setting.name, print);
      env[setting.name] = setting.value;
      print(`${setting.name}=${shownValue(setting.name, setting.value)}`);
      return undefined;
    },
  });
}

/** `NAME`, `NAME=VALUE`, `NAME = VALUE` or `NAME VALUE`. */
function readSetting(first: string, rest: readonly string[]): { name: string; value: string | null } {
  const equals = first.indexOf('=');
  if (equals === 0) throw new ConfigError('%env: a variable must have a name, got none before "=". Write NAME=VALUE.');
  if (equals > 0) return { name: first.slice(0, equals), value: [first.slice(equals + 1), ...rest].join(' ').trim() };
  if (rest.length === 0) return { name: first, value: null };
  const [word, ...more] = rest;
  const values = word === '=' ? more : word.startsWith('=') ? [word.slice(1), ...more] : rest;
  return { name: first, value: values.join(' ') };
}

function readVariable(env: NodeJS.ProcessEnv, name: string, print: (text: string) => void): string | undefined {
  const value = env[name];
  if (value === undefined) {
    print(`${name} is not set`);
    return undefined;
  }
  const shown = shownValue(name, value);
  if (shown === value) return value;
  print(`${name}: ${shown}`);
  return undefined;
}
