import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const HOST = '127.0.0.1';
const FIRST_PORT = 8888;
const READY_TIMEOUT_MS = 60_000;

/**
 * Starts JupyterLab of the environment on this machine only, prints its address when it answers, and resolves to its
 * exit code. The first argument may be a notebook; others go to JupyterLab as they are.
 */
export async function openLab(layout, env, args) {
  const jupyter = join(layout.venv, 'bin', 'jupyter-lab');
  if (!existsSync(jupyter)) {
    process.stderr.write(`lab: JupyterLab must be installed, got no ${jupyter}. Run npm run build or npm start.\n`);
    return 1;
  }
  const notebook = args[0] !== undefined && !args[0].startsWith('-') ? args.shift() : layout.quickstart;
  if (!existsSync(join(layout.root, notebook))) {
    process.stderr.write(`lab: the notebook must be a file of this project, got ${notebook}. Name another.\n`);
    return 1;
  }
  const asked = args.find((text) => /^--(ServerApp\.)?port=/.test(text))?.split('=')[1];
  const port = asked === undefined ? await freePort(FIRST_PORT) : Number(asked);
  const token = env.JUPYTER_TOKEN || randomBytes(16).toString('hex');
  const path = `/lab/tree/${notebook.split('/').map(encodeURIComponent).join('/')}`;
  const options = [
    `--ServerApp.ip=${HOST}`,
    `--ServerApp.port=${port}`,
    '--ServerApp.port_retries=0',
    `--ServerApp.root_dir=${layout.root}`,
    `--LabApp.default_url=${path}`,
    '--MultiKernelManager.default_kernel_name=mstlab',
    '--log-level=WARN',
    ...(process.getuid?.() === 0 ? ['--allow-root'] : []),
    ...(env.DISPLAY || env.WAYLAND_DISPLAY || env.BROWSER ? [] : ['--no-browser']),
  ];
  const child = spawn(jupyter, [...options, ...args], {
    cwd: layout.root,
    env: { ...env, JUPYTER_TOKEN: token, JUPYTER_PREFER_ENV_PATH: '1' },
    stdio: 'inherit',
  });
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const ended = new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
  child.on('error', () => {});
  const ready = await Promise.race([answers(port, token), ended.then(() => false)]);
  if (ready) process.stdout.write(`JupyterLab: http://${HOST}:${port}${path}?token=${token}\n(Ctrl-C twice ends it)\n`);
  return ended;
}

async function answers(port, token) {
  const end = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < end) {
    try {
      const response = await fetch(`http://${HOST}:${port}/api/status?token=${token}`);
      if (response.ok) return true;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}

/** The first port from `first` on that nothing listens on. */
export function freePort(first) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (error.code === 'EADDRINUSE' && first < 65535) resolve(freePort(first + 1));
      else reject(error);
    });
    server.listen({ host: HOST, port: first }, () => server.close(() => resolve(first)));
  });
}
