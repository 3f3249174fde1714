import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BudgetError, ConfigError, MachineError, RandomStream } from '../../../src/core';
import { failureOf, retryAfterMs } from '../../../src/judge/calls/failures';
import { backoffMs, Slots } from '../../../src/judge/calls/waiting';

const now = Date.parse('2026-11-02T08:00:00Z');
const secret = ['the', 'key', 'itself'].join('-');
const context = {
  keyOrigin: 'a variable',
  baseUrl: 'https://api.example',
  redact: (text: string) => text.replaceAll(secret, '(key)'),
  now: () => now,
};

const failure = (status: number, more: object = {}, headers: Record<string, string> = {}) =>
  failureOf({ status, name: 'APIError', apiMessage: `no ${secret}`, headers: new Headers(headers), ...more }, context);

describe('an answer that is an error', () => {
  it.each([408, 409, 429, 500, 502, 503, 504, 529])('of status %i passes, and is asked again', (status) => {
    expect(failure(status)).toMatchObject({ kind: 'retry', mayBePaid: false, status });
  });

  it.each([429, 503, 529])('of status %i makes all requests wait', (status) => {
    expect(failure(status)).toMatchObject({ shared: true });
  });

  it.each([300, 307, 400, 404, 413, 422])('of status %i is the end of that request', (status) => {
    expect(failure(status)).toMatchObject({ kind: 'request', why: `refused: ${status} "no (key)"` });
  });

  it.each([
    [401, {}, ConfigError],
    [403, {}, ConfigError],
    [402, {}, BudgetError],
    [400, { type: 'billing_error' }, BudgetError],
    [400, { apiMessage: 'Your credit balance is too low' }, BudgetError],
    [429, { errorCode: 'contract_spend_limit_reached' }, BudgetError],
    [429, { errorCode: 'enforced_spend_limit_reached' }, BudgetError],
  ])('of status %i with %o is the end of the call', (status, more, type) => {
    const stop = failure(status, more);
    expect(stop).toMatchObject({ kind: 'stop', error: expect.any(type) });
    expect(JSON.stringify(stop) + (stop.kind === 'stop' ? stop.error.stack : '')).not.toContain(secret);
  });

  it('is asked again or not as the server says', () => {
    expect(failure(500, {}, { 'x-should-retry': 'false' })).toMatchObject({ kind: 'request' });
    expect(failure(400, {}, { 'x-should-retry': 'true' })).toMatchObject({ kind: 'retry' });
  });

  it('with a ramp limit is asked again, and with a wait of hours is not', () => {
    expect(failure(429, { errorCode: 'ramp_limit_exceeded' }, { 'retry-after': '9' })).toMatchObject({ afterMs: 9000 });
    expect(failure(429, {}, { 'retry-after': '901' })).toMatchObject({ kind: 'stop', error: expect.any(MachineError) });
  });
});

describe('a connection that broke off', () => {
  it('may have been paid for if the request had gone out, and not if there never was one', () => {
    const of = (code: string) => failureOf(Object.assign(new Error('x'), { cause: { cause: { code } } }), context);
    expect(of('ECONNRESET')).toMatchObject({ kind: 'retry', mayBePaid: true, shared: false });
    expect(of('UND_ERR_SOCKET')).toMatchObject({ kind: 'retry', mayBePaid: true });
    expect(of('ECONNREFUSED')).toMatchObject({ kind: 'retry', mayBePaid: false, shared: true });
    expect(of('ENOTFOUND')).toMatchObject({ kind: 'retry', mayBePaid: false });
    expect(failureOf({ name: 'APIUserAbortError' }, context)).toMatchObject({
      why: 'no answer in time',
      mayBePaid: true,
    });
    expect(failureOf(null, context)).toMatchObject({ kind: 'retry' });
  });
});

describe('the time to wait', () => {
  it.each([
    [{ 'retry-after-ms': '1500', 'retry-after': '9' }, 1500],
    [{ 'retry-after': '2.5' }, 2500],
    [{ 'retry-after': 'Mon, 02 Nov 2026 08:01:00 GMT' }, 60_000],
    [{ 'retry-after': 'Mon, 02 Nov 2026 07:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': '-3' }, null],
    [{}, null],
  ])('of %o is %o milliseconds', (headers, ms) => {
    expect(retryAfterMs(new Headers(headers as Record<string, string>), now)).toBe(ms);
  });

  it('is never shorter than the server asks, and else at most doubled each time up to half a minute', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.option(fc.nat(100_000)), fc.nat(), (attempt, afterMs, seed) => {
        const ms = backoffMs(attempt, afterMs, new RandomStream(seed));
        expect(ms).toBeGreaterThanOrEqual(afterMs ?? 0);
        expect(ms).toBeLessThanOrEqual(
          afterMs === null ? Math.min(30_000, 500 * 2 ** (attempt - 1)) : afterMs + Math.max(250, afterMs / 10),
        );
      }),
    );
  });
});

describe('slots', () => {
  it('are never more than their number, and are given in the order in which they were asked for', async () => {
    const slots = new Slots(3);
    const order: number[] = [];
    let taken = 0;
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        await slots.take();
        order.push(i);
        expect(++taken).toBeLessThanOrEqual(3);
        await new Promise((resolve) => setImmediate(resolve));
        taken--;
        slots.give();
      }),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });
});
