import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterEach } from 'vitest';

const packageDir = resolve(__dirname, '../..');
const jupyter = join(packageDir, '.venv', 'bin', 'jupyter-lab');
const kernelspec = join(packageDir, '.venv', 'share', 'jupyter', 'kernels', 'mstlab', 'kernel.json');
const candidates = [
  process.env.MSTLAB_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser on this machine, or null. */
export const chromiumPath: string | null = candidates.find((path) => path && existsSync(path)) ?? null;

/** Keeps a picture of the page for every test of this file that fails. */
export function pictureFailures(lab: () => Lab | undefined): void {
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await lab()?.screenshot(`failed-${task.name.replace(/[^a-z0-9]+/gi, '-')}`);
  });
}

/** Why browser tests cannot run here, in one line with the command that would change it; null if they can. */
export function browserSkipReason(): string | null {
  if (chromiumPath === null)
    return 'no Chromium: install it (Debian: `apt-get install chromium`) or set MSTLAB_CHROMIUM to its path';
  if (!existsSync(jupyter) || !existsSync(kernelspec))
    return 'no JupyterLab with the kernel in .venv: run `npm start` once';
  return null;
}

export interface Lab {
  readonly page: Page;
  /** Addresses outside this machine that the page asked for; all were refused. */
  readonly foreignRequests: readonly string[];
  /** Opens a notebook of the server's folder and waits until its kernel is idle. */
  open(notebook: string): Promise<void>;
  runAll(): Promise<void>;
  /** Waits until every code cell has a number. */
  finished(timeoutMs: number): Promise<void>;
  /** A code cell, from 0. */
  cell(index: number): Locator;
  /** What a code cell shows. */
  outputs(index: number): Locator;
  /** Runs one cell as its reader does, with Ctrl-Enter in its editor; does not wait for its end. */
  run(index: number): Promise<void>;
  /** Waits until a cell has run and has a number. */
  ran(index: number, timeoutMs?: number): Promise<void>;
  /** A button of the notebook's toolbar. */
  press(command: 'docmanager:save' | 'notebook:interrupt-kernel'): Promise<void>;
  screenshot(name: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts JupyterLab on `rootDir` and a headless Chromium with a fresh profile. */
export async function startLab(rootDir: string): Promise<Lab> {
  const port = await freePort();
  const token = randomBytes(16).toString('hex');
  const server = spawn(
    jupyter,
    [
      '--no-browser',
      '--allow-root',
      '--ServerApp.ip=127.0.0.1',
      `--ServerApp.port=${port}`,
      '--ServerApp.port_retries=0',
      `--ServerApp.root_dir=${rootDir}`,
      '--log-level=WARN',
    ],
    { env: { ...process.env, JUPYTER_TOKEN: token, JUPYTER_PREFER_ENV_PATH: '1' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk) => {
      log += chunk;
    });
  let browser: Browser | null = null;
  try {
    await answers(`http://127.0.0.1:${port}/api/status?token=${token}`, server, () => log);
    browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    const foreignRequests = await refuseForeign(page, port);
    return labOf({ page, foreignRequests, origin: `http://127.0.0.1:${port}`, token, server, browser });
  } catch (error) {
    await browser?.close();
    server.kill('SIGKILL');
    throw error;
  }
}

interface Parts {
  readonly page: Page;
  readonly foreignRequests: string[];
  readonly origin: string;
  readonly token: string;
  readonly server: ChildProcess;
  readonly browser: Browser;
}

function labOf({ page, foreignRequests, origin, token, server, browser }: Parts): Lab {
  const cell = (index: number) => page.locator('.jp-Notebook .jp-CodeCell').nth(index);
  return {
    page,
    foreignRequests,
    async open(notebook) {
      // `reset` drops the saved workspace: restored tabs would double every selector.
      await page.goto(`${origin}/lab/tree/${notebook}?reset&token=${token}`);
      await page.locator('.jp-Notebook .jp-Cell').first().waitFor({ timeout: 60_000 });
      await page.locator('.jp-StatusBar-TextItem', { hasText: '| Idle' }).waitFor({ timeout: 90_000 });
    },
    async runAll() {
      await page.locator('.jp-Notebook .jp-CodeCell').first().click();
      await page.getByRole('menuitem', { name: 'Run', exact: true }).click();
      await page.locator('[data-command="runmenu:run-all"]').click();
    },
    async finished(timeoutMs) {
      await page.waitForFunction(
        () => {
          const prompts = [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputArea-prompt')];
          return prompts.length > 0 && prompts.every((prompt) => /^\[\d+\]:/.test(prompt.textContent ?? ''));
        },
        undefined,
        { timeout: timeoutMs },
      );
    },
    cell,
    outputs: (index) => cell(index).locator('.jp-OutputArea').first(),
    async run(index) {
      await cell(index).locator('.cm-content').click();
      await page.keyboard.press('Control+Enter');
    },
    async ran(index, timeoutMs = 30_000) {
      await cell(index)
        .locator('.jp-InputArea-prompt', { hasText: /^\[\d+\]:/ })
        .waitFor({ timeout: timeoutMs });
    },
    async press(command) {
      await page.locator(`.jp-NotebookPanel-toolbar [data-command="${command}"]`).first().click();
    },
    async screenshot(name) {
      const dir = join(packageDir, 'test-artifacts');
      mkdirSync(dir, { recursive: true });
      const path = join(dir, `${name}.png`);
      await page.screenshot({ path });
      return path;
    },
    async close() {
      await browser.close();
      const ended = new Promise((done) => server.once('exit', done));
      server.kill('SIGTERM');
      const timer = setTimeout(() => server.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function refuseForeign(page: Page, port: number): Promise<string[]> {
  const foreign: string[] = [];
  await page.route(
    (url) => /^(https?|wss?):$/.test(url.protocol) && url.host !== `127.0.0.1:${port}`,
    (route) => {
      foreign.push(route.request().url());
      return route.abort();
    },
  );
  return foreign;
}

async function answers(url: string, server: ChildProcess, log: () => string): Promise<void> {
  const until = Date.now() + 60_000;
  while (Date.now() < until && server.exitCode === null) {
    const answered = await fetch(url)
      .then((response) => response.ok)
      .catch(() => false);
    if (answered) return;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error(`startLab: JupyterLab must answer within 60 s, got no answer. It wrote:\n${log()}`);
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}
