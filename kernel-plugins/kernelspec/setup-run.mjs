import { join } from 'node:path';
import { addonStep } from './addon.mjs';
import { endLeftovers, runCommand, stopAll } from './command.mjs';
import { failureOf, SetupError } from './failures.mjs';
import { kernelspecStep } from './kernelspec.mjs';
import { installedVariant, layoutOf } from './layout.mjs';
import { checkDisk, checkPlatform, findCompiler, findPython, freeBytes, gigabytes, wantedVariant } from './machine.mjs';
import { nodePackagesStep } from './node-packages.mjs';
import { pythonSteps } from './python-environment.mjs';
import { takeSetupLock } from './setup-lock.mjs';
import { typescriptBuildStep } from './typescript-build.mjs';

/** All parts, in the order of their needs. Each tells whether it is current, and makes itself so. */
export const steps = [...pythonSteps, nodePackagesStep, addonStep, kernelspecStep, typescriptBuildStep];

// Disk that a part fills, with its downloads, and minutes it takes on two cores and a fast network: measured once.
const COST = {
  JupyterLab: { bytes: 0.5e9, minutes: 0.7 },
  TensorFlow: { bytes: 1.8e9, minutes: 1.2 },
  'TensorFlow with CUDA': { bytes: 9e9, minutes: 5 },
  'model file': { bytes: 0.2e9, minutes: 0.1 },
  'npm packages': { bytes: 0.8e9, minutes: 0.5 },
  PyTorch: { bytes: 1e9, minutes: 1 },
  'bench peers': { bytes: 0.9e9, minutes: 1 },
};
const HEARTBEAT_MS = 15_000;
// For what the parts write besides, and so that the machine is not left without any room.
const SPARE_BYTES = 0.3e9;

/**
 * Runs set-up for this checkout, or the parts in `chosen` instead of all of it. Resolves to the exit code; every failure has
 * been printed as one sentence.
 */
export async function main(
  layout = layoutOf(),
  env = process.env,
  out = (line) => process.stdout.write(`${line}\n`),
  chosen = steps,
) {
  const started = new Set();
  let lock = null;
  const stop = (signal) => {
    stopAll(started);
    process.stderr.write(`set-up: stopped by ${signal}. Run the same command again: it goes on from here.\n`);
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop);
  try {
    checkPlatform();
    lock = await takeSetupLock(layout.root, (pid) =>
      out(`set-up: another set-up of this folder is running (process ${pid}); waiting for it to end.`),
    );
    const left = await endLeftovers(layout.root);
    if (left.length > 0) out(`set-up: ended ${left.length} process(es) that a killed set-up had left running.`);
    await setUp({ layout, env, out, started, steps: chosen });
    return 0;
  } catch (error) {
    stopAll(started);
    process.stderr.write(`${sentence(error, layout)}\n`);
    return 1;
  } finally {
    await lock?.release();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeListener(signal, stop);
  }
}

async function setUp({ layout, env, out, started, steps }) {
  const begin = Date.now();
  const variant = wantedVariant({ device: env.MSTLAB_DEVICE, installed: installedVariant(layout), env });
  const context = contextOf({ layout, env: cleaned(env), out, started, variant });
  const open = steps.filter((step) => !step.isCurrent(context));
  if (open.length === 0) {
    out(`set-up: all ${steps.length} parts are in place (${seconds(begin)}).`);
    return;
  }
  examineMachine(context, open, steps.length);
  for (const [index, step] of steps.entries()) {
    // Asked again: an earlier part may have renewed what this one was made from.
    if (step.isCurrent(context)) continue;
    await runStep(context, step, `${index + 1}/${steps.length}`);
  }
  out(`set-up: done in ${seconds(begin)}.`);
}

function examineMachine(context, open, total) {
  const begin = Date.now();
  const { layout, env, out, variant } = context;
  const needs = (...wheres) => open.some((step) => wheres.includes(step.where));
  const cost = open.map(
    (step) => COST[step.where === 'TensorFlow' && variant === 'gpu' ? 'TensorFlow with CUDA' : step.where],
  );
  const bytes = cost.reduce((sum, item) => sum + (item?.bytes ?? 0), 0);
  const minutes = cost.reduce((sum, item) => sum + (item?.minutes ?? 0.2), 0);
  const found = [`Node ${process.version.slice(1)}`];
  if (needs('Python environment')) {
    context.python = findPython(env);
    found.push(`Python ${context.python.version}`);
  }
  if (needs('Python environment', 'TensorFlow', 'npm packages', 'TensorFlow.js addon')) {
    context.compiler = findCompiler(env);
    found.push(`${context.compiler.command} ${context.compiler.version}`);
  }
  checkDisk({ root: layout.root, needBytes: bytes + SPARE_BYTES });
  const estimate = minutes < 1 ? 'under a minute' : `about ${Math.ceil(minutes)} minutes`;
  out(
    `set-up: ${open.length} of ${total} parts are to do: ${estimate}` +
      `${bytes > 0 ? `, about ${gigabytes(bytes)} of disk` : ''}. Killed at any point, the next run goes on from there.`,
  );
  out(`set-up: found ${found.join(', ')}, ${gigabytes(freeBytes(layout.root))} free (${seconds(begin)})`);
}

async function runStep(context, step, number) {
  const begin = Date.now();
  const name = typeof step.name === 'function' ? step.name(context) : step.name;
  context.out(`[${number}] ${name} ...`);
  context.latest = '';
  const beat = setInterval(() => {
    const latest = context.latest.trim().replace(/\s+/g, ' ').slice(0, 90);
    context.out(`[${number}]   ${seconds(begin)} so far${latest ? `: ${latest}` : ''}`);
  }, HEARTBEAT_MS);
  try {
    const detail = await step.run(context);
    context.out(`[${number}] done in ${seconds(begin)}${detail ? ` (${detail})` : ''}`);
  } finally {
    clearInterval(beat);
  }
}

// What the parts get: paths, the machine's tools, and a way to run a program that ends in a sentence when it fails.
function contextOf({ layout, env, out, started, variant }) {
  const context = { layout, env, out, variant, python: null, compiler: null, latest: '' };
  context.attempt = async ({ command, args, where = 'TypeScript build' }) => {
    const log = join(layout.cache, `${where.toLowerCase().replaceAll(/[^a-z]+/g, '-')}.log`);
    const onLine = (line) => {
      context.latest = line;
    };
    const result = await runCommand({ command, args, cwd: layout.root, env, log, mark: layout.root, onLine, started });
    return { ...result, log };
  };
  context.require = (result, { where, tool }) => {
    if (result.code === 0) return;
    const free = `${gigabytes(freeBytes(layout.root))} are free in ${layout.root}`;
    throw failureOf({ where, tool, result, log: result.log, free });
  };
  context.command = async ({ command, args, where, tool }) => {
    context.require(await context.attempt({ command, args, where }), { where, tool });
  };
  return context;
}

// Settings of the caller's own Python that would make pip install somewhere else.
function cleaned(env) {
  const { PYTHONHOME, PYTHONPATH, PIP_TARGET, PIP_PREFIX, PIP_USER, PIP_REQUIRE_VIRTUALENV, ...rest } = env;
  return { ...rest, PIP_USER: '0', PYTHONUNBUFFERED: '1' };
}

function sentence(error, layout) {
  if (error instanceof SetupError) return error.message;
  if (error?.code === 'ENOSPC' || error?.code === 'EDQUOT') {
    return `set-up: the disk must have room, got "${error.message}". Free some gigabytes and run the same command again: it goes on from here.`;
  }
  if (error?.code === 'EACCES' || error?.code === 'EROFS' || error?.code === 'EPERM') {
    return `set-up: ${layout.root} must be writable, got "${error.message}". Correct its owner or its rights and run the same command again.`;
  }
  return `mstlab bug: set-up: ${error?.stack ?? error}`;
}

function seconds(begin) {
  return `${((Date.now() - begin) / 1000).toFixed(1)} s`;
}
