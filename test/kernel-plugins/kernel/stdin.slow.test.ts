import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Message } from '../../../kernel-plugins/kernel/protocol';
import { KernelClient, type LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, executeUntil, printed, resultText, startKernel } from './support';

describe('questions of cells', () => {
  let kernel: LaunchedKernel;
  const published: Message[] = [];
  beforeAll(async () => {
    kernel = await startKernel({ onAnyPublished: (message) => published.push(message) });
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });

  test('prompt asks the client whose cell it is, and the answer goes on in the cell', async () => {
    const asked: unknown[] = [];
    const exchange = await kernel.client.execute('const name = await prompt("Name? "); `hello ${name.toUpperCase()}`', {
      onInput(content) {
        asked.push(content);
        return 'Ada';
      },
    });
    expect(contents(exchange, 'error')).toEqual([]);
    expect(asked).toEqual([{ prompt: 'Name? ', password: false }]);
    expect(resultText(exchange)).toBe("'hello ADA'");
  });

  test('two questions at once are asked one after the other', async () => {
    let open = 0;
    const exchange = await kernel.client.execute('await Promise.all([prompt("first"), prompt("second")])', {
      onInput: ({ prompt }) => {
        expect(open++).toBe(prompt === 'first' ? 0 : 1);
        return `answer to ${prompt}`;
      },
    });
    expect(resultText(exchange)).toBe("[ 'answer to first', 'answer to second' ]");
  });

  test('a password is asked for as one, reaches the cell, and stands in no message that the kernel sends', async () => {
    const before = published.length;
    const asked: unknown[] = [];
    const key = 'sk-very\'secret"1';
    const exchange = await kernel.client.execute(
      `import { password } from 'mstlab/notebook';
       const key = await password('Key: ');
       console.log('as it is', key); console.error(JSON.stringify({ key }));
       if (key.length !== 16) throw new Error('length');
       setTimeout(() => { throw new Error(key) }, 0); await new Promise((done) => setTimeout(done, 50));
       key`,
      {
        onInput(content) {
          asked.push(content);
          return key;
        },
      },
    );
    expect(asked).toEqual([{ prompt: 'Key: ', password: true }]);
    expect(contents(exchange, 'error')).toEqual([]);
    expect(resultText(exchange)).toContain('••••');
    const failed = await kernel.client.execute('throw new Error(`refused: ${key}`)');
    expect(contents(failed, 'error')[0].evalue).toBe('refused: ••••');
    const all = JSON.stringify([exchange.reply, failed.reply, ...published.slice(before)]);
    expect(all).not.toContain('very');
  });

  test('a front end that cannot ask is an error that names why and what to do', async () => {
    const exchange = await kernel.client.execute('await prompt("Name? ")');
    expect(contents(exchange, 'error')[0]).toMatchObject({ ename: 'ConfigError' });
    expect(contents(exchange, 'error')[0].evalue).toMatch(/allow_stdin is false.*give the value in code/);
  });

  test('an interrupt ends a cell that asks', async () => {
    let asked = false;
    const running = await executeUntil(kernel.client, 'go', 'console.log("go"); await prompt("wait")', {
      onInput: () => {
        asked = true;
        return null;
      },
    });
    await expect.poll(() => asked).toBe(true);
    const askedMs = performance.now();
    kernel.interrupt();
    const exchange = await running.exchange;
    // 2 s is the bound; the rest is for a loaded machine.
    expect(performance.now() - askedMs).toBeLessThan(6_000);
    expect(exchange.reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
    expect(printed(exchange)).toBe('go\n');
    expect(resultText(await kernel.client.execute('1 + 1'))).toBe('2');
  });

  test('a late answer to a question that was given up goes nowhere', async () => {
    const exchange = await kernel.client.execute(
      'const stop = new AbortController(); setTimeout(() => stop.abort(new Error("given up")), 50);' +
        'const first = await prompt("first", { signal: stop.signal }).catch((error) => error.message); [first, await prompt("second")]',
      { onInput: ({ prompt }) => (prompt === 'first' ? null : 'second answer') },
    );
    expect(resultText(exchange)).toBe("[ 'given up', 'second answer' ]");
  });

  test('between two clients, only the one whose cell runs is asked', async () => {
    const other = new KernelClient(kernel.connection);
    try {
      await other.ready();
      const questions: string[] = [];
      const answering = (client: string) => ({
        onInput({ prompt }: { prompt?: string }) {
          questions.push(`${client} ${prompt}`);
          return client;
        },
      });
      const [mine, theirs] = await Promise.all([
        kernel.client.execute('await prompt("mine")', answering('a')),
        other.execute('await prompt("theirs")', answering('b')),
      ]);
      expect([resultText(mine), resultText(theirs)]).toEqual(["'a'", "'b'"]);
      expect(questions.sort()).toEqual(['a mine', 'b theirs']);
    } finally {
      other.close();
    }
  });
});
