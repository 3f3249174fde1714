import { describe, expect, test } from 'vitest';
import { gpuMemory, hostMemory, tensorflowBackend } from '../../src/compute/backends';
import { eagerBackend } from '../../src/compute/backends/eager';

const MIB = 1024 * 1024;

describe('hostMemory', () => {
  test('reads resident and peak memory from the kernel’s account', () => {
    const text = 'Name:\tnode\nVmPeak:\t 2000 kB\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\nThreads:\t11\n';
    expect(hostMemory(() => text)).toEqual({ bytesInUse: 200 * 1024, peakBytes: 300 * 1024, reason: null });
  });

  test('says why it tells nothing', () => {
    expect(hostMemory(() => null).reason).toBe('this system has no /proc/self/status');
    expect(hostMemory(() => 'Name:\tnode\nVmRSS:\t 7 kB\n')).toEqual({
      bytesInUse: 7168,
      peakBytes: null,
      reason: '/proc/self/status does not hold VmRSS and VmHWM',
    });
  });
});

describe('gpuMemory', () => {
  // What the tool prints for two GPUs, one process on both of them.
  const recorded = '4021, 71234\n977, 512\n977, 1024\n';

  test('adds up what one process holds, over its GPUs', () => {
    const asked: (readonly string[])[] = [];
    const use = gpuMemory(977, (args) => {
      asked.push(args);
      return recorded;
    });
    expect(use).toEqual({ bytesInUse: 1536 * MIB, peakBytes: null, reason: 'nvidia-smi tells no peak' });
    expect(asked).toEqual([['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits']]);
  });

  test.each([
    ['the tool is missing', null, 'nvidia-smi did not answer'],
    ['nothing computes', '', 'nvidia-smi lists no process 977; in a container it may know it by another number'],
    ['the driver hides it', '977, [N/A]\n', 'nvidia-smi tells no memory for process 977'],
  ])('says why it tells nothing where %s', (_title, text, reason) => {
    expect(gpuMemory(977, () => text)).toEqual({ bytesInUse: null, peakBytes: null, reason });
  });
});

test('a backend on a processor tells the memory of this process', () => {
  for (const backend of [eagerBackend(), tensorflowBackend({ device: 'cpu' })]) {
    const { bytesInUse, peakBytes, reason } = backend.memory();
    expect(reason).toBeNull();
    expect(bytesInUse).toBeGreaterThan(20 * MIB);
    expect(peakBytes).toBeGreaterThanOrEqual(bytesInUse!);
  }
});
