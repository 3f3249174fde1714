import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installedVariant, sitePackages } from './layout.mjs';

/**
 * The environment in which the project's processes run: the Python environment first on the PATH, and TensorFlow's
 * settings, for which it knows no other place. A variable that the caller has set is kept.
 */
export function runtimeEnvironment(layout, env) {
  return {
    ...withoutNpm(layout, env),
    ...runtimeChanges(layout, env),
    PATH: withFirst(join(layout.venv, 'bin'), env.PATH),
  };
}

/**
 * An npm script hands this project's npm settings (no install scripts, for one) and names to all that it starts. To an npm that a
 * notebook runs in a folder of its own they would be settings of that folder.
 */
function withoutNpm(layout, env) {
  if (env.npm_lifecycle_event === undefined) return env;
  const file = join(layout.root, '.npmrc');
  const settings = existsSync(file) ? readFileSync(file, 'utf8').match(/^[a-z-]+(?=\s*=)/gm) : null;
  const own = new Set((settings ?? []).map((name) => `npm_config_${name.replaceAll('-', '_')}`));
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) =>
        !own.has(name) && !/^(npm_(lifecycle|package)_.*|npm_command|npm_config_local_prefix|INIT_CWD)$/.test(name),
    ),
  );
}

/** The TensorFlow part of it, which also stands in the kernelspec. */
export function runtimeChanges(layout, env) {
  const changes = {
    VIRTUAL_ENV: layout.venv,
    TF_CPP_MIN_LOG_LEVEL: '2',
    // TensorFlow otherwise takes all of a GPU's memory at its start.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  };
  if (env.MSTLAB_DEVICE === 'cpu') {
    changes.CUDA_VISIBLE_DEVICES = '';
  } else if (installedVariant(layout) === 'gpu') {
    changes.TF_GPU_ALLOCATOR = 'cuda_malloc_async';
    // With several GPUs visible, tfjs-node puts data on the last and runs on the first. A list of the caller's own is cut to
    // its first where TensorFlow is loaded, with a message.
    changes.CUDA_VISIBLE_DEVICES = '0';
    const libraries = cudaLibraries(layout);
    if (libraries.length > 0) changes.LD_LIBRARY_PATH = libraries.join(delimiter);
    const compiler = join(sitePackages(layout), 'nvidia', 'cuda_nvcc');
    if (existsSync(compiler)) changes.XLA_FLAGS = `--xla_gpu_cuda_data_dir=${compiler}`;
  }
  const kept = Object.entries(changes).filter(([name]) => name === 'VIRTUAL_ENV' || env[name] === undefined);
  const result = Object.fromEntries(kept);
  if (env.MSTLAB_DEVICE === 'cpu') result.CUDA_VISIBLE_DEVICES = '';
  if (changes.LD_LIBRARY_PATH !== undefined && env.LD_LIBRARY_PATH) {
    result.LD_LIBRARY_PATH = withFirst(changes.LD_LIBRARY_PATH, env.LD_LIBRARY_PATH);
  }
  return result;
}

/** Packages of CUDA libraries that TensorFlow opens; cuda_nvcc holds the compiler that XLA calls. */
const CUDA_PACKAGES = [
  'cublas',
  'cuda_cupti',
  'cuda_nvcc',
  'cuda_runtime',
  'cudnn',
  'cufft',
  'cusolver',
  'cusparse',
  'nccl',
  'nvjitlink',
];

/** Those of them that the Python environment lacks. */
export function missingCudaPackages(layout) {
  const site = sitePackages(layout);
  return CUDA_PACKAGES.filter((name) => site === null || !existsSync(join(site, 'nvidia', name)));
}

/** The folders of the CUDA libraries that came as Python packages; the wheel's own run path should find them too. */
export function cudaLibraries(layout) {
  const site = sitePackages(layout);
  const nvidia = site === null ? null : join(site, 'nvidia');
  if (nvidia === null || !existsSync(nvidia)) return [];
  return readdirSync(nvidia)
    .sort()
    .map((name) => join(nvidia, name, 'lib'))
    .filter((folder) => existsSync(folder));
}

function withFirst(first, rest) {
  if (!rest) return first;
  return rest.split(delimiter)[0] === first ? rest : `${first}${delimiter}${rest}`;
}
