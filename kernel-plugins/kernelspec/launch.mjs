#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { openLab } from './lab.mjs';
import { layoutOf } from './layout.mjs';
import { setUpPeers } from './peers.mjs';
import { runtimeEnvironment } from './runtime-environment.mjs';

/**
 * Starts what an npm script is for, in the environment that set-up made; further arguments pass through.
 *   launch.mjs cli COMMAND ...     the command line of src/experiments
 *   launch.mjs bench [PART] ...    the benchmark, after making the peers' environment
 *   launch.mjs lab [NOTEBOOK] ...  JupyterLab
 *   launch.mjs run PROGRAM ...     any program, with the same environment
 */
async function main([what, ...rest]) {
  const layout = layoutOf();
  const env = runtimeEnvironment(layout, process.env);
  if (what === 'lab') return openLab(layout, env, rest);
  if (what === 'run') return runToEnd(rest[0], rest.slice(1), { cwd: layout.root, env });
  const program = { cli: layout.cli, bench: layout.bench }[what];
  if (program === undefined) {
    process.stderr.write(
      `launch: the first argument must be cli, bench, lab or run, got ${what ?? 'none'}. Use an npm script.\n`,
    );
    return 2;
  }
  if (!existsSync(program)) {
    process.stderr.write(`launch: the program must be built, got no ${program}. Run npm run build.\n`);
    return 1;
  }
  if (what === 'bench' && needsPeers(rest)) {
    const code = await setUpPeers(layout, process.env);
    if (code !== 0) return code;
  }
  return runToEnd(process.execPath, [program, ...rest], { cwd: layout.root, env });
}

/** Whether these arguments of the benchmark name something that runs beside PyTorch: not its table, and not the kernel alone. */
function needsPeers(args) {
  const words = args.filter((text) => /^[a-z]+$/.test(text));
  return words.length === 0 || words.some((word) => word !== 'markdown' && word !== 'kernel');
}

/** Runs a program in this terminal, passes signals on, and resolves to its exit code (128 + n after a signal). */
export function runToEnd(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    // A terminal's Ctrl-C reaches the child by itself; it decides when it is done.
    const pass = (signal) => child.kill(signal);
    process.on('SIGINT', () => {});
    process.on('SIGTERM', pass);
    process.on('SIGHUP', pass);
    child.on('error', (error) => {
      process.stderr.write(`launch: ${command} must start, got "${error.message}". Run npm run doctor.\n`);
      resolve(1);
    });
    child.on('close', (code, signal) =>
      resolve(code ?? (signal === 'SIGKILL' ? 137 : signal === 'SIGINT' ? 130 : 143)),
    );
  });
}

if (import.meta.filename === process.argv[1] || process.argv[1]?.endsWith('launch.mjs')) {
  main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
}
