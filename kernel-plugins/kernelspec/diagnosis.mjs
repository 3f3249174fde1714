import { existsSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { addonStep } from './addon.mjs';
import { probeAddon } from './addon-probe.mjs';
import { kernelspecStep } from './kernelspec.mjs';
import { installedVariant, modelFile, PINNED, sitePackages, tensorflowFolder } from './layout.mjs';
import { findCompiler, findPython, freeBytes, gigabytes, nvidiaGpus, wantedVariant } from './machine.mjs';
import { missingPackage } from './node-packages.mjs';
import { nodeProblem } from './node-version.mjs';
import { incompletePackages } from './python-environment.mjs';
import { cudaLibraries, missingCudaPackages } from './runtime-environment.mjs';
import { fileSha256, textOf } from './stamps.mjs';
import { typescriptBuildStep } from './typescript-build.mjs';

const SET_UP = 'Run npm start (or npm run setup): it installs what is missing';
// The quick preset's run: base weights in bf16 and f32, optimiser state, activations of a batch, TensorFlow itself.
const MEMORY_BYTES = 4e9;
const DISK_BYTES = 2e9;

/**
 * Every part that a run needs, as `{ name, ok, found, todo }`: what was found, and where it is not ok what to do.
 * Nothing is changed, and nothing needs to be set up before.
 */
export function diagnose(layout, env, { gpuAsked }) {
  const probe = existsSync(layout.addon) ? probeAddon(layout, env) : null;
  return [
    nodePart(),
    pythonPart(layout, env),
    compilerPart(env),
    pythonPackagesPart(layout),
    tensorflowPart(layout, env, gpuAsked),
    nodePackagesPart(layout),
    addonPart(layout, probe),
    gpuPart(layout, env, probe, gpuAsked),
    modelPart(layout),
    kernelPart(layout, env),
    buildPart(layout),
    diskPart(layout),
    memoryPart(),
  ];
}

function nodePart() {
  const problem = nodeProblem(process.version);
  return part('Node', problem === null, `${process.version.slice(1)} (${process.execPath})`, 'Install 20.19 or newer');
}

function pythonPart(layout, env) {
  const version = /^version\S* = (\S+)/m.exec(textOf(join(layout.venv, 'pyvenv.cfg')) ?? '')?.[1];
  if (version !== undefined && existsSync(layout.python)) return part('Python', true, `${version} (.venv)`);
  try {
    const python = findPython(env);
    return part('Python', false, `${python.version} (${python.command}), but no environment .venv yet`, SET_UP);
  } catch (error) {
    return failedSearch('Python', error);
  }
}

function compilerPart(env) {
  try {
    const { command, version } = findCompiler(env);
    return part('C++ compiler', true, `${command} ${version}`);
  } catch (error) {
    return failedSearch('C++ compiler', error);
  }
}

// The messages of the searches end in what to do.
function failedSearch(name, error) {
  const [found, ...todo] = error.message.replace(/^set-up: /, '').split(/\. (?=[A-Z])/);
  return part(name, false, found, todo.join('. ').replace(/\.$/, ''));
}

function pythonPackagesPart(layout) {
  const site = sitePackages(layout);
  if (site === null || !existsSync(join(layout.venv, 'bin', 'jupyter-lab'))) {
    return part('Python packages', false, 'JupyterLab is not installed', SET_UP);
  }
  const broken = incompletePackages(site);
  const found =
    broken.length === 0 ? 'JupyterLab is there; every file is whole' : `${broken[0].file} is missing or cut short`;
  return part('Python packages', broken.length === 0, found, `Remove ${layout.venv}, then run npm start`);
}

function tensorflowPart(layout, env, gpuAsked) {
  const installed = installedVariant(layout);
  const folder = tensorflowFolder(layout);
  if (installed === null || folder === null) return part('TensorFlow', false, `no ${PINNED.tensorflow}`, SET_UP);
  const library = existsSync(join(folder, 'libtensorflow_cc.so.2'));
  const found = `${PINNED.tensorflow} (${installed === 'gpu' ? 'with CUDA' : 'CPU'}), libraries in ${folder}`;
  if (!library) return part('TensorFlow', false, `no libtensorflow_cc.so.2 in ${folder}`, SET_UP);
  const wanted = wantedOrNull({ device: gpuAsked ? undefined : env.MSTLAB_DEVICE, installed, env });
  return part(
    'TensorFlow',
    wanted === installed,
    found,
    `An NVIDIA driver answers: run npm run setup for the CUDA build`,
  );
}

function wantedOrNull(request) {
  try {
    return wantedVariant(request);
  } catch {
    return request.installed;
  }
}

function nodePackagesPart(layout) {
  const missing = missingPackage(layout);
  const found = missing === null ? 'as in package-lock.json' : `${missing} is missing or of another version`;
  return part('npm packages', missing === null, found, SET_UP);
}

function addonPart(layout, probe) {
  const name = 'TensorFlow.js addon';
  if (probe === null) return part(name, false, 'not compiled', SET_UP);
  if (probe.error !== null) {
    return part(name, false, `does not load: ${probe.error}`, `Remove ${layout.addon}, then run npm start`);
  }
  const found = `loads; tfjs ${probe.tfjs}, TensorFlow ${probe.tensorflow}, backend ${probe.backend}`;
  if (probe.tensorflow !== PINNED.tensorflow) return part(name, false, found, SET_UP);
  const current = addonStep.isCurrent({ layout });
  return part(name, current, current ? found : `${found}, but compiled from other inputs`, SET_UP);
}

/** Whether a GPU is used, and if not why not. That is a failure only if one was asked for. */
function gpuPart(layout, env, probe, asked) {
  if (probe?.gpu) {
    return part('GPU', true, `TensorFlow uses ${gpuInUse(env)}; ${gpuSettings(env)}`);
  }
  const { reason, todo } = whyNoGpu(layout, env, probe);
  if (asked) return part('GPU', false, `asked for, and not usable: ${reason}`, todo);
  return part('GPU', true, `none is used: ${reason}; the CPU (${availableParallelism()} cores) does the work`);
}

/** The GPU that a process gets: the first that the caller lets it see, else number 0. */
function gpuInUse(env) {
  const { gpus } = nvidiaGpus(env);
  const number = (env.CUDA_VISIBLE_DEVICES ?? '0').split(',')[0].trim();
  const named = gpus.find((line) => line.startsWith(`GPU ${number}:`)) ?? `GPU ${number}, unnamed`;
  const others = gpus.length > 1 ? `, one of ${gpus.length} (a process uses one: CUDA_VISIBLE_DEVICES chooses it)` : '';
  return `${named}${others}`;
}

function gpuSettings(env) {
  const growth = (env.TF_FORCE_GPU_ALLOW_GROWTH ?? 'true') === 'true';
  const tf32 = env.NVIDIA_TF32_OVERRIDE !== '0' && env.MSTLAB_TF32 !== 'off';
  return (
    `memory ${growth ? 'is taken as needed' : 'is taken all at once (TF_FORCE_GPU_ALLOW_GROWTH)'}, ` +
    `f32 products ${tf32 ? 'in TF32 (MSTLAB_TF32=off: in full f32)' : 'in full f32'}`
  );
}

function whyNoGpu(layout, env, probe) {
  const { gpus, reason } = nvidiaGpus(env);
  if (gpus.length === 0) return { reason, todo: 'Install the NVIDIA driver, or run without asking for a GPU' };
  if (env.MSTLAB_DEVICE === 'cpu') return { reason: 'MSTLAB_DEVICE=cpu hides it', todo: 'Unset MSTLAB_DEVICE' };
  if (env.CUDA_VISIBLE_DEVICES === '' || env.CUDA_VISIBLE_DEVICES === '-1') {
    return {
      reason: `CUDA_VISIBLE_DEVICES="${env.CUDA_VISIBLE_DEVICES}" hides it`,
      todo: 'Unset CUDA_VISIBLE_DEVICES',
    };
  }
  if (installedVariant(layout) !== 'gpu') {
    return { reason: `${gpus[0]} answers, but TensorFlow's CPU build is installed`, todo: 'Run npm run setup' };
  }
  if (probe === null || probe.error !== null) return { reason: 'the addon does not load', todo: SET_UP };
  const said = probe.log.split('\n').find((line) => /dlopen|cuda drivers|CUDA_ERROR|failed call to cuInit/i.test(line));
  const libraries = cudaLibraries(layout);
  const missing = missingCudaPackages(layout);
  const asked = (env.CUDA_VISIBLE_DEVICES ?? '0').split(',')[0].trim();
  if (/^\d+$/.test(asked) && !gpus.some((line) => line.startsWith(`GPU ${asked}:`))) {
    return {
      reason: `CUDA_VISIBLE_DEVICES asks for GPU ${asked}, and the driver has ${gpus.length}`,
      todo: `Set it to a number from 0 to ${gpus.length - 1}, or unset it`,
    };
  }
  if (missing.length > 0) {
    return {
      reason: `TensorFlow sees no GPU, and its CUDA libraries are not complete: no ${missing.join(', ')}`,
      todo: `Remove ${join(layout.venv, 'mstlab-tensorflow.json')}, then run npm run setup`,
    };
  }
  return {
    reason: `TensorFlow sees no GPU${
      said
        ? ` and says "${said
            .replace(/^.*\] /, '')
            .trim()
            .slice(0, 200)}"`
        : ''
    }`,
    todo: `Check that the driver is new enough for CUDA 12 (nvidia-smi); library folders tried: ${libraries.length}`,
  };
}

function modelPart(layout) {
  const file = modelFile(layout);
  if (file === null) return part('Model file', false, `no ${PINNED.modelFile}`, SET_UP);
  const hash = fileSha256(file);
  if (hash === PINNED.modelSha256)
    return part('Model file', true, `${PINNED.modelFile}, SHA-256 ${hash.slice(0, 12)}...`);
  return part(
    'Model file',
    false,
    `${file} has SHA-256 ${hash}, not ${PINNED.modelSha256}`,
    'Remove it, then run npm start',
  );
}

function kernelPart(layout, env) {
  const current = kernelspecStep.isCurrent({ layout, env });
  if (!current) return part('Jupyter kernel', false, 'not installed, or for another Node or folder', SET_UP);
  const built = existsSync(layout.kernelMain);
  return part(
    'Jupyter kernel',
    built,
    built ? 'TypeScript (mstlab), in .venv' : `no ${layout.kernelMain}`,
    'Run npm run build',
  );
}

function buildPart(layout) {
  const current = existsSync(layout.nodeModules) && typescriptBuildStep.isCurrent({ layout });
  return part(
    'TypeScript build',
    current,
    current ? 'dist is up to date' : 'dist is older than the sources',
    'Run npm run build',
  );
}

function diskPart(layout) {
  const free = freeBytes(layout.root);
  return part('Free disk', free >= DISK_BYTES, gigabytes(free), `Free some: runs need about ${gigabytes(DISK_BYTES)}`);
}

function memoryPart() {
  const available =
    Number(/^MemAvailable:\s+(\d+)/m.exec(textOf('/proc/meminfo') ?? '')?.[1] ?? freemem() / 1024) * 1024;
  const found = `${gigabytes(available)} available of ${gigabytes(totalmem())}`;
  return part(
    'Free memory',
    available >= MEMORY_BYTES,
    found,
    `The quick preset needs about ${gigabytes(MEMORY_BYTES)}: close something`,
  );
}

function part(name, ok, found, todo = '') {
  return { name, ok, found, todo: ok ? '' : todo };
}
