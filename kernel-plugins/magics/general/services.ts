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
  /** Makes the next import of a package or JavaScript file load it anew; false where only a new kernel can. */
  forgetModule(id: string): boolean;
}

/** What to say of a package that `forgetModule` could not forget. */
export function keptByNode(id: string): string {
  return `${id} is an ES module that this kernel has loaded: restart the kernel to run its newest code`;
}
