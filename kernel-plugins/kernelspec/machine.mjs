import { spawnSync } from 'node:child_process';
import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { SetupError } from './failures.mjs';
import { PINNED } from './layout.mjs';

const GB = 1e9;

/** The first file of that name on the PATH that may be run, or null. */
export function findProgram(name, env) {
  if (name.includes('/')) return isProgram(name) ? name : null;
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const file = join(folder || '.', name);
    if (isProgram(file)) return file;
  }
  return null;
}

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Throws SetupError unless this is Linux with glibc on x64 or arm64: TensorFlow's wheels exist for no other. */
export function checkPlatform(platform = process.platform, arch = process.arch) {
  if (platform !== 'linux' || !['x64', 'arm64'].includes(arch)) {
    throw new SetupError(
      `set-up: the system must be Linux on x64 or arm64, got ${platform} on ${arch} (this Node). ` +
        'Use such a machine, a Linux container, or the Windows Subsystem for Linux.',
    );
  }
}

/**
 * The Python to make the environment from: MSTLAB_PYTHON, or the first of the usual names that is in the range
 * TensorFlow has wheels for and has venv and ensurepip. Returns `{ command, version }`; throws SetupError with what
 * was found instead.
 */
export function findPython(env) {
  const names = env.MSTLAB_PYTHON
    ? [env.MSTLAB_PYTHON]
    : ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
  const script =
    'import sys\nprint("%d.%d.%d" % sys.version_info[:3])\n' +
    'import importlib.util as u\nprint(all(u.find_spec(m) for m in ("venv", "ensurepip")))';
  const refused = [];
  let withoutVenv = null;
  for (const name of names) {
    if (findProgram(name, env) === null) continue;
    const result = spawnSync(name, ['-c', script], { env, encoding: 'utf8', timeout: 30_000 });
    const [version = '', complete = ''] = (result.stdout ?? '').trim().split('\n');
    if (!/^\d+\.\d+\.\d+$/.test(version)) refused.push(`${name} that does not run`);
    else if (!inRange(version)) refused.push(`${name} ${version}`);
    else if (complete !== 'True') withoutVenv ??= { name, version };
    else return { command: name, version };
  }
  if (withoutVenv !== null) {
    const { name, version } = withoutVenv;
    throw new SetupError(
      `set-up: Python must have its venv and ensurepip modules, got ${name} ${version} without (PATH). ` +
        `Install them (on Debian and Ubuntu: apt install python3-venv) and run the same command again.`,
    );
  }
  const oldest = PINNED.pythonOldest.join('.');
  const newest = PINNED.pythonNewest.join('.');
  throw new SetupError(
    `set-up: Python must be ${oldest} to ${newest}, got ${refused.length ? refused.join(', ') : 'none'} ` +
      `(${env.MSTLAB_PYTHON ? 'MSTLAB_PYTHON' : 'PATH'}). Install one, or name it in MSTLAB_PYTHON, and run the same ` +
      'command again.',
  );
}

function inRange(version) {
  const [major, minor] = version.split('.').map(Number);
  const [, oldest] = PINNED.pythonOldest;
  const [, newest] = PINNED.pythonNewest;
  return major === 3 && minor >= oldest && minor <= newest;
}

/** A C++17 compiler that compiles a program with a standard header: `{ command, version }`, else SetupError. */
export function findCompiler(env) {
  const names = env.CXX ? [env.CXX] : ['g++', 'c++', 'clang++'];
  const refused = [];
  for (const name of names) {
    if (findProgram(name, env) === null) continue;
    const trial = spawnSync(name, ['-std=c++17', '-fsyntax-only', '-x', 'c++', '-'], {
      env,
      input: '#include <string>\nint main() { return std::string("x").size() == 1 ? 0 : 1; }\n',
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (trial.status === 0) return { command: name, version: compilerVersion(name, env) };
    const line = (trial.stderr ?? '').split('\n').find((text) => /error|fatal/i.test(text)) ?? 'it does not run';
    refused.push(`${name} that failed a trial ("${line.trim().slice(0, 120)}")`);
  }
  throw new SetupError(
    `set-up: a C++17 compiler must be there, got ${refused.length ? refused.join(', ') : 'none'} ` +
      `(${env.CXX ? 'CXX' : 'PATH'}). Install one (on Debian and Ubuntu: apt install g++), or name it in CXX, and run ` +
      'the same command again.',
  );
}

function compilerVersion(name, env) {
  const result = spawnSync(name, ['-dumpfullversion', '-dumpversion'], { env, encoding: 'utf8', timeout: 30_000 });
  return (result.stdout ?? '').trim().split('\n')[0] || 'of unknown version';
}

/** Bytes that a user without special rights may still write under `path`. */
export function freeBytes(path) {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/**
 * Throws SetupError unless `needBytes` are free in the project folder, and a quarter of it where temporary files go
 * (pip puts whole wheels there), if that is another disk. `free` is an argument for tests.
 */
export function checkDisk({ root, needBytes, free = freeBytes, temporary = tmpdir() }) {
  const here = free(root);
  if (here < needBytes) throw diskError(root, needBytes, here);
  const there = free(temporary);
  if (there < needBytes / 4)
    throw diskError(`${temporary}, the folder for temporary files (TMPDIR)`, needBytes / 4, there);
}

function diskError(place, need, got) {
  return new SetupError(
    `set-up: ${gigabytes(need)} must be free for what is still to be installed, got ${gigabytes(got)} (${place}). ` +
      'Free some and run the same command again.',
  );
}

export function gigabytes(bytes) {
  return `${(bytes / GB).toFixed(1)} GB`;
}

/** The NVIDIA driver as its own tool sees it: `{ gpus: string[], reason: string | null }`. */
export function nvidiaGpus(env) {
  const tool = findProgram('nvidia-smi', env) ?? findProgram('/usr/lib/wsl/lib/nvidia-smi', env);
  if (tool === null) return { gpus: [], reason: 'there is no nvidia-smi on the PATH' };
  const result = spawnSync(tool, ['-L'], { env, encoding: 'utf8', timeout: 30_000 });
  const gpus = (result.stdout ?? '').split('\n').filter((line) => /^GPU \d+:/.test(line));
  if (result.status === 0 && gpus.length > 0) return { gpus, reason: null };
  const said = `${result.stderr ?? ''}${result.stdout ?? ''}`.trim().split('\n')[0];
  return { gpus: [], reason: `nvidia-smi says: ${said || 'nothing'}` };
}

/**
 * Which TensorFlow to have: 'cpu' or 'gpu'. A GPU wheel that is installed stays (it also runs without a GPU).
 * `device` is MSTLAB_DEVICE: 'gpu' without a driver is a SetupError, never a silent CPU run.
 */
export function wantedVariant({ device, installed, env }) {
  if (device !== undefined && !['cpu', 'gpu', ''].includes(device)) {
    throw new SetupError(`set-up: MSTLAB_DEVICE must be "cpu", "gpu" or not set, got "${device}". Correct it.`);
  }
  if (device === 'cpu') return installed ?? 'cpu';
  if (device !== 'gpu' && installed === 'gpu') return 'gpu';
  const { gpus, reason } = nvidiaGpus(env);
  if (gpus.length > 0) return 'gpu';
  if (device === 'gpu') {
    throw new SetupError(
      `set-up: MSTLAB_DEVICE=gpu needs an NVIDIA driver that answers, got none (${reason}). ` +
        'Install the driver, or unset MSTLAB_DEVICE to use the CPU.',
    );
  }
  return 'cpu';
}
