import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CompleteRating,
  LabellingSession,
  labellingOrder,
  type TextToLabel,
} from '../../../../kernel-plugins/host/labelling/labelling-session';

const textsOf = (n: number): TextToLabel[] =>
  Array.from({ length: n }, (_, at) => ({ textId: `id-${at}`, text: `text ${at}`, topic: null }));

function sessionOf(n: number, earlier: readonly CompleteRating[] = []) {
  const written: CompleteRating[] = [];
  const session = new LabellingSession(textsOf(n), earlier, (rating) => written.push(rating));
  return { session, written };
}

const press = (session: LabellingSession, keys: string) => {
  for (const key of keys) session.press(key);
};

describe('labellingOrder', () => {
  const texts = textsOf(40);
  const ids = (order: readonly TextToLabel[]) => order.map(({ textId }) => textId);

  test('law: it does not depend on how the texts are listed, nor on a text listed twice', () => {
    const wanted = ids(labellingOrder(texts, { n: 30, rater: 'ada', seed: 1 }));
    fc.assert(
      fc.property(fc.shuffledSubarray(texts, { minLength: 40 }), (listed) => {
        expect(ids(labellingOrder([...listed, listed[0]], { n: 30, rater: 'ada', seed: 1 }))).toEqual(wanted);
      }),
    );
  });

  test('raters get the same texts in different orders; another seed chooses other texts', () => {
    const [ada, bob] = ['ada', 'bob'].map((rater) => ids(labellingOrder(texts, { n: 30, rater, seed: 1 })));
    expect(ada).not.toEqual(bob);
    expect([...ada].sort()).toEqual([...bob].sort());
    expect(new Set(ada).size).toBe(30);
    expect([...ids(labellingOrder(texts, { n: 30, rater: 'ada', seed: 2 }))].sort()).not.toEqual([...ada].sort());
  });

  test('fewer texts than asked for are all', () => {
    expect(labellingOrder(textsOf(3), { n: 30, rater: 'ada', seed: 1 })).toHaveLength(3);
  });
});

describe('LabellingSession', () => {
  test('a rating is written when magnitude and verdict are said, in either order, and the next text comes', () => {
    const { session, written } = sessionOf(3);
    press(session, '7');
    expect(written).toEqual([]);
    expect(session.draft).toEqual({ magnitude0to10: 7, verdict: null });
    press(session, 'p');
    press(session, 'at');
    expect(written).toEqual([
      { textId: 'id-0', magnitude0to10: 7, verdict: 'PASS' },
      { textId: 'id-1', magnitude0to10: 10, verdict: 'PARTIAL' },
    ]);
    expect(session.current?.textId).toBe('id-2');
    press(session, '3F');
    expect(session.current).toBeNull();
  });

  test('a magnitude said twice before the verdict counts as said last', () => {
    const { session, written } = sessionOf(1);
    press(session, '73f');
    expect(written).toEqual([{ textId: 'id-0', magnitude0to10: 3, verdict: 'FAIL' }]);
  });

  test('going back opens the text before, empty, with what was said beside it; the new rating replaces it', () => {
    const { session, written } = sessionOf(3);
    press(session, '7pb');
    expect(session.place).toBe(1);
    expect(session.draft).toEqual({ magnitude0to10: null, verdict: null });
    expect(session.before).toMatchObject({ magnitude0to10: 7, verdict: 'PASS' });
    press(session, '2f');
    expect(written).toHaveLength(2);
    expect(session.ratings).toEqual([{ textId: 'id-0', magnitude0to10: 2, verdict: 'FAIL' }]);
    expect(session.place).toBe(2);
    press(session, 'bb');
    expect(session.place).toBe(1);
  });

  test('a skipped text is left out of this session and asked for in the next', () => {
    const { session, written } = sessionOf(3);
    press(session, 's1p2a');
    expect(session.current).toBeNull();
    expect(session.skippedCount).toBe(1);
    const next = new LabellingSession(textsOf(3), written, () => {});
    expect(next.current?.textId).toBe('id-0');
    press(next, '5f');
    expect(next.current).toBeNull();
  });

  test('law: stopped anywhere and begun again, every text is rated once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(fc.nat({ max: 6 }), { maxLength: 5 }), (n, stops) => {
        const written: CompleteRating[] = [];
        for (const texts of [...stops, n]) {
          const session = new LabellingSession(textsOf(n), written.slice(), (rating) => written.push(rating));
          for (let done = 0; done < texts; done++) press(session, '4a');
          session.stop();
          expect(session.current).toBeNull();
        }
        expect(written.map(({ textId }) => textId).sort()).toEqual(
          textsOf(n)
            .map(({ textId }) => textId)
            .sort(),
        );
      }),
    );
  });

  test('a rating that could not be written stays where it is and can be said again', () => {
    let full = true;
    const written: CompleteRating[] = [];
    const session = new LabellingSession(textsOf(2), [], (rating) => {
      if (full) throw new Error('the disk is full');
      written.push(rating);
    });
    expect(() => press(session, '7p')).toThrow('the disk is full');
    expect(session.place).toBe(1);
    expect(session.ratings).toEqual([]);
    full = false;
    press(session, 'p');
    expect(written).toEqual([{ textId: 'id-0', magnitude0to10: 7, verdict: 'PASS' }]);
  });

  test('incomplete rows of earlier sessions, and rows of other texts, count as nothing said', () => {
    const session = new LabellingSession(
      textsOf(2),
      [
        { textId: 'id-0', magnitude0to10: 4, verdict: null },
        { textId: 'elsewhere', magnitude0to10: 4, verdict: 'PASS' },
        { textId: 'id-1', magnitude0to10: 1, verdict: 'PASS' },
        { textId: 'id-1', magnitude0to10: 9, verdict: 'FAIL' },
      ],
      () => {},
    );
    expect(session.current?.textId).toBe('id-0');
    expect(session.ratings).toEqual([{ textId: 'id-1', magnitude0to10: 9, verdict: 'FAIL' }]);
  });

  test('other keys do nothing, nor does any key after the end', () => {
    const { session, written } = sessionOf(1);
    press(session, 'xyz -?é');
    expect(session.draft).toEqual({ magnitude0to10: null, verdict: null });
    session.stop();
    press(session, '7psb');
    expect(written).toEqual([]);
    expect(session.skippedCount).toBe(0);
  });
});
