import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { probeAddon } from './addon-probe.mjs';
import { SetupError } from './failures.mjs';
import { installedVariant, PINNED, tensorflowFolder } from './layout.mjs';
import { keyOf, readStamp, textOf, writeStamp } from './stamps.mjs';

const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

/**
 * Compiles the N-API addon that the package tfjs-node-gpu ships as source against the TensorFlow of the Python
 * environment. The package's own installer would fetch TensorFlow 2.9.1 instead, and is never run.
 */
export const addonStep = {
  name: "TensorFlow.js addon, compiled against the environment's TensorFlow",
  where: 'TensorFlow.js addon',
  isCurrent: ({ layout }) => {
    if (!existsSync(layout.addon)) return false;
    const stamp = readStamp(stampFile(layout));
    return stamp !== null && stamp.key === addonKey(layout) && stamp.bytes === statSync(layout.addon).size;
  },
  async run(context) {
    const { layout, compiler } = context;
    const folder = dirname(layout.addon);
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) if (name.endsWith('.partial.node')) rmSync(join(folder, name));
    // Compiled beside its place and moved when it loads: a process that has the old one open keeps it.
    const fresh = join(folder, `${process.pid}.partial.node`);
    try {
      const args = compilerArguments(layout, fresh);
      await context.command({ command: compiler.command, args, where: this.where, tool: compiler.command });
      const previous = `${layout.addon}.previous`;
      if (existsSync(layout.addon)) renameSync(layout.addon, previous);
      renameSync(fresh, layout.addon);
      const probe = probeAddon(context.layout, context.env);
      if (probe.error !== null) {
        rmSync(layout.addon);
        if (existsSync(previous)) renameSync(previous, layout.addon);
        throw new SetupError(
          `set-up, ${this.where}: the compiled addon must load, got "${probe.error}" (${basename(layout.addon)}). ` +
            `Run npm run doctor, and if it finds nothing remove ${layout.venv} and node_modules and try again.`,
        );
      }
      rmSync(previous, { force: true });
      writeStamp(stampFile(layout), addonKey(layout), { bytes: statSync(layout.addon).size });
      return `${compiler.command} ${compiler.version}, TensorFlow ${probe.tensorflow}`;
    } finally {
      rmSync(fresh, { force: true });
    }
  },
};

/** g++ arguments that compile and link the addon into `output`, with the wheel's folder as its run path. */
export function compilerArguments(layout, output) {
  const tensorflow = tensorflowFolder(layout);
  const sources = readdirSync(join(layout.tfjs, 'binding'))
    .filter((name) => name.endsWith('.cc'))
    .sort();
  return [
    '-std=c++17',
    '-O2',
    '-fPIC',
    '-shared',
    `-DNAPI_VERSION=${PINNED.napi}`,
    `-I${join(layout.nodeModules, 'node-api-headers', 'include')}`,
    `-I${join(tensorflow, 'include')}`,
    ...sources.map((name) => join(layout.tfjs, 'binding', name)),
    '-o',
    output,
    `-L${tensorflow}`,
    ...LIBRARIES.map((name) => `-l:${name}`),
    `-Wl,-rpath,${tensorflow}`,
  ];
}

function stampFile(layout) {
  return join(dirname(layout.addon), 'mstlab-addon.json');
}

// Both versions, the place of TensorFlow (the run path), which of its builds it is, and its libraries by size.
function addonKey(layout) {
  const tensorflow = tensorflowFolder(layout);
  if (tensorflow === null) return null;
  const versionOf = (folder) => JSON.parse(textOf(join(folder, 'package.json')) ?? '{}').version;
  return keyOf([
    versionOf(layout.tfjs),
    versionOf(join(layout.nodeModules, 'node-api-headers')),
    PINNED,
    tensorflow,
    installedVariant(layout),
    LIBRARIES.map((name) => statSync(join(tensorflow, name), { throwIfNoEntry: false })?.size ?? null),
  ]);
}
