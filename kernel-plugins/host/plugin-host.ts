import { inspect } from 'node:util';
import { ConfigError } from '../../src/core';
import { displaySymbol, encodeBytes, isDisplayable, type RichBundle } from './mime-bundle';

/** Turns values of one kind into a bundle. `format` may take its time (a PNG is drawn off the main thread). */
export interface Formatter {
  /** Unique within its plugin, for messages. */
  readonly name: string;
  matches(value: unknown): boolean;
  format(value: never): RichBundle | Promise<RichBundle>;
}

/** What a plugin may add to the kernel. */
export interface PluginContext {
  readonly formatters: { add(formatter: Formatter): void };
}

export type RegisterPlugin = (context: PluginContext) => void;

interface OwnedFormatter {
  readonly plugin: string;
  readonly formatter: Formatter;
}

/** Holds what plugins registered and presents values with it. */
export class PluginHost {
  private formatters: OwnedFormatter[] = [];
  private readonly names = new Set<string>();

  /** Throws ConfigError if a plugin of this name is registered, or if it adds two formatters of one name. */
  register(name: string, plugin: RegisterPlugin): void {
    if (this.names.has(name))
      throw new ConfigError(
        `PluginHost.register: a plugin's name must be new, got "${name}" twice. Unregister it first.`,
      );
    const added: OwnedFormatter[] = [];
    plugin({
      formatters: {
        add(formatter) {
          if (added.some((other) => other.formatter.name === formatter.name))
            throw new ConfigError(
              `PluginHost.register: a plugin's formatters must have different names, got "${formatter.name}" twice (from plugin "${name}"). Rename one.`,
            );
          added.push({ plugin: name, formatter });
        },
      },
    });
    this.names.add(name);
    this.formatters = [...added, ...this.formatters];
  }

  /** Takes back everything that the plugin added; unknown names are ignored. */
  unregister(name: string): void {
    this.names.delete(name);
    this.formatters = this.formatters.filter((entry) => entry.plugin !== name);
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
    const entry = this.formatters.find(({ formatter }) => formatter.matches(value));
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
