import { join } from 'node:path';
import { runtimeChanges } from './runtime-environment.mjs';
import { textOf, writeWhole } from './stamps.mjs';

/**
 * Registers the kernel with the environment's Jupyter, and switches JupyterLab's question about news off: it would
 * open over the notebook at the first start.
 */
export const kernelspecStep = {
  name: 'Jupyter kernel "TypeScript (mstlab)"',
  where: 'Jupyter kernel',
  isCurrent: (context) => Object.entries(kernelFiles(context)).every(([file, text]) => textOf(file) === text),
  async run(context) {
    for (const [file, text] of Object.entries(kernelFiles(context))) writeWhole(file, text);
  },
};

export function kernelFolder(layout) {
  return join(layout.venv, 'share', 'jupyter', 'kernels', 'mstlab');
}

/** What stands in the environment's share folder: the file's path and its text. */
export function kernelFiles({ layout }) {
  // Jupyter lets these win over the server's own variables, so which GPU to use is not among them.
  const { CUDA_VISIBLE_DEVICES: _, ...variables } = runtimeChanges(layout, {});
  const spec = {
    argv: [process.execPath, layout.kernelMain, '{connection_file}'],
    display_name: 'TypeScript (mstlab)',
    language: 'typescript',
    interrupt_mode: 'message',
    env: variables,
    metadata: { debugger: false },
  };
  const overrides = { '@jupyterlab/apputils-extension:notification': { fetchNews: 'false', checkForUpdates: false } };
  return {
    [join(kernelFolder(layout), 'kernel.json')]: `${JSON.stringify(spec, null, 2)}\n`,
    [join(layout.venv, 'share', 'jupyter', 'lab', 'settings', 'overrides.json')]:
      `${JSON.stringify(overrides, null, 2)}\n`,
  };
}
