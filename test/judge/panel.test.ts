import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Judge, type Judgement, panelJudge } from '../../src/judge';

function said(judge: string, magnitude0to10: number | null, more: Partial<Judgement> = {}): Judgement {
  return {
    ...{ judge, magnitude0to10, direction: magnitude0to10 === null ? null : 0.1, profiles: null },
    verdict: magnitude0to10 === null ? null : magnitude0to10 < 5 ? 'PASS' : 'FAIL',
    ...{ indicators: [], flags: [], reasoning: null, rawReply: null },
    reason: magnitude0to10 === null ? 'the judge refused' : null,
    ...more,
  };
}

function judge(id: string, magnitudes: readonly (number | null)[], more: Partial<Judgement> = {}): Judge {
  return { id, isProxy: false, judge: () => magnitudes.map((magnitude) => said(id, magnitude, more)) };
}

const member = fc.record({
  magnitudes: fc.array(fc.option(fc.double({ min: 0, max: 10, noNaN: true })), { minLength: 3, maxLength: 3 }),
  direction: fc.double({ min: -1, max: 1, noNaN: true }),
  verdict: fc.constantFrom('PASS' as const, 'PARTIAL' as const, 'FAIL' as const),
  phrase: fc.constantFrom('a', 'b', 'c'),
});

describe('a panel', () => {
  test('says the same to the last digit in whichever order its judges are given', async () => {
    const combine = fc.constantFrom('mean' as const, 'median' as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(member, { minLength: 1, maxLength: 6 }),
        combine,
        fc.nat(),
        async (members, how, turn) => {
          const judges = members.map(({ magnitudes, direction, verdict, phrase }, i) =>
            judge(`judge-${i}`, magnitudes, {
              ...{ direction, verdict, flags: [phrase], reasoning: phrase },
              indicators: [{ phrase, weight: i, note: `of ${i}` }],
            }),
          );
          const turned = [...judges.slice(turn % judges.length), ...judges.slice(0, turn % judges.length)].reverse();
          const [one, other] = [judges, turned].map((order) => panelJudge(order, { combine: how }));
          expect(other.id).toBe(one.id);
          expect(await other.judge(['x', 'y', 'z'])).toEqual(await one.judge(['x', 'y', 'z']));
        },
      ),
      { seed: 6, numRuns: 300 },
    );
  });

  test('gives the same magnitude to the last digit whichever judge said which', async () => {
    const values = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 2, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(values, fc.constantFrom('mean' as const, 'median' as const), async (magnitudes, combine) => {
        const panel = async (list: readonly number[]) => {
          const judges = list.map((magnitude, i) => judge(`j${i}`, [magnitude]));
          const [judged] = await panelJudge(judges, { combine }).judge(['x']);
          return [judged.magnitude0to10, judged.spread0to10];
        };
        expect(await panel([...magnitudes].reverse())).toEqual(await panel(magnitudes));
      }),
      { seed: 9, numRuns: 300 },
    );
  });

  test('of one judge gives its figures', async () => {
    const [judged] = await panelJudge([judge('a', [3.3])]).judge(['x']);
    expect(judged).toMatchObject({ magnitude0to10: 3.3, direction: 0.1, verdict: 'PASS', spread0to10: null });
  });

  test('lies between its members, and a higher member never lowers it', async () => {
    const values = fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(values, fc.constantFrom('mean' as const, 'median' as const), async (magnitudes, combine) => {
        const panel = async (list: readonly number[]) => {
          const judges = list.map((magnitude, i) => judge(`j${i}`, [magnitude]));
          return (await panelJudge(judges, { combine }).judge(['x']))[0].magnitude0to10!;
        };
        const value = await panel(magnitudes);
        expect(value).toBeGreaterThanOrEqual(Math.min(...magnitudes) - 1e-12);
        expect(value).toBeLessThanOrEqual(Math.max(...magnitudes) + 1e-12);
        expect(await panel([magnitudes[0] + 1, ...magnitudes.slice(1)])).toBeGreaterThanOrEqual(value);
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  test('takes mean or median, as asked, and names which in its id', async () => {
    const judges = [judge('a', [9]), judge('b', [1]), judge('c', [2])];
    const [mean, median] = (['mean', 'median'] as const).map((combine) => panelJudge(judges, { combine }));
    expect((await mean.judge(['x']))[0]).toMatchObject({ magnitude0to10: 4, spread0to10: 8 });
    expect((await median.judge(['x']))[0].magnitude0to10).toBe(2);
    expect([mean.id, median.id]).toEqual(['panel mean (a, b, c)', 'panel median (a, b, c)']);
  });

  test('goes by the verdict of most, and by the strictest among equals', async () => {
    const panel = panelJudge([judge('a', [1, 1]), judge('b', [8, 1]), judge('c', [null, 8])]);
    expect((await panel.judge(['x', 'y'])).map((item) => item.verdict)).toEqual(['FAIL', 'PASS']);
  });

  test('is reduced by a missing member, and missing with fewer than atLeast', async () => {
    const judges = [judge('a', [2, null, null]), judge('b', [4, 4, null]), judge('c', [null, null, null])];
    const magnitudes = async (atLeast?: number) =>
      (await panelJudge(judges, atLeast === undefined ? {} : { atLeast }).judge(['x', 'y', 'z'])).map(
        (item) => item.magnitude0to10,
      );
    expect(await magnitudes()).toEqual([3, null, null]);
    expect(await magnitudes(1)).toEqual([3, 4, null]);
    expect(await magnitudes(3)).toEqual([null, null, null]);
    const [, missing] = await panelJudge(judges).judge(['x', 'y', 'z']);
    expect(missing).toMatchObject({ verdict: null, reason: '1 of 3 judges gave a magnitude, 2 needed' });
    expect(missing.members.map((item) => item.reason)).toEqual(['the judge refused', null, 'the judge refused']);
  });

  test('is a proxy as soon as one member is', () => {
    expect(panelJudge([judge('a', [1]), { ...judge('b', [1]), isProxy: true }]).isProxy).toBe(true);
    expect(panelJudge([judge('a', [1])]).isProxy).toBe(false);
  });

  test('passes the topics on to every member', async () => {
    const seen: unknown[] = [];
    const listening = (id: string): Judge => ({
      ...judge(id, [1]),
      judge: (_, call) => {
        seen.push(call?.topics);
        return [said(id, 1)];
      },
    });
    await panelJudge([listening('a'), listening('b')]).judge(['x'], { topics: ['t'] });
    expect(seen).toEqual([['t'], ['t']]);
  });

  test('throws what a member throws, after all have ended', async () => {
    let ended = false;
    const slow: Judge = {
      ...judge('b', [1]),
      judge: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        ended = true;
        return [said('b', 1)];
      },
    };
    const failing: Judge = {
      ...judge('a', [1]),
      judge: () => {
        throw new Error('no budget');
      },
    };
    await expect(panelJudge([failing, slow]).judge(['x'])).rejects.toThrow('no budget');
    expect(ended).toBe(true);
  });

  test('needs members, ids of their own and a sensible atLeast', () => {
    expect(() => panelJudge([])).toThrow(/at least 1 judge, got 0/);
    expect(() => panelJudge([judge('a', []), judge('a', [])])).toThrow(/got "a" twice/);
    expect(() => panelJudge([judge('a', [])], { atLeast: 2 })).toThrow(/from 1 to 1, got 2/);
  });
});
