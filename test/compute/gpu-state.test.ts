import { describe, expect, test } from 'vitest';
import { gpuStates, parseGpuStates } from '../../src/compute/backends';

// The form that nvidia-smi's manual gives for --format=csv,noheader,nounits; memory in MiB.
const GPUS = [
  '0, NVIDIA H100 80GB HBM3, GPU-aaaa, 550.54.15, 81559, 40123, 41000, 87',
  '1, NVIDIA H100 80GB HBM3, GPU-bbbb, 550.54.15, 81559, 4, 81119, 0',
  '',
].join('\n');
const PROCESSES = ['GPU-aaaa, 4242, node, 39000', 'GPU-aaaa, 77, /opt/x/python3 -c a, b, [N/A]', ''].join('\n');
const mib = 1024 * 1024;

describe('the state of GPUs', () => {
  test('memory is in bytes, and each process stands with the GPU it holds', () => {
    const [first, second] = parseGpuStates(GPUS, PROCESSES);
    expect(first).toMatchObject({
      index: 0,
      name: 'NVIDIA H100 80GB HBM3',
      totalBytes: 81559 * mib,
      usedBytes: 40123 * mib,
      freeBytes: 41000 * mib,
      busyShare: 0.87,
    });
    expect(first.processes[0]).toEqual({ pid: 4242, name: 'node', bytes: 39000 * mib });
    expect(second.processes).toEqual([]);
  });

  test('what the driver does not tell is null, and a process name may hold commas', () => {
    const [{ processes }] = parseGpuStates(GPUS, PROCESSES);
    expect(processes[1]).toEqual({ pid: 77, name: '/opt/x/python3 -c a, b', bytes: null });
    const [shared] = parseGpuStates('0, MIG, GPU-c, 550, [N/A], [N/A], [Insufficient Permissions], [N/A]', '');
    expect(shared).toMatchObject({ totalBytes: null, usedBytes: null, freeBytes: null, busyShare: null });
  });

  test('words that are no rows give no GPU', () => {
    expect(parseGpuStates('No devices were found\n', '')).toEqual([]);
    expect(parseGpuStates('', 'No running processes found')).toEqual([]);
  });

  test('a tool that does not answer is null; GPUs are told even if processes are not', () => {
    expect(gpuStates(() => null)).toBeNull();
    expect(gpuStates(([query]) => (query.startsWith('--query-gpu') ? GPUS : null))).toHaveLength(2);
  });
});
