import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sitePackages } from './layout.mjs';
import { forgetHalfInstalled, PIP_INSTALL, pipStep, pythonSteps, stampFile } from './python-environment.mjs';
import { main } from './setup-run.mjs';
import { readStamp, textOf, writeStamp } from './stamps.mjs';

/** The checkout as set-up's parts see it, with the peers' environment in place of the project's own. */
export function peersLayout(layout) {
  const venv = join(layout.root, '.venv-peers');
  return { ...layout, venv, python: join(venv, 'bin', 'python'), spec: join(layout.root, 'test', 'bench') };
}

const REQUIREMENTS = 'requirements-peers.txt';

/**
 * PyTorch, its build without CUDA where pip can get it: from the registry that pip is configured for, or from the index in
 * MSTLAB_TORCH_INDEX. Where neither has one the plain build does the same on a CPU, and is some gigabytes larger.
 */
const torchStep = {
  name: 'PyTorch for a CPU',
  where: 'PyTorch',
  isCurrent({ layout }) {
    const found = readStamp(stampFile(layout, 'torch'));
    const proof = torchFile(layout);
    return found?.key === pinnedTorch(layout) && proof !== null && statSync(proof).size === found.proofBytes;
  },
  async run(context) {
    const { layout, env } = context;
    forgetHalfInstalled(sitePackages(layout));
    const pinned = pinnedTorch(layout);
    const index = env.MSTLAB_TORCH_INDEX ? ['--extra-index-url', env.MSTLAB_TORCH_INDEX] : [];
    const tried = await context.attempt({
      command: layout.python,
      args: [...PIP_INSTALL, ...index, `${pinned}+cpu`],
      where: this.where,
    });
    if (tried.code !== 0) {
      if (/No matching distribution|Could not find a version/.test(tried.lines.join('\n'))) {
        context.out(
          'bench: the registry has no PyTorch without CUDA; the plain one follows, some gigabytes larger. ' +
            "To spare them, name the address of PyTorch's CPU index in MSTLAB_TORCH_INDEX.",
        );
        const args = [...PIP_INSTALL, pinned];
        await context.command({ command: layout.python, args, where: this.where, tool: 'pip' });
      } else context.require(tried, { where: this.where, tool: 'pip' });
    }
    writeStamp(stampFile(layout, 'torch'), pinned, { proofBytes: statSync(torchFile(layout)).size });
  },
};

const peersStep = pipStep({
  name: 'transformers, PEFT, TRL, bitsandbytes',
  where: 'bench peers',
  stamp: 'peers',
  files: [REQUIREMENTS],
  proof: ({ layout }) => join(sitePackages(layout) ?? layout.venv, 'trl', '__init__.py'),
});

/** Makes `.venv-peers` if it is not there or its pins have changed. Resolves to an exit code. */
export function setUpPeers(layout, env, out) {
  return main(peersLayout(layout), env, out, [pythonSteps[0], torchStep, peersStep]);
}

function torchFile(layout) {
  const site = sitePackages(layout);
  const file = site === null ? null : join(site, 'torch', '__init__.py');
  return file !== null && existsSync(file) ? file : null;
}

function pinnedTorch(layout) {
  return /^torch==\S+/m.exec(textOf(join(layout.spec, REQUIREMENTS)) ?? '')?.[0] ?? 'torch';
}
