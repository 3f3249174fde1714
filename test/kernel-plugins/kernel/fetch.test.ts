import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { installFetch } from '../../../kernel-plugins/kernel/execution/fetch';

type Global = typeof globalThis & { [untied: symbol]: typeof fetch | undefined };

const untied = Symbol.for('mstlab.untied-fetch');
const own = globalThis.fetch;
let server: Server;
let url: string;
let cell: AbortController;
let answer: () => void;

beforeEach(async () => {
  cell = new AbortController();
  // Answers when the test says so.
  let release = () => {};
  const released = new Promise<void>((done) => {
    release = done;
  });
  answer = release;
  server = createServer((_, response) => void released.then(() => response.end('answered')));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  installFetch(() => cell.signal);
});
afterEach(() => {
  globalThis.fetch = own;
  Reflect.deleteProperty(globalThis, untied);
  server.closeAllConnections();
  server.close();
});

describe('fetch in a cell', () => {
  test('ends with the cell’s signal', async () => {
    const asked = fetch(url);
    cell.abort(new Error('the cell was interrupted'));
    await expect(asked).rejects.toThrow('the cell was interrupted');
  });

  test('the untied one goes on when the cell is interrupted, and is no name that cells list', async () => {
    const asked = (globalThis as Global)[untied]!(url);
    cell.abort(new Error('the cell was interrupted'));
    answer();
    expect(await (await asked).text()).toBe('answered');
    expect(Object.getOwnPropertyDescriptor(globalThis, untied)?.enumerable).toBe(false);
  });
});
