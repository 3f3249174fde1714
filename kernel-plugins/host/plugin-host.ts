import { inspect } from 'node:util';
import { ConfigError } from '../../src/core';
import type { CompletionSource, Magic, MagicInfo, Prelude } from './magic';
import { magicInfo } from './magic-info';
import { displaySymbol, encodeBytes, isDisplayable, type RichBundle } from './mime-bundle';

/** Turns values of one kind into a bundle. `format` may take its time (a PNG is drawn off the main thread). */
export interface Formatter {
  /** Unique within its plugin, for messages. */
  readonly name: string;
  matches(value: unknown): boolean;
  format(value: never): RichBundle | Promise<RichBundle>;
}

/** What a plugin may add to the kernel; all of it goes again when the plugin is unregistered. */
export interface PluginContext {
  readonly formatters: { add(formatter: Formatter): void };
  readonly magics: { add(magic: Magic): void };
  readonly preludes: { add(prelude: Prelude): void };
  readonly completions: { add(source: CompletionSource): void };
}

export type RegisterPlugin = (context: PluginContext) => void;

/** A magic with what the host knows of it. */
export interface RegisteredMagic {
  readonly plugin: string;
  readonly magic: Magic;
  readonly info: MagicInfo;
}

interface Plugin {
  readonly name: string;
  readonly formatters: Formatter[];
  readonly magics: RegisteredMagic[];
  readonly preludes: Prelude[];
  readonly completions: CompletionSource[];
}

/** Holds what plugins registered: presents values, finds magics, defines preludes, completes options. */
export class PluginHost {
  /** The newest first, which is the order in which formatters are asked. */
  private plugins: Plugin[] = [];
  private readonly listeners = new Set<() => void>();

  /**
   * Adds a plugin as a whole or not at all. Throws ConfigError if its name is taken, if something it adds has the name of
   * something registered, or if a magic's declaration is unsound.
   */
  register(name: string, register: RegisterPlugin): void {
    if (this.plugins.some((plugin) => plugin.name === name))
      throw new ConfigError(
        `PluginHost.register: a plugin's name must be new, got "${name}" twice. Unregister it first.`,
      );
    const added: Plugin = { name, formatters: [], magics: [], preludes: [], completions: [] };
    let open = true;
    const adder =
      <Part>(add: (part: Part) => void) =>
      (part: Part) => {
        if (!open)
          throw new ConfigError(
            `PluginHost.register: a plugin must add its parts before its register function returns, got one later (from plugin "${name}"). Make register synchronous.`,
          );
        add(part);
      };
    try {
      const returned: unknown = register({
        formatters: { add: adder((formatter: Formatter) => this.addFormatter(added, formatter)) },
        magics: { add: adder((magic: Magic) => this.addMagic(added, magic)) },
        preludes: { add: adder((prelude: Prelude) => this.addPrelude(added, prelude)) },
        completions: { add: adder((source: CompletionSource) => this.addCompletion(added, source)) },
      });
      if (returned instanceof Promise)
        throw new ConfigError(
          `PluginHost.register: a plugin's register function must be synchronous, got a promise (from plugin "${name}"). Load what a magic needs when it runs.`,
        );
    } finally {
      open = false;
    }
    for (const { values } of added.preludes)
      for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(values)))
        Object.defineProperty(globalThis, key, { ...descriptor, configurable: true });
    this.plugins = [added, ...this.plugins];
    this.changed();
  }

  /** Takes back everything that the plugin added; false if there is none of this name. */
  unregister(name: string): boolean {
    const plugin = this.plugins.find((other) => other.name === name);
    if (!plugin) return false;
    this.plugins = this.plugins.filter((other) => other !== plugin);
    for (const key of plugin.preludes.flatMap(({ values }) => Object.keys(values)))
      Reflect.deleteProperty(globalThis, key);
    this.changed();
    return true;
  }

  /** The names of all plugins, oldest first. */
  names(): string[] {
    return this.plugins.map(({ name }) => name).reverse();
  }

  /** What a plugin added, as people name it; null if there is no such plugin. */
  parts(name: string): Record<'magics' | 'formatters' | 'names' | 'completions', string[]> | null {
    const plugin = this.plugins.find((other) => other.name === name);
    if (!plugin) return null;
    return {
      magics: plugin.magics.map(({ info }) => `${info.kind === 'cell' ? '%%' : '%'}${info.name}`),
      formatters: plugin.formatters.map((formatter) => formatter.name),
      names: plugin.preludes.flatMap(({ values }) => Object.keys(values)),
      completions: plugin.completions.map((source) => source.name),
    };
  }

  /** All magics by name. */
  magics(): RegisteredMagic[] {
    return this.plugins
      .flatMap(({ magics }) => magics)
      .sort((left, right) => (left.info.name < right.info.name ? -1 : 1));
  }

  magic(name: string): RegisteredMagic | null {
    return this.plugins.flatMap(({ magics }) => magics).find(({ magic }) => magic.name === name) ?? null;
  }

  /** The TypeScript declarations of all preludes, oldest plugin first. */
  declarations(): string {
    return [...this.plugins]
      .reverse()
      .flatMap(({ preludes }) => preludes.map(({ declarations }) => declarations))
      .join('\n');
  }

  /** The values of a completion source that start with `prefix`; none where there is no such source. */
  async complete(source: string, prefix: string): Promise<string[]> {
    const found = this.plugins.flatMap(({ completions }) => completions).find(({ name }) => name === source);
    const values = (await found?.values(prefix)) ?? [];
    return values.filter((value) => value.startsWith(prefix));
  }

  /** Calls the listener after every change of what is registered; the returned function ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }

  private addFormatter(added: Plugin, formatter: Formatter): void {
    if (added.formatters.some(({ name }) => name === formatter.name))
      throw new ConfigError(
        `PluginHost.register: a plugin's formatters must have different names, got "${formatter.name}" twice (from plugin "${added.name}"). Rename one.`,
      );
    added.formatters.push(formatter);
  }

  private addMagic(added: Plugin, magic: Magic): void {
    const owner = this.ownerOf(added, ({ magics }) => magics.some((other) => other.info.name === magic.name));
    if (owner !== null) throw taken('magic', `%${magic.name}`, owner, added.name);
    added.magics.push({ plugin: added.name, magic, info: magicInfo(magic) });
  }

  private addPrelude(added: Plugin, prelude: Prelude): void {
    for (const key of Object.keys(prelude.values)) {
      const owner = this.ownerOf(added, ({ preludes }) => preludes.some(({ values }) => key in values));
      if (owner !== null) throw taken('name of a prelude', key, owner, added.name);
      if (key in globalThis) throw taken('name of a prelude', key, null, added.name);
    }
    added.preludes.push(prelude);
  }

  private addCompletion(added: Plugin, source: CompletionSource): void {
    const owner = this.ownerOf(added, ({ completions }) => completions.some(({ name }) => name === source.name));
    if (owner !== null) throw taken('completion source', source.name, owner, added.name);
    added.completions.push(source);
  }

  private ownerOf(added: Plugin, owns: (plugin: Plugin) => boolean): string | null {
    return [added, ...this.plugins].find(owns)?.name ?? null;
  }

  /**
   * The bundle of a value: its own (`Symbol.for('Jupyter.display')`), else the newest formatter that matches, else its text.
   * At once where the value's formatter is, otherwise as a promise. A formatter that fails costs only its rich form.
   */
  present(value: unknown): RichBundle | Promise<RichBundle> {
    if (isDisplayable(value)) {
      const own = value[displaySymbol]();
      return own instanceof Promise ? own.then((data) => ({ data: encodeBytes(data) })) : { data: encodeBytes(own) };
    }
    const entry = this.formatterOf(value);
    if (!entry) return plainBundle(value);
    const failed = (error: unknown): RichBundle => ({
      data: {
        'text/plain': `${plainText(value)}\n(the formatter "${entry.formatter.name}" of plugin "${entry.plugin}" failed: ${String(error)})`,
      },
    });
    try {
      const formatted = entry.formatter.format(value as never);
      return formatted instanceof Promise ? formatted.then(encode, failed) : encode(formatted);
    } catch (error) {
      return failed(error);
    }
  }

  private formatterOf(value: unknown): { plugin: string; formatter: Formatter } | null {
    for (const plugin of this.plugins) {
      const formatter = plugin.formatters.find((candidate) => candidate.matches(value));
      if (formatter) return { plugin: plugin.name, formatter };
    }
    return null;
  }
}

function taken(what: string, name: string, owner: string | null, plugin: string): ConfigError {
  const owned = owner === null ? 'JavaScript itself' : `plugin "${owner}"`;
  return new ConfigError(
    `PluginHost.register: a ${what} must be registered once, got "${name}" from ${owned} and from plugin "${plugin}". Rename one, or unregister the other plugin first.`,
  );
}

function encode(bundle: RichBundle): RichBundle {
  return { ...bundle, data: encodeBytes(bundle.data) };
}

export function plainText(value: unknown): string {
  try {
    return inspect(value, { depth: 4, maxArrayLength: 100, breakLength: 100 });
  } catch (error) {
    return `a value that cannot be shown: ${String(error)}`;
  }
}

function plainBundle(value: unknown): RichBundle {
  return { data: { 'text/plain': plainText(value) } };
}
