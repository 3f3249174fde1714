import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineMagic, parseMagicArguments, quoteWord } from '../../../kernel-plugins/host';
import { asksForHelp } from '../../../kernel-plugins/host/magic-arguments';

const sweep = defineMagic({
  name: 'sweep',
  kind: 'line',
  summary: 'Tries labels.',
  options: z.strictObject({
    labels: z.array(z.string()).default(['0', '10']).describe('labels to try').meta({ short: 'l', complete: 'labels' }),
    steps: z.number().int().positive().default(100).describe('training steps').meta({ short: 'n' }),
    topP: z.number().min(0).max(1).optional().describe('nucleus'),
    arm: z.enum(['mst', 'shuffled', 'baseline']).default('mst').describe('arm').meta({ short: 'a' }),
    verbose: z.boolean().default(false).describe('says more').meta({ short: 'v' }),
    cache: z.boolean().default(true).describe('keeps answers'),
    level: z
      .union([z.number(), z.literal('auto')])
      .default('auto')
      .describe('magnitude'),
    seeds: z.array(z.number()).optional().describe('seeds'),
    name: z.string().optional().describe('run name').meta({ positional: 'one', placeholder: 'NAME' }),
    texts: z.array(z.string()).default([]).describe('prompts').meta({ positional: 'rest' }),
  }),
  run: ({ options }) => options,
});
const parse = (line: string) => parseMagicArguments(sweep, line);
const defaults = {
  labels: ['0', '10'],
  steps: 100,
  arm: 'mst',
  verbose: false,
  cache: true,
  level: 'auto',
  texts: [],
};

describe('magic arguments', () => {
  test('an empty line gives every default and nothing else', () => {
    expect(parse('')).toEqual(defaults);
  });

  test.each([
    ['--steps 7', { steps: 7 }],
    ['--steps=7', { steps: 7 }],
    ['-n 7', { steps: 7 }],
    ['-n7', { steps: 7 }],
    ['-vn7', { steps: 7, verbose: true }],
    ['--top-p .5', { topP: 0.5 }],
    ['--verbose --no-cache', { verbose: true, cache: false }],
    ['--verbose=false --cache=true', { verbose: false, cache: true }],
    ['--level -3', { level: -3 }],
    ['--level auto', { level: 'auto' }],
    ['--labels a,b --labels c', { labels: ['a', 'b', 'c'] }],
    ['--labels a, b, c', { labels: ['a', 'b', 'c'] }],
    ['-l "a,b",c', { labels: ['a,b', 'c'] }],
    ['--labels="a,b"', { labels: ['a,b'] }],
    ['--labels=', { labels: [] }],
    ['--seeds 1,2 --seeds -3', { seeds: [1, 2, -3] }],
    ['first', { name: 'first' }],
    ['"-5% off" --verbose second third', { name: '-5% off', texts: ['second', 'third'], verbose: true }],
    ['one -- --verbose -x', { name: 'one', texts: ['--verbose', '-x'] }],
    ['run Graded, honestly', { name: 'run', texts: ['Graded,', 'honestly'] }],
  ])('%s is read', (line, values) => {
    expect(parse(line)).toEqual({ ...defaults, ...values });
  });

  test('any text given as a quoted value, inline or after a space, arrives as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }), (label, text) => {
        expect(parse(`--labels=${quoteWord(label)} run ${quoteWord(text)}`)).toEqual({
          ...defaults,
          labels: [label],
          name: 'run',
          texts: [text],
        });
        const spaced = parse(`--labels ${quoteWord(label)}`);
        expect(spaced.labels).toEqual([label]);
      }),
    );
  });

  test('options may come in any order', () => {
    const words = ['--steps 3', '--arm=shuffled', '-v', '--no-cache', '--seeds 4,5', '--top-p 0.25'];
    const expected = parse(words.join(' '));
    fc.assert(
      fc.property(fc.shuffledSubarray(words, { minLength: words.length }), (order) => {
        expect(parse(order.join(' '))).toEqual(expected);
      }),
    );
  });

  test('every key that the schema does not have is refused', () => {
    const known = ['labels', 'steps', 'top-p', 'arm', 'verbose', 'cache', 'level', 'seeds', 'no-verbose', 'no-cache'];
    const key = fc.stringMatching(/^[a-z][a-z-]{0,9}$/).filter((name) => !known.includes(name));
    fc.assert(
      fc.property(key, fc.boolean(), (name, inline) => {
        expect(() => parse(`--${name}${inline ? '=' : ' '}x`)).toThrow(`--${name}: unknown option`);
      }),
    );
  });

  test('all problems stand in one message that names the magic, with what was typed and near names', () => {
    expect(() => parse('--label a --steps many --arm=shufled --top-p 2 --level high')).toThrow(
      [
        '%sweep: its options must be valid, got 5 problems (from %sweep --label a --steps many --arm=shufled --top-p 2 --level high).',
        '  --label: unknown option; did you mean --labels?',
        '  --steps: must be a whole number, got "many".',
        '  --top-p: Too big: expected number to be <=1, got 2.',
        '  --arm: must be mst, shuffled or baseline, got "shufled". Did you mean shuffled?',
        '  --level: must be auto or a number, got "high".',
        'Type %sweep -h for its options.',
      ].join('\n'),
    );
  });

  test.each([
    ['--steps', '--steps: must have a value (a whole number), got none.'],
    ['--steps --verbose', '--steps: must have a value (a whole number), got the option --verbose.'],
    ['--steps 1 --steps 2', '--steps: must be given once, got "1" and "2".'],
    ['--verbose=maybe', '--verbose: must be true or false, got "maybe".'],
    ['--seeds 1,,2', '--seeds: a list must have no empty places, got "1,,2".'],
    ["don't", 'every quote must be closed'],
  ])('%s is refused in one line', (line, message) => {
    expect(() => parse(line)).toThrow(message);
    expect(() => parse(line)).toThrow(/got 1 problem /);
  });

  test('a word more than the magic takes is refused, a missing one is asked for', () => {
    const load = defineMagic({
      name: 'load',
      kind: 'line',
      summary: 'Loads.',
      options: z.strictObject({ path: z.string().meta({ positional: 'one', placeholder: 'PATH' }) }),
      run: () => null,
    });
    expect(() => parseMagicArguments(load, 'a b')).toThrow('takes at most 1 without a dash, got "b"');
    expect(() => parseMagicArguments(load, '')).toThrow('PATH: must be given (text).');
  });

  test('help is asked for by -h or --help as a bare word before --', () => {
    expect(['-h', 'a --help', '--steps 2 -h'].map(asksForHelp)).toEqual([true, true, true]);
    expect(['', '"-h"', '-- -h', '--helpful'].map(asksForHelp)).toEqual([false, false, false, false]);
  });
});
