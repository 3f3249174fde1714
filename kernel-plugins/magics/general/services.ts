import type { PluginHost } from '../../host';

/** What the general magics need of the kernel that runs them. */
export interface GeneralServices {
  readonly host: PluginHost;
  /** The folder of the notebook: where its imports resolve from. */
  readonly notebookDir: string;
  /** What the notebook's cells have defined, by name. */
  variables(): Readonly<Record<string, unknown>>;
  /** Imports a module as a cell would. */
  importModule(id: string): Promise<unknown>;
  /** Makes the next import of a package or JavaScript file load it anew. */
  forgetModule(id: string): void;
}
