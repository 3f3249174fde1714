import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadScript } from './fake-machine';

interface Machine {
  checkDisk(request: { root: string; needBytes: number; free: (path: string) => number; temporary: string }): void;
  checkPlatform(platform: string, arch: string): void;
  wantedVariant(request: { device?: string; installed: string | null; env: Record<string, string> }): string;
}
interface Failures {
  failureOf(trouble: {
    where: string;
    tool: string;
    result: { code: number | null; signal: string | null; missing: boolean; lines: string[] };
    log: string;
    free?: string;
  }): Error;
}
interface Stamps {
  keyOf(inputs: unknown): string;
}
interface Environment {
  runtimeChanges(layout: unknown, env: Record<string, string>): Record<string, string>;
}

const { nodeProblem } = loadScript<{ nodeProblem(version: string): string | null }>('node-version.mjs');
const machine = loadScript<Machine>('machine.mjs');
const { failureOf } = loadScript<Failures>('failures.mjs');
const { keyOf } = loadScript<Stamps>('stamps.mjs');
const { runtimeChanges } = loadScript<Environment>('runtime-environment.mjs');
const { layoutOf } = loadScript<{ layoutOf(root?: string): unknown }>('layout.mjs');
const { freePort } = loadScript<{ freePort(first: number): Promise<number> }>('lab.mjs');

describe('the machine', () => {
  it.each(['v20.19.0', 'v20.20.2', 'v22.12.0', 'v22.23.3', 'v23.0.0', 'v24.21.0', 'v26.0.0'])('Node %s works', (v) => {
    expect(nodeProblem(v)).toBeNull();
  });

  it.each(['v16.20.2', 'v18.20.8', 'v20.18.3', 'v21.7.3', 'v22.11.0'])('Node %s is refused', (v) => {
    expect(nodeProblem(v)).toContain(`got ${v}`);
  });

  it('a disk with too little room is named with what is needed and what is there', () => {
    const free = (path: string) => (path === '/project' ? 2.94e9 : 50e9);
    const check = (needBytes: number) => () =>
      machine.checkDisk({ root: '/project', needBytes, free, temporary: '/elsewhere' });
    expect(check(2.94e9)).not.toThrow();
    expect(check(3.3e9)).toThrow(
      'set-up: 3.3 GB must be free for what is still to be installed, got 2.9 GB (/project).',
    );
  });

  it('the folder for temporary files must take a wheel too', () => {
    const free = (path: string) => (path === '/project' ? 50e9 : 0.1e9);
    const check = () => machine.checkDisk({ root: '/project', needBytes: 3.2e9, free, temporary: '/small' });
    expect(check).toThrow('0.8 GB must be free for what is still to be installed, got 0.1 GB (/small, the folder');
  });

  it.each([
    ['darwin', 'arm64'],
    ['win32', 'x64'],
    ['linux', 'ia32'],
  ])('%s on %s is refused', (platform, arch) => {
    expect(() => machine.checkPlatform(platform, arch)).toThrow(
      `must be Linux on x64 or arm64, got ${platform} on ${arch}`,
    );
  });

  it('a CUDA build that is installed stays when no driver answers', () => {
    expect(machine.wantedVariant({ installed: 'gpu', env: { PATH: '' } })).toBe('gpu');
    expect(machine.wantedVariant({ installed: 'cpu', env: { PATH: '' } })).toBe('cpu');
    expect(() => machine.wantedVariant({ device: 'tpu', installed: 'cpu', env: {} })).toThrow('must be "cpu", "gpu"');
  });
});

describe('a failed tool', () => {
  const failure = (result: object) =>
    failureOf({
      where: 'TensorFlow',
      tool: 'pip',
      result: { code: 1, signal: null, missing: false, lines: [], ...result },
      log: 'x.log',
    }).message;

  it('that was killed names the signal and memory', () => {
    expect(failure({ code: null, signal: 'SIGKILL' })).toMatch(/got SIGKILL \(often: memory ran out; log: x\.log\)/);
  });

  it('on a full disk that also breaks its download is told as a full disk', () => {
    const lines = ['Connection reset by peer', 'OSError: [Errno 28] No space left on device'];
    expect(failure({ lines })).toContain('the disk must have room, got "OSError: [Errno 28] No space left on device"');
  });

  it('with words set-up does not know gives its error line and the log', () => {
    expect(failure({ code: 7, lines: ['reading', 'ERROR: strange', 'done'] })).toContain(
      'pip must end with exit code 0, got 7 with "ERROR: strange" (log: x.log)',
    );
  });

  it('always gives one line that ends in what to do, whatever it printed', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 255 }), (lines, code) => {
        const text = failure({ code, lines });
        expect(text.split('\n')).toHaveLength(1);
        expect(text).toMatch(/^set-up, TensorFlow: .* got .*\. .*\.$/);
      }),
    );
  });
});

describe('launching', () => {
  it('MSTLAB_DEVICE=cpu hides every GPU, and a setting of the caller is kept', () => {
    const changes = runtimeChanges(layoutOf(), {
      MSTLAB_DEVICE: 'cpu',
      CUDA_VISIBLE_DEVICES: '1',
      TF_CPP_MIN_LOG_LEVEL: '0',
    });
    expect(changes.CUDA_VISIBLE_DEVICES).toBe('');
    expect(changes).not.toHaveProperty('TF_CPP_MIN_LOG_LEVEL');
  });

  it('the CUDA build brings its library folders, one GPU, memory as needed, and the compiler of XLA; a choice of the caller stays', () => {
    const root = mkdtempSync(join(tmpdir(), 'mstlab-cuda-'));
    const site = join(root, '.venv', 'lib', 'python3.11', 'site-packages');
    for (const path of [
      'tensorflow-2.21.0.dist-info',
      'nvidia/cuda_runtime/lib',
      'nvidia/cudnn/lib',
      'nvidia/cuda_nvcc/bin',
    ])
      mkdirSync(join(site, path), { recursive: true });
    const folders = [join(site, 'nvidia', 'cuda_runtime', 'lib'), join(site, 'nvidia', 'cudnn', 'lib')].join(':');
    expect(runtimeChanges(layoutOf(root), {})).toMatchObject({
      LD_LIBRARY_PATH: folders,
      CUDA_VISIBLE_DEVICES: '0',
      TF_FORCE_GPU_ALLOW_GROWTH: 'true',
      TF_GPU_ALLOCATOR: 'cuda_malloc_async',
      XLA_FLAGS: `--xla_gpu_cuda_data_dir=${join(site, 'nvidia', 'cuda_nvcc')}`,
    });
    const own = { LD_LIBRARY_PATH: '/mine', CUDA_VISIBLE_DEVICES: '2', XLA_FLAGS: '--mine' };
    const kept = runtimeChanges(layoutOf(root), own);
    expect(kept.LD_LIBRARY_PATH).toBe(`${folders}:/mine`);
    expect(kept).not.toHaveProperty('CUDA_VISIBLE_DEVICES');
    expect(kept).not.toHaveProperty('XLA_FLAGS');
    rmSync(root, { recursive: true });
  });

  it('JupyterLab takes the next port when one is taken', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen({ host: '127.0.0.1', port: 0 }, done));
    const { port } = server.address() as { port: number };
    expect(await freePort(port)).toBeGreaterThan(port);
    server.close();
  });

  it('equal inputs have equal keys and different ones do not', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => keyOf(value) === keyOf(structuredClone(value))));
    expect(keyOf(['a', 'bc'])).not.toBe(keyOf(['ab', 'c']));
  });
});
