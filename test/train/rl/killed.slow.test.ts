import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../../src/compute/backends';
import { RandomStream } from '../../../src/core';
import { trainRl } from '../../../src/train';
import { loadCheckpoint } from '../../../src/train/checkpoint';
import { KILLED_RUN, type KillPlan } from '../../support/rl-process';
import { PROBE, rlRun } from '../../support/rl-runs';
import { loadTiny } from '../../support/tiny-models';

const PROJECT = resolve(__dirname, '../../..');

/** What a run leaves, without clocks: policy and moments bit by bit, and the lines of its steps and probes. */
function leftIn(dir: string) {
  const { step, facts, tensors } = loadCheckpoint<Record<string, unknown>>(dir)!;
  const lines = (file: string) =>
    readFileSync(join(dir, file), 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const { seconds, elapsedSeconds, episodesPerSecond, peakMemoryMb, ...rest } = JSON.parse(line);
        return rest;
      });
  const { elapsedSeconds: _, ...kept } = facts;
  const bytes = Object.entries(tensors).map(([name, { dtype, shape, data }]) => [
    ...[name, dtype, shape.join('×')],
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
  ]);
  return { step, kept, bytes: bytes.sort(), steps: lines('steps.jsonl'), probes: lines('probes.jsonl') };
}

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly steps: readonly number[];
  readonly text: string;
}

/** Trains in a process of its own; `killAfter` kills it so many milliseconds after it said that it did that step. */
function trainInProcess(
  dir: string,
  { plan, killAfter }: { plan?: KillPlan; killAfter?: { step: number; ms: number } } = {},
) {
  const child = spawn(
    process.execPath,
    [
      join(PROJECT, 'node_modules/vite-node/vite-node.mjs'),
      ...[
        '--root',
        PROJECT,
        'test/support/rl-process.ts',
        '--',
        `train:${dir}`,
        ...(plan ? [JSON.stringify(plan)] : []),
      ],
    ],
    { cwd: PROJECT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  const stepsOf = () => [...text.matchAll(/^step (\d+)$/gm)].map(([, step]) => Number(step));
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (killAfter && stepsOf().includes(killAfter.step)) setTimeout(() => child.kill('SIGKILL'), killAfter.ms);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return new Promise<Ended>((done) => {
    child.on('close', (code, signal) => done({ code, signal, steps: stepsOf(), text }));
  });
}

describe('RL killed by SIGKILL', () => {
  let root: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'mstlab-rl-killed-'));
    const model = await loadTiny('tiny-llama', tensorflowBackend());
    await trainRl(rlRun(model, KILLED_RUN, { probe: PROBE, dir: join(root, 'whole') }));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('five times over, each at another moment of the same run, ends bit for bit as a run that nothing disturbed', async () => {
    const dir = join(root, 'killed');
    const seed = Date.now();
    const random = new RandomStream(seed);
    // The moment is drawn anew each time; the message of a failure names the seed.
    const early = { step: 1 + random.below(3), ms: 20 * random.uniform() };
    const middle = { step: 7 + random.below(4), ms: 20 * random.uniform() };
    const saved = () => readdirSync(join(dir, 'checkpoints')).sort();

    const first = await trainInProcess(dir, { killAfter: early });
    expect(first.signal, `seed ${seed}\n${first.text}`).toBe('SIGKILL');
    const half = await trainInProcess(dir, { plan: { step: 8, point: 'tensors' } });
    expect(half.signal, `seed ${seed}\n${half.text}`).toBe('SIGKILL');
    expect(saved()[0]).toBe('step-00000006');
    expect(saved()[1]).toMatch(/^step-00000008\.\d+\.tmp$/);
    const third = await trainInProcess(dir, { killAfter: middle });
    expect(third.signal, `seed ${seed}\n${third.text}`).toBe('SIGKILL');
    expect(third.steps[0]).toBe(7);
    const unnamed = await trainInProcess(dir, { plan: { step: 16, point: 'rename' } });
    expect(unnamed.signal, `seed ${seed}\n${unnamed.text}`).toBe('SIGKILL');
    expect(saved()[0]).toBe('step-00000014');
    const twice = await trainInProcess(dir, { plan: { step: 20, point: 'removal of the old' } });
    expect(twice.signal, `seed ${seed}\n${twice.text}`).toBe('SIGKILL');
    expect(saved()).toEqual(expect.arrayContaining(['step-00000018', 'step-00000020']));
    const last = await trainInProcess(dir);
    expect(last, `seed ${seed}\n${last.text}`).toMatchObject({ code: 0, steps: [21, 22, 23, 24] });

    expect(leftIn(dir), `seed ${seed}`).toEqual(leftIn(join(root, 'whole')));
    expect(leftIn(dir).steps).toHaveLength(KILLED_RUN.steps);
    expect(leftIn(dir).probes).toHaveLength(1 + KILLED_RUN.steps / KILLED_RUN.probeEvery);
    expect(saved()).toEqual(['step-00000024']);
  });
});
