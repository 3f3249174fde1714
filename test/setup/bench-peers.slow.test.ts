import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeMachine } from './fake-machine';

const MAIN = 'dist/test/bench/main.js';
const PINS = 'torch==2.13.0\ntrl==1.16.0\n';

let machine: FakeMachine;
beforeEach(() => {
  machine = new FakeMachine();
  machine.write('test/bench/requirements-peers.txt', PINS);
  machine.write(MAIN, 'console.log("ran", ...process.argv.slice(2));');
});
afterEach(() => machine.dispose());

const bench = (env: Record<string, string> = {}, ...args: string[]) =>
  machine.run(env, 'launch.mjs', ['bench', ...args]);

describe('npm run bench', () => {
  it("makes the peers' environment once, apart from the project's own, and passes its arguments on", async () => {
    const first = await bench({}, 'sft', '--quick');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('ran sft --quick');
    expect(machine.calls()).toEqual(['venv', 'pip torch==2.13.0+cpu', 'pip peers']);
    expect(machine.exists('.venv-peers/lib/python3.11/site-packages/trl/__init__.py')).toBe(true);
    expect(machine.exists('.venv')).toBe(false);
    expect((await bench()).stdout).toContain('ran');
    expect(machine.calls()).toEqual([]);
  });

  it('takes the plain PyTorch where there is none without CUDA, and says how to spare it', async () => {
    const ended = await bench({ FAKE_PIP_TORCH: 'no cpu build' });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("name the address of PyTorch's CPU index in MSTLAB_TORCH_INDEX");
    expect(machine.calls()).toEqual(['venv', 'pip torch==2.13.0+cpu', 'pip torch==2.13.0', 'pip peers']);
  });

  it('asks the index in MSTLAB_TORCH_INDEX too', async () => {
    await bench({ MSTLAB_TORCH_INDEX: 'file:///wheels' });
    expect(machine.calls()).toContain('pip torch==2.13.0+cpu from an index');
  });

  it('ends in a sentence without a network, and runs nothing', async () => {
    const ended = await bench({ FAKE_PIP_TORCH: 'no network' });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^set-up, PyTorch: the package registry must answer, got ".*\n$/);
    expect(ended.stdout).not.toContain('ran');
  });

  it('needs no peers to print the table or to measure the kernel alone', async () => {
    expect((await bench({}, 'markdown')).stdout).toBe('ran markdown\n');
    expect((await bench({}, 'kernel', '--rounds', '2')).stdout).toBe('ran kernel --rounds 2\n');
    expect(machine.calls()).toEqual([]);
    await bench({}, 'kernel', 'rl');
    expect(machine.calls()).not.toEqual([]);
  });

  it('says what to run where the benchmark is not built', async () => {
    machine.write(MAIN, '');
    const { rmSync } = await import('node:fs');
    rmSync(`${machine.root}/${MAIN}`);
    const ended = await bench();
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/the program must be built, got no .*main\.js\. Run npm run build\./);
  });
});
