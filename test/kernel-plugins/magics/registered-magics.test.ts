import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type Magic, magicHelp, PluginHost, parseMagicArguments } from '../../../kernel-plugins/host';
import { optionSpecs } from '../../../kernel-plugins/host/magic-options';
import { completeMagic } from '../../../kernel-plugins/kernel/language/magic-completion';
import { generalMagics } from '../../../kernel-plugins/magics/general';
import { registerLabMagics } from '../../../kernel-plugins/magics/lab';

const host = new PluginHost();
host.register(
  'general',
  generalMagics({
    host,
    notebookDir: __dirname,
    variables: () => ({}),
    importModule: async () => ({}),
    forgetModule: () => true,
  }),
);
host.register('lab', registerLabMagics);
const infos = host.magics().map(({ info }) => info);
const names = infos.map(({ name }) => name);
const magicOf = (name: string) => host.magic(name)!.magic;

afterAll(() => {
  for (const name of host.names()) host.unregister(name);
});

/** Required options with a value each, so that nothing else can be wrong with a line. */
const requiredWords = (magic: Magic) =>
  optionSpecs(magic)
    .filter(({ required }) => required)
    .map(({ positional, name, choices, types }) => {
      const value = String(choices[0] ?? (types.includes('string') || types.length === 0 ? 'x' : 1));
      return positional ? value : `${name}=${value}`;
    });

describe('of every magic that the kernel has', () => {
  test('there are at least 20', () => {
    expect(names.length).toBeGreaterThanOrEqual(20);
  });

  test.each(names)('%%%s: every option is in the help, described, and completes', (name) => {
    const magic = magicOf(name);
    const help = magicHelp(magic);
    expect(help).toContain(magic.summary);
    for (const spec of optionSpecs(magic)) {
      const shown = spec.positional ? spec.placeholder : spec.name;
      expect(spec.description, shown).toMatch(/^\S.*\.$/s);
      expect(help).toContain(shown);
      expect(help).toContain(spec.description);
      if (spec.positional) continue;
      for (const length of [2, Math.ceil(spec.name.length / 2), spec.name.length])
        expect(completeMagic(`%${name} ${spec.name.slice(0, length)}`, true, infos)?.matches).toContain(spec.name);
      for (const choice of spec.choices)
        expect(completeMagic(`%${name} ${spec.name} `, true, infos)?.matches).toContain(String(choice));
    }
  });

  test.each(names)('%%%s: without options the defaults of its schema hold', (name) => {
    const magic = magicOf(name);
    const line = requiredWords(magic).join(' ');
    const given = parseMagicArguments(magic, line);
    for (const spec of optionSpecs(magic))
      if (!spec.required && spec.defaultValue !== undefined) expect(given[spec.key]).toEqual(spec.defaultValue);
  });

  test.each(names)(
    '%%%s: an option that it does not have is refused, with the near name of one that it has',
    (name) => {
      const magic = magicOf(name);
      const words = requiredWords(magic);
      const options = optionSpecs(magic).flatMap(({ name, flag }) => (flag ? [name, `--no-${name.slice(2)}`] : [name]));
      const key = fc.stringMatching(/^[a-z]{3,8}$/).filter((word) => !options.includes(`--${word}`) && word !== 'help');
      fc.assert(
        fc.property(key, (word) => {
          expect(() => parseMagicArguments(magic, [...words, `--${word}`].join(' '))).toThrow(
            `--${word}: unknown option`,
          );
        }),
        { numRuns: 20 },
      );
      for (const { name, positional } of optionSpecs(magic).filter((spec) => spec.name.length > 5 && !spec.positional))
        expect(() => parseMagicArguments(magic, [...words, `${name}x`].join(' ')), String(positional)).toThrow(
          `${name}x: unknown option; did you mean ${name}?`,
        );
    },
  );

  test.each(names)('%%%s: its examples are lines that it takes', (name) => {
    const magic = magicOf(name);
    expect(magic.examples?.length ?? 0).toBeGreaterThan(0);
    for (const example of magic.examples!) {
      const [first] = example.split('\n');
      const match = /^(?:(?:const|let) \w+ = )?%{1,2}(\w+)(?: (.*))?$/.exec(first);
      expect(match?.[1], example).toBe(name);
      if (name !== 'time') expect(() => parseMagicArguments(magic, match![2] ?? '')).not.toThrow();
    }
  });

  test('a source of values that an option completes from is registered', async () => {
    const sources = new Set(host.names().flatMap((name) => host.parts(name)!.completions));
    for (const name of names)
      for (const { complete, key } of optionSpecs(magicOf(name)))
        if (complete !== null) expect(sources, `${name} ${key}`).toContain(complete);
  });
});
