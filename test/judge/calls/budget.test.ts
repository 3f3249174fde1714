import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core';
import { Budget, checkedLimits, type Spending } from '../../../src/judge/calls/budget';

const amount = fc.record({ usd: fc.double({ min: 0, max: 2, noNaN: true }), tokens: fc.nat(2000) });
const limits = fc.record({
  usd: fc.option(fc.double({ min: 0.01, max: 10, noNaN: true })),
  tokens: fc.option(fc.integer({ min: 1, max: 10_000 })),
});
/** Requests with what they can cost, the share of it that they do cost, and how many are under way at once. */
const requests = fc.array(fc.record({ most: amount, share: fc.double({ min: 0, max: 1, noNaN: true }) }));

const part = ({ usd, tokens }: Spending, share: number) => ({
  usd: (usd ?? 0) * share,
  tokens: Math.floor(tokens * share),
});
const within = (spent: Spending, limit: { usd: number | null; tokens: number | null }) => {
  expect(spent.usd).toBeLessThanOrEqual((limit.usd ?? Number.POSITIVE_INFINITY) + 1e-9);
  expect(spent.tokens).toBeLessThanOrEqual(limit.tokens ?? Number.POSITIVE_INFINITY);
};

describe('a budget', () => {
  it('is never passed, by calls and session, whatever is under way at once', () => {
    fc.assert(
      fc.property(limits, limits, requests, fc.integer({ min: 1, max: 6 }), (ofSession, ofCall, all, atOnce) => {
        const session = new Budget('session', ofSession);
        const calls = [new Budget('call', ofCall, session), new Budget('call', ofCall, session)];
        const open: (() => void)[] = [];
        for (const [i, { most, share }] of all.entries()) {
          const call = calls[i % 2];
          while (call.reserve(most) !== 'reserved') {
            const end = open.shift();
            if (!end) return;
            end();
          }
          open.push(() => call.settle(most, part(most, share)));
          if (open.length === atOnce) open.shift()?.();
          within(session.spent, ofSession);
          for (const each of calls) within(each.spent, ofCall);
        }
      }),
    );
  });

  it('says to wait only while something is under way', () => {
    fc.assert(
      fc.property(limits, requests, (limit, all) => {
        const budget = new Budget('session', limit);
        for (const { most, share } of all) {
          const answer = budget.reserve(most);
          expect(answer).not.toBe('wait');
          if (answer === 'reserved') budget.settle(most, part(most, share));
        }
      }),
    );
  });

  it('wakes who waits when something is settled', async () => {
    const session = new Budget('session', { usd: null, tokens: 10 });
    const call = new Budget('call', { usd: null, tokens: null }, session);
    const most = { usd: null, tokens: 8 };
    expect(session.reserve(most)).toBe('reserved');
    expect(call.reserve(most)).toBe('wait');
    const woken = call.settled();
    session.settle(most, { usd: null, tokens: 1 });
    await woken;
    expect(call.reserve(most)).toBe('reserved');
  });

  it('has limits above 0', () => {
    for (const usd of [0, -1, Number.NaN]) expect(() => checkedLimits({ usd }, 'ask')).toThrow(ConfigError);
    expect(checkedLimits(undefined, 'ask')).toEqual({ usd: null, tokens: null });
  });
});
