import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { PROJECT, SCRIPTS } from './fake-machine';

const NOTEBOOK = '.cache/lab-test.ipynb';

let lab: ChildProcess | null = null;
afterEach(async () => {
  rmSync(join(PROJECT, NOTEBOOK), { force: true });
  if (lab !== null && lab.exitCode === null) {
    lab.kill('SIGTERM');
    await new Promise((done) => lab?.on('close', done));
  }
});

function launch(...args: string[]): { output: () => string; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [join(SCRIPTS, 'launch.mjs'), 'lab', ...args], { cwd: PROJECT });
  lab = child;
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  return { output: () => text, ended: new Promise((done) => child.on('close', done)) };
}

function fetchJson(url: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((done, fail) => {
    get(url, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => done({ status: response.statusCode, text }));
    }).on('error', fail);
  });
}

describe('npm run lab', () => {
  it('prints the address of the notebook on this machine alone, with our kernel, and stops when told', async (context) => {
    if (!existsSync(join(PROJECT, '.venv', 'bin', 'jupyter-lab')))
      context.skip('no JupyterLab: npm run setup brings it');
    writeFileSync(join(PROJECT, NOTEBOOK), '{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}');
    const { output, ended } = launch(NOTEBOOK, '--no-browser');
    await expect.poll(output, { timeout: 60_000 }).toMatch(/^JupyterLab: /m);
    const [, origin, token] =
      /^JupyterLab: (http:\/\/127\.0\.0\.1:\d+)\/lab\/tree\/\.cache\/lab-test\.ipynb\?token=(\w+)$/m.exec(
        output(),
      ) as RegExpExecArray;
    const specs = await fetchJson(`${origin}/api/kernelspecs?token=${token}`);
    expect(JSON.parse(specs.text)).toMatchObject({
      default: 'mstlab',
      kernelspecs: { mstlab: { spec: { language: 'typescript', display_name: 'TypeScript (mstlab)' } } },
    });
    expect((await fetchJson(`${origin}/api/kernelspecs`)).status).toBe(403);
    lab?.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('a notebook that is not there is an error before anything starts', async () => {
    const { output, ended } = launch('notebooks/guide/none.ipynb');
    expect(await ended).toBe(1);
    expect(output()).toBe(
      'lab: the notebook must be a file of this project, got notebooks/guide/none.ipynb. Name another.\n',
    );
  });
});
