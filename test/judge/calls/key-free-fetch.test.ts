import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeySource } from '../../../src/judge/calls/key';
import { keyFreeFetch } from '../../../src/judge/calls/key-free-fetch';

const key = ['sk', 'ant', 'api03-Planted_0123456789-abcdefAB'].join('-');
const source = new KeySource('ANTHROPIC_API_KEY', key);

const bytes = (text: string) => new TextEncoder().encode(text);
const fetched = (body: BodyInit | ReadableStream | null, init: ResponseInit = {}) =>
  keyFreeFetch(async () => new Response(body as BodyInit, init), source)('http://127.0.0.1/');

describe('keyFreeFetch', () => {
  test('law: in whatever pieces a body comes, the key is blanked and the rest stays', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(key, 'é', 'sk-ant-', key.slice(0, 20), ' ', '\n', 'long '.repeat(60)), {
          maxLength: 8,
        }),
        fc.integer({ min: 1, max: 40 }),
        async (parts, size) => {
          const whole = bytes(parts.join(''));
          const body = new ReadableStream({
            start(stream) {
              for (let at = 0; at < whole.length; at += size) stream.enqueue(whole.slice(at, at + size));
              stream.close();
            },
          });
          const text = await (await fetched(body)).text();
          expect(text).toBe(parts.join('').replaceAll(key, '••••'));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('headers and the reason of the status are blanked; the status, other headers and JSON stay', async () => {
    const answer = await fetched(JSON.stringify({ said: key, n: 1 }), {
      status: 401,
      statusText: `no ${key}`,
      headers: { 'request-id': `req ${key}`, 'retry-after': '3' },
    });
    expect(answer.status).toBe(401);
    expect(answer.statusText).toBe('no ****');
    expect(answer.headers.get('request-id')).toBe('req ****');
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(await answer.json()).toEqual({ said: '••••', n: 1 });
  });

  test('an answer without a body has none', async () => {
    expect(await (await fetched(null, { status: 204 })).text()).toBe('');
  });

  test('a body that breaks off fails with its own error', async () => {
    const broken = new Error('the connection broke off');
    const body = new ReadableStream({
      pull(stream) {
        stream.error(broken);
      },
    });
    await expect((await fetched(body)).text()).rejects.toBe(broken);
  });
});
