import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CommMessage } from '../../../kernel-plugins/host/comm-channel';
import {
  type CommData,
  commsAvailable,
  installCommTransport,
  onTarget,
  openComm,
  receiveComm,
} from '../../../kernel-plugins/host/comms';

let sent: CommMessage[] = [];
beforeEach(() => {
  sent = [];
  installCommTransport({ send: (message) => sent.push(message) });
});
afterEach(() => {
  delete (globalThis as Record<symbol, unknown>)[Symbol.for('mstlab.comms')];
});

describe('comms', () => {
  test('an opened comm sends open, messages and one close, with bytes as they lie in memory', () => {
    const comm = openComm('jupyter.widget', { state: { value: 3 } }, { metadata: { version: '2.1.0' } });
    comm.send({ method: 'update' }, { buffers: [new Float32Array([1, 2]).subarray(1), new ArrayBuffer(3)] });
    comm.close();
    comm.close();
    comm.send({ late: true });
    expect(sent.map(({ type }) => type)).toEqual(['open', 'message', 'close']);
    expect(sent[0]).toMatchObject({ target: 'jupyter.widget', commId: comm.id, metadata: { version: '2.1.0' } });
    expect(sent[1].buffers?.map((buffer) => [...buffer])).toEqual([
      [0, 0, 0, 64],
      [0, 0, 0],
    ]);
    expect(comm.closed).toBe(true);
  });

  test('messages reach every handler until it is taken back, closes reach theirs once', async () => {
    const comm = openComm('t');
    const seen: unknown[] = [];
    const undo = comm.onMessage(({ data, buffers }) => seen.push([data.n, buffers.length]));
    comm.onClose(() => seen.push('closed'));
    await receiveComm({ type: 'message', commId: comm.id, data: { n: 1 }, buffers: [new Uint8Array(2)] });
    undo();
    await receiveComm({ type: 'message', commId: comm.id, data: { n: 2 } });
    await receiveComm({ type: 'close', commId: comm.id, data: {} });
    await receiveComm({ type: 'close', commId: comm.id, data: {} });
    expect(seen).toEqual([[1, 1], 'closed']);
    expect(comm.closed).toBe(true);
    expect(sent.map(({ type }) => type)).toEqual(['open']);
  });

  test('the front end opens a comm on a registered target; on another one it is closed', async () => {
    const opened: CommData[] = [];
    const undo = onTarget('echo', (comm, open) => {
      opened.push(open);
      comm.onMessage(({ data }) => comm.send({ echo: data.text }));
    });
    await receiveComm({ type: 'open', commId: 'a', target: 'echo', data: { hello: 1 } });
    await receiveComm({ type: 'message', commId: 'a', data: { text: 'x' } });
    await receiveComm({ type: 'open', commId: 'b', target: 'nobody', data: {} });
    undo();
    await receiveComm({ type: 'open', commId: 'c', target: 'echo', data: {} });
    expect(opened.map(({ data }) => data)).toEqual([{ hello: 1 }]);
    expect(sent.map(({ type, commId, data }) => [type, commId, data])).toEqual([
      ['message', 'a', { echo: 'x' }],
      ['close', 'b', {}],
      ['close', 'c', {}],
    ]);
  });

  test('a handler that fails is reported and stops neither the others nor the comm; one that fails to open closes it', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      const comm = openComm('t');
      const seen: string[] = [];
      comm.onMessage(() => {
        throw new Error('first fails');
      });
      comm.onMessage(async () => void seen.push('second runs'));
      await receiveComm({ type: 'message', commId: comm.id, data: {} });
      onTarget('bad', () => Promise.reject(new Error('cannot open')));
      await receiveComm({ type: 'open', commId: 'b', target: 'bad', data: {} });
      expect(seen).toEqual(['second runs']);
      expect(comm.closed).toBe(false);
      expect(stderr.mock.calls.map(([text]) => String(text).split('\n')[0])).toEqual([
        'A handler of the comm "t" failed: Error: first fails',
        'A handler of the comm "bad" failed: Error: cannot open',
      ]);
      expect(sent.map(({ type, commId }) => [type, commId])).toEqual([
        ['open', comm.id],
        ['close', 'b'],
      ]);
    } finally {
      stderr.mockRestore();
    }
  });

  test('data that is no JSON is refused before anything is sent', () => {
    const comm = openComm('t');
    expect(() => comm.send({ big: 1n })).toThrow(/Comm.send: data must be writable as JSON/);
    expect(() => openComm('t', { big: 1n })).toThrow(/openComm: data must be writable as JSON/);
    expect(sent.length).toBe(1);
  });

  test('a second copy of the library shares the comms', async () => {
    const comm = openComm('t');
    const seen: unknown[] = [];
    comm.onMessage(({ data }) => seen.push(data));
    vi.resetModules();
    const copy = await import('../../../kernel-plugins/host/comms.js');
    expect(copy.openComm).not.toBe(openComm);
    await copy.receiveComm({ type: 'message', commId: comm.id, data: { from: 'the other copy' } });
    expect(seen).toEqual([{ from: 'the other copy' }]);
  });

  test('without a transport there are no comms, and opening one says where they are', () => {
    delete (globalThis as Record<symbol, unknown>)[Symbol.for('mstlab.comms')];
    expect(commsAvailable()).toBe(false);
    expect(() => openComm('t')).toThrow(/comms must run in the mstlab kernel/);
  });
});
