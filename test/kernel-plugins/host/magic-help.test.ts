import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineMagic, type Magic, magicHelp, magicHelpHtml, parseMagicArguments } from '../../../kernel-plugins/host';
import { magicInfo } from '../../../kernel-plugins/host/magic-info';

const train = defineMagic({
  name: 'train',
  kind: 'either',
  summary: 'Trains an arm.',
  options: z.strictObject({
    arm: z.enum(['mst', 'baseline']).default('mst').describe('Which arm.').meta({ short: 'a' }),
    learningRate: z.number().default(0.001).describe('Step size.'),
    labels: z.array(z.string()).default(['0', 'not at all']).describe('Labels.').meta({ complete: 'labels' }),
    cache: z.boolean().default(true).describe('Keeps answers.'),
    name: z.string().describe('Run.').meta({ positional: 'one', placeholder: 'RUN' }),
    files: z.array(z.string()).optional().describe('Files.').meta({ positional: 'rest' }),
  }),
  examples: ['%train first --arm baseline'],
  run: () => null,
});

/** Magics with options of every kind, under random names. */
const anyMagic: fc.Arbitrary<Magic> = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{2,5}([A-Z][a-z]{1,4})?$/), {
    minLength: 1,
    maxLength: 6,
    selector: (key) => key.toLowerCase(),
  })
  .filter((keys) => keys.every((key) => key !== 'help' && !/^no/.test(key)))
  .chain((keys) =>
    fc.tuple(...keys.map((key) => fc.nat(5).map((kind) => [key, kinds[kind](key)] as const))).map((fields) =>
      defineMagic({
        name: 'any',
        kind: 'line',
        summary: 'Anything.',
        options: z.strictObject(Object.fromEntries(fields)),
        run: () => null,
      }),
    ),
  );
const kinds: ((key: string) => z.ZodType)[] = [
  (key) => z.string().default(`text of ${key}`).describe(`about ${key}`),
  (key) => z.number().default(key.length).describe(`about ${key}`),
  (key) =>
    z
      .boolean()
      .default(key.length % 2 === 0)
      .describe(`about ${key}`),
  (key) =>
    z
      .enum([`${key}-low`, `${key}-high`])
      .default(`${key}-low`)
      .describe(`about ${key}`),
  (key) => z.array(z.number()).default([1, 2.5]).describe(`about ${key}`),
  (key) =>
    z
      .array(z.enum(['p', 'q']))
      .default(['q'])
      .describe(`about ${key}`),
];

describe('magic help', () => {
  test('one schema makes usage, options with choices and defaults, and examples', () => {
    expect(magicHelp(train)).toMatchInlineSnapshot(`
      "usage: %train [--arm mst|baseline] [--learning-rate N] [--labels TEXT,...] [--no-cache|--cache] RUN [FILES...]
      usage: %%train [--arm mst|baseline] [--learning-rate N] [--labels TEXT,...] [--no-cache|--cache] RUN [FILES...]
             ...the rest of the cell...

      Trains an arm.

      Options
        -a, --arm mst|baseline  Which arm. (default mst)
        --learning-rate N       Step size. (a number; default 0.001)
        --labels TEXT,...       Labels. (default 0,"not at all")
        --no-cache|--cache      Keeps answers. (default true)
        RUN                     Run. (must be given)
        FILES...                Files.
        -h, --help              Shows this help instead of running.

      Examples
        %train first --arm baseline"
    `);
  });

  test('of any magic, every option is in the help with its description and in the completion data', () => {
    fc.assert(
      fc.property(anyMagic, (magic) => {
        const info = magicInfo(magic);
        for (const key of Object.keys(magic.options.shape)) {
          const name = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
          expect(info.help).toMatch(new RegExp(`${name}\\b.*about ${key}|${name}\\b.*\\n *about ${key}`));
          expect(info.options.map((option) => option.name)).toContain(name);
        }
      }),
    );
  });

  test('of any magic, the default that the help names is what it gets when typed, and what holds when it is not', () => {
    fc.assert(
      fc.property(anyMagic, (magic) => {
        const unset = parseMagicArguments(magic, '');
        const rows = magicHelp(magic)
          .split(/\n(?= {2}-)/)
          .filter((row) => !row.includes('|--'));
        const typed = rows
          .map((row) => row.match(/^ {2}.*?(--[a-z-]+) [\s\S]*\(.*default ([\s\S]*)\)$/))
          .flatMap((row) => (row ? [`${row[1]}=${row[2]}`] : []));
        const flags = Object.values(magic.options.shape).filter((field) => typeof field.parse(undefined) === 'boolean');
        expect(typed).toHaveLength(Object.keys(magic.options.shape).length - flags.length);
        expect(parseMagicArguments(magic, typed.join(' '))).toEqual(unset);
        for (const [key, field] of Object.entries(magic.options.shape))
          expect(unset[key]).toEqual(field.parse(undefined));
      }),
    );
  });

  test('a choice of any magic is taken, and completion offers exactly the choices', () => {
    const { options } = magicInfo(train);
    expect(
      options.map(({ name, short, takesValue, choices, positional, complete }) => ({
        name,
        short,
        takesValue,
        choices,
        positional,
        complete,
      })),
    ).toEqual([
      { name: '--arm', short: 'a', takesValue: true, choices: ['mst', 'baseline'], positional: null, complete: null },
      { name: '--learning-rate', short: null, takesValue: true, choices: [], positional: null, complete: null },
      { name: '--labels', short: null, takesValue: true, choices: [], positional: null, complete: 'labels' },
      { name: '--cache', short: null, takesValue: false, choices: [], positional: null, complete: null },
      { name: '--no-cache', short: null, takesValue: false, choices: [], positional: null, complete: null },
      { name: 'RUN', short: null, takesValue: true, choices: [], positional: 'one', complete: null },
      { name: 'FILES', short: null, takesValue: true, choices: [], positional: 'rest', complete: null },
    ]);
    for (const choice of options[0].choices)
      expect(parseMagicArguments(train, `--arm ${choice} x`)).toMatchObject({ arm: choice });
  });

  test('the HTML form shows the same text and no markup from it', () => {
    const magic: Magic = { ...train, summary: '<b>bold</b> & co' };
    expect(magicHelpHtml(magic)).toContain('&lt;b&gt;bold&lt;/b&gt; &amp; co');
    expect(magicHelpHtml(magic)).not.toContain('<b>');
  });

  test('an unsound declaration is refused with all its problems', () => {
    const bad = defineMagic({
      name: 'Bad-Name',
      kind: 'line',
      summary: '',
      options: z.strictObject({
        host: z.string().meta({ short: 'h' }),
        when: z.record(z.string(), z.number()),
        words: z.string().meta({ positional: 'rest' }),
      }),
      run: () => null,
    });
    for (const problem of [
      /its declaration must be sound, got 4 problems/,
      /got "Bad-Name"/,
      /-h must have one meaning, got "help" and "host"/,
      /when: its type must be boolean, number, string, choices or a list of these, got object/,
      /words: a "rest" positional must be a list/,
    ])
      expect(() => magicInfo(bad)).toThrow(problem);
  });
});
