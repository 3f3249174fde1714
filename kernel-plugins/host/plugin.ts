/** What an extension (`%load_ext ./my-plugin.ts`) imports as `mstlab/plugin`: magics, their option schemas, and the types of the rest. */

export { z } from 'zod';
export type { CompletionSource, Prelude } from './magic';
export { defineMagic, type MagicCall, type MagicDefinition, type OptionMeta } from './magic';
export type { RichBundle } from './mime-bundle';
export type { Formatter, PluginContext, RegisterPlugin } from './plugin-host';
