import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KernelClient, type LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { alive, descendants } from './processes';
import { contents, executeUntil, kernelArguments, printed, resultText, startKernel } from './support';

describe('a crash of the execution process', () => {
  let kernel: LaunchedKernel;
  let told = '';
  beforeAll(async () => {
    // A small heap for both processes, so that running out of memory takes seconds; this much holds TypeScript.
    kernel = await startKernel({
      env: { NODE_OPTIONS: '--max-old-space-size=400' },
      onAnyPublished({ header, content }) {
        if (header.msg_type === 'stream') told += content.text;
      },
    });
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });

  test.each([
    ['process.exit', 'process.exit(3)', /exit code 3/],
    ['a kill from outside', 'process.kill(process.pid, "SIGKILL"); await new Promise(() => {})', /SIGKILL/],
    ['process.abort', 'process.abort()', /SIGABRT|exit code/],
    ['a native fault', 'process.kill(process.pid, "SIGSEGV"); await new Promise(() => {})', /SIGSEGV/],
    [
      'running out of memory',
      'const kept: number[][] = []; while (true) kept.push(new Array(100_000).fill(Math.random()))',
      /SIGABRT|SIGTRAP|exit code 13[34]/,
    ],
  ])('%s is reported in the cell with what it had printed, and the next cell runs', async (_, code, why) => {
    await kernel.client.execute('const lost = 1');
    const exchange = await kernel.client.execute(`console.log("printed before"); ${code}`);
    expect(contents(exchange, 'error')).toMatchObject([{ ename: 'ExecutionProcessEnded' }]);
    expect(contents(exchange, 'error')[0].evalue).toMatch(why);
    expect(printed(exchange)).toBe('printed before\n');
    expect(resultText(await kernel.client.execute('1 + 1'))).toBe('2');
    expect(contents(await kernel.client.execute('lost'), 'error')[0].evalue).toContain("'lost'");
  });

  test('a cell that ran out of memory says so, with what to do and what V8 wrote last', async () => {
    const exchange = await kernel.client.execute(
      'const filled: number[][] = []; while (true) filled.push(new Array(100_000).fill(Math.random()))',
    );
    expect(contents(exchange, 'error')[0].evalue).toMatch(/heap is full.*max-old-space-size/);
    expect(contents(exchange, 'error')[0].traceback.join('\n')).toMatch(/heap out of memory/);
    expect(contents(exchange, 'error')[0].traceback.join('\n')).not.toContain('v8::internal');
  });

  test('a crash between cells is told in the last cell, and the next cell runs', async () => {
    await kernel.client.execute('setTimeout(() => process.exit(7), 100)');
    await expect.poll(() => told, { timeout: 10_000 }).toMatch(/exit code 7.*started anew/);
    expect(resultText(await kernel.client.execute('2 + 3'))).toBe('5');
  });
});

describe('the end of a kernel', () => {
  const busyCell = 'console.log("go"); while (true) {}';

  test('a shutdown is answered and over in less than a second, and no child is left (median of 5; the bound is 3 s for a loaded machine)', async () => {
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const kernel = await startKernel();
      if (round % 2 === 0) await kernel.client.execute('1');
      else await executeUntil(kernel.client, 'go', busyCell).then(({ exchange }) => void exchange.catch(() => {}));
      const children = descendants(kernel.process.pid!);
      expect(children.length).toBeGreaterThan(0);
      times.push(await kernel.shutdown(20_000));
      expect(kernel.process.exitCode).toBe(0);
      expect(alive(children)).toEqual([]);
    }
    expect(times.sort((a, b) => a - b)[2]).toBeLessThan(3_000);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('%s during a cell leaves no child behind', async (signal) => {
    const kernel = await startKernel();
    await executeUntil(kernel.client, 'go', busyCell).then(({ exchange }) => void exchange.catch(() => {}));
    const children = descendants(kernel.process.pid!);
    kernel.process.kill(signal);
    await expect.poll(() => alive([kernel.process.pid!, ...children]), { timeout: 10_000, interval: 50 }).toEqual([]);
    await kernel.shutdown();
  });

  test('after a restart a client of the same connection goes on', async () => {
    const kernel = await startKernel();
    const client = new KernelClient(kernel.connection);
    const dir = mkdtempSync(join(tmpdir(), 'mstlab-restart-'));
    const file = join(dir, 'connection.json');
    writeFileSync(file, JSON.stringify(kernel.connection));
    let second: ReturnType<typeof spawn> | null = null;
    try {
      await client.ready();
      await client.execute('const before = 1');
      await client.request('shutdown_request', { restart: true }, { channel: 'control' });
      await expect.poll(() => kernel.process.exitCode, { timeout: 10_000 }).toBe(0);
      second = spawn(process.execPath, kernelArguments(file), { stdio: 'ignore' });
      await client.ready(60_000);
      expect(contents(await client.execute('before'), 'error')[0].evalue).toContain("'before'");
      expect(resultText(await client.execute('1 + 1'))).toBe('2');
    } finally {
      second?.kill('SIGTERM');
      client.close();
      await kernel.shutdown();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
