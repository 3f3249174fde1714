import { describe, expect, test } from 'vitest';
import { CellHistory } from '../../../kernel-plugins/kernel/history';

describe('CellHistory', () => {
  const history = new CellHistory();
  const inputs = ['const a = 1', 'a + 1', 'a.b(*)', 'const a = 1', 'for (;;) {\n  a?.b\n}'];
  for (const [index, input] of inputs.entries()) history.add(index + 1, input);
  const lines = (request: object) => history.answer(request).map(([, line]) => line);

  test.each([
    ['the last n', { hist_access_type: 'tail', n: 2 }, [4, 5]],
    ['the last n of fewer', { hist_access_type: 'tail', n: 20 }, [1, 2, 3, 4, 5]],
    ['none of the last 0', { hist_access_type: 'tail', n: 0 }, []],
    ['a range without its end', { hist_access_type: 'range', session: 0, start: 2, stop: 4 }, [2, 3]],
    ['a range to the end', { hist_access_type: 'range', session: 1, start: 4, stop: null }, [4, 5]],
    ['nothing of earlier sessions', { hist_access_type: 'range', session: -1, start: 0, stop: 9 }, []],
    ['whole inputs by *', { hist_access_type: 'search', pattern: 'const*' }, [1, 4]],
    ['the last n found', { hist_access_type: 'search', pattern: 'const*', n: 1 }, [4]],
    ['each input once, the last', { hist_access_type: 'search', pattern: '*', unique: true }, [2, 3, 4, 5]],
    ['one character by ?', { hist_access_type: 'search', pattern: 'a ? 1' }, [2]],
    ['across lines', { hist_access_type: 'search', pattern: '*a??b*}' }, [5]],
    ['other signs as themselves', { hist_access_type: 'search', pattern: 'a.b(*)' }, [3]],
  ])('gives %s', (_, request, expected) => {
    expect(lines(request)).toEqual(expected);
  });

  test('with outputs each input stands beside the text of its result, null where it had none', () => {
    const with2 = new CellHistory();
    with2.add(7, '6 * 7');
    with2.setOutput(7, '42');
    with2.add(8, 'quiet()');
    with2.setOutput(7, 'late');
    expect(with2.answer({ hist_access_type: 'tail', n: 5, output: true })).toEqual([
      [1, 7, ['6 * 7', '42']],
      [1, 8, ['quiet()', null]],
    ]);
    expect(with2.answer({ hist_access_type: 'tail', n: 1 })).toEqual([[1, 8, 'quiet()']]);
  });
});
