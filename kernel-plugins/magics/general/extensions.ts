import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import { type CompletionSource, defineMagic, type Magic, type MagicCall, type RegisterPlugin } from '../../host';
import { type GeneralServices, keptByNode } from './services';

interface Extension {
  readonly plugin: string;
  readonly register: RegisterPlugin;
}

type Services = Pick<GeneralServices, 'host' | 'importModule' | 'forgetModule'>;

/**
 * `%load_ext`, `%unload_ext`, `%reload_ext`: plugins from a TypeScript file beside the notebook or from a package. The module
 * exports `register(context)`, as a name or as its default, and may export `name`.
 */
export function extensions({ host, importModule, forgetModule }: Services): {
  magics: Magic[];
  completion: CompletionSource;
} {
  /** By what stood in the line that loaded it. */
  const loaded = new Map<string, Extension>();
  const target = (description: string, complete?: string) =>
    z.strictObject({
      extension: z.string().describe(description).meta({ positional: 'one', placeholder: 'EXTENSION', complete }),
    });

  const load = async (id: string, { load, print }: Pick<MagicCall<never>, 'load' | 'print'>) => {
    const extension = extensionOf(await (load ? load() : importModule(id)).catch(notFound(id)), id);
    host.register(extension.plugin, extension.register);
    loaded.set(id, extension);
    print(`loaded ${describe(extension.plugin)}`);
  };
  const find = (magic: string, wanted: string): [string, Extension] => {
    const found = [...loaded].find(([id, { plugin }]) => id === wanted || plugin === wanted);
    if (found) return found;
    const known = loaded.size === 0 ? 'none is loaded' : `loaded: ${[...loaded.keys()].join(', ')}`;
    throw new ConfigError(
      `%${magic}: an extension must be loaded, got "${wanted}" (${known}). Load it with %load_ext.`,
    );
  };
  const describe = (plugin: string) => {
    const parts = host.parts(plugin);
    const lists = Object.entries(parts ?? {}).flatMap(([part, names]) =>
      names.length > 0 ? [`${part} ${names.join(', ')}`] : [],
    );
    return `${plugin}${lists.length > 0 ? ` (${lists.join('; ')})` : ''}`;
  };

  const loadExt = defineMagic({
    name: 'load_ext',
    kind: 'line',
    summary:
      'Loads a plugin from a TypeScript file (./my-plugin.ts) or a package: magics, formatters, preludes, completions.',
    options: target('A path from the notebook, or a package.'),
    examples: ['%load_ext ./my-plugin.ts', '%load_ext my-package'],
    async run({ options: { extension }, load: importLine, print }) {
      const known = loaded.get(extension);
      if (known) print(`${known.plugin} is loaded already; %reload_ext ${extension} takes its newest code`);
      else await load(extension, { load: importLine, print });
    },
  });

  const unloadExt = defineMagic({
    name: 'unload_ext',
    kind: 'line',
    summary: 'Takes back everything that an extension added.',
    options: target('What was loaded, or its name.', 'extensions'),
    examples: ['%unload_ext ./my-plugin.ts'],
    run({ options: { extension }, print }) {
      const [id, { plugin }] = find('unload_ext', extension);
      host.unregister(plugin);
      loaded.delete(id);
      print(`unloaded ${plugin}`);
    },
  });

  const reloadExt = defineMagic({
    name: 'reload_ext',
    kind: 'line',
    summary: 'Loads an extension again after its code was edited; if that fails, the one before stays.',
    options: target('What was loaded, or its name.', 'extensions'),
    examples: ['%reload_ext ./my-plugin.ts'],
    async run({ options: { extension }, load: importLine, print }) {
      if (!loaded.has(extension) && importLine) return await load(extension, { load: importLine, print });
      const [id, before] = find('reload_ext', extension);
      if (!importLine && !forgetModule(id)) print(keptByNode(id));
      const next = extensionOf(await (importLine ? importLine() : importModule(id)), id);
      host.unregister(before.plugin);
      try {
        host.register(next.plugin, next.register);
      } catch (error) {
        host.register(before.plugin, before.register);
        throw error;
      }
      loaded.set(id, next);
      print(`reloaded ${describe(next.plugin)}`);
    },
  });

  return {
    magics: [loadExt, unloadExt, reloadExt],
    completion: { name: 'extensions', values: () => [...loaded.keys()] },
  };
}

/** Finds `register` and `name` among a module's exports; a CommonJS module's may stand under `default`. */
function extensionOf(module: unknown, id: string): Extension {
  const exported = objectOf(module);
  const inner = objectOf(exported.default);
  const register = [exported.register, exported.default, inner.register, inner.default].find(
    (candidate) => typeof candidate === 'function',
  );
  if (!register)
    throw new ConfigError(
      `%load_ext: an extension must export a function "register(context)" (by name or as its default), got ${JSON.stringify(Object.keys(exported))} (from ${id}). Add it.`,
    );
  const name = [exported.name, inner.name].find((candidate) => typeof candidate === 'string' && candidate !== '');
  return { plugin: (name as string | undefined) ?? id, register: register as RegisterPlugin };
}

function objectOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

/** What Node says of a missing module, without its list of importing files; an extension's own failures stay as they are. */
function notFound(id: string): (error: unknown) => never {
  return (error) => {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new ConfigError(
      `%load_ext: an extension must be a file or an installed package, got "${id}" (${message.split('\n')[0]}). Check the path from the notebook's folder, or install it with %npm install.`,
      { cause: error },
    );
  };
}
