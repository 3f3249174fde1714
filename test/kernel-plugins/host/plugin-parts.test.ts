import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineMagic, type Magic, type PluginContext, PluginHost, runMagic } from '../../../kernel-plugins/host';

const magicOf = (name: string, kind: Magic['kind'] = 'line'): Magic =>
  defineMagic({
    name,
    kind,
    summary: `Does ${name}.`,
    options: z.strictObject({ times: z.number().default(1).describe('How often.') }),
    run: ({ options, body, print, signal }) => {
      print(`${name} x${options.times}`);
      return { body, aborted: signal.aborted };
    },
  });

const globals = globalThis as Record<string, unknown>;
const cellOf = () => {
  const printed: string[] = [];
  return { printed, signal: new AbortController().signal, print: (text: string) => printed.push(text), standsFor() {} };
};

const everything = ({ formatters, magics, preludes, completions }: PluginContext) => {
  formatters.add({ name: 'one', matches: (value) => value === 1, format: () => ({ data: { 'text/plain': 'one!' } }) });
  magics.add(magicOf('greet'));
  let reads = 0;
  preludes.add({
    declarations: 'declare const labHost: number;',
    values: {
      get labHost() {
        return ++reads;
      },
    },
  });
  completions.add({ name: 'labels', values: () => ['low', 'high'] });
};

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'labHost');
});

describe('what a plugin adds', () => {
  test('is there after register and gone after unregister: formatter, magic, prelude, completion source', async () => {
    const host = new PluginHost();
    host.register('all', everything);
    expect((await host.present(1)).data['text/plain']).toBe('one!');
    expect(host.magics().map(({ plugin, info }) => [plugin, info.name])).toEqual([['all', 'greet']]);
    expect(host.declarations()).toBe('declare const labHost: number;');
    expect([globals.labHost, globals.labHost]).toEqual([1, 2]);
    expect(await host.complete('labels', 'l')).toEqual(['low']);

    expect(host.unregister('all')).toBe(true);
    expect((await host.present(1)).data['text/plain']).toBe('1');
    expect(host.magics()).toEqual([]);
    expect(host.magic('greet')).toBeNull();
    expect(host.declarations()).toBe('');
    expect('labHost' in globalThis).toBe(false);
    expect(await host.complete('labels', '')).toEqual([]);
    expect(host.unregister('all')).toBe(false);
  });

  test('is left out as a whole if the plugin throws, at whatever point', async () => {
    fc.assert(
      fc.property(fc.nat(4), (at) => {
        const host = new PluginHost();
        const broken = (context: PluginContext) => {
          let step = 0;
          const guarded = Object.fromEntries(
            Object.entries(context).map(([part, { add }]) => [
              part,
              {
                add: (value: never) => {
                  if (step++ === at) throw new Error('no');
                  (add as (value: never) => void)(value);
                },
              },
            ]),
          );
          everything(guarded as unknown as PluginContext);
          throw new Error('no');
        };
        expect(() => host.register('broken', broken)).toThrow('no');
        expect(host.names()).toEqual([]);
        expect(host.magics()).toEqual([]);
        expect('labHost' in globalThis).toBe(false);
        host.register('broken', everything);
        host.unregister('broken');
      }),
    );
  });

  test('has one owner: a second magic, prelude name or completion source of that name names both plugins', () => {
    const host = new PluginHost();
    host.register('first', everything);
    const second = (add: (context: PluginContext) => void) => () => host.register('second', add);
    expect(second(({ magics }) => magics.add(magicOf('greet')))).toThrow(
      /a magic must be registered once, got "%greet" from plugin "first" and from plugin "second"/,
    );
    expect(second(({ preludes }) => preludes.add({ declarations: '', values: { labHost: 1 } }))).toThrow(
      /"labHost" from plugin "first" and from plugin "second"/,
    );
    expect(second(({ completions }) => completions.add({ name: 'labels', values: () => [] }))).toThrow(
      /"labels" from plugin "first" and from plugin "second"/,
    );
    expect(second(({ preludes }) => preludes.add({ declarations: '', values: { Array: 1 } }))).toThrow(
      /"Array" from JavaScript itself and from plugin "second"/,
    );
    expect(host.names()).toEqual(['first']);
    host.unregister('first');
  });

  test('must come before register returns', () => {
    const host = new PluginHost();
    let late: PluginContext | null = null;
    host.register('late', (context) => {
      late = context;
    });
    expect(() => late!.magics.add(magicOf('greet'))).toThrow(/must add its parts before.*from plugin "late"/);
    expect(() => host.register('async', (async () => {}) as () => void)).toThrow(/must be synchronous.*"async"/);
  });

  test('listeners hear of every change, until they stop', () => {
    const host = new PluginHost();
    let heard = 0;
    const stop = host.onChange(() => heard++);
    host.register('all', everything);
    host.unregister('all');
    host.unregister('all');
    expect(heard).toBe(2);
    stop();
    host.register('all', everything);
    host.unregister('all');
    expect(heard).toBe(2);
  });

  test('a prelude name that a cell made is not replaced', () => {
    const host = new PluginHost();
    globals.labHost = 'mine';
    expect(() => host.register('all', everything)).toThrow(/"labHost"/);
    expect(globals.labHost).toBe('mine');
  });
});

describe('running a magic', () => {
  const host = new PluginHost();
  host.register('all', ({ magics }) => {
    for (const magic of [magicOf('greet'), magicOf('story', 'cell'), magicOf('both', 'either')]) magics.add(magic);
  });

  test('its value is returned as it is, with options by its schema and the body of the cell', async () => {
    const cell = cellOf();
    expect(await runMagic(host, { name: 'both', args: '--times 3', body: 'text' }, cell)).toEqual({
      body: 'text',
      aborted: false,
    });
    expect(cell.printed).toEqual(['both x3']);
    expect(await runMagic(host, { name: 'both', args: '', body: null }, cell)).toMatchObject({ body: null });
  });

  test('-h prints help and runs nothing, whatever else is wrong', async () => {
    const cell = cellOf();
    expect(await runMagic(host, { name: 'story', args: '--nonsense -h', body: null }, cell)).toBeUndefined();
    expect(cell.printed.join('')).toMatch(/^usage: %%story \[--times N\]/);
  });

  test('a cell magic without a cell and a line magic with one are refused and say what to write', async () => {
    await expect(runMagic(host, { name: 'story', args: '', body: null }, cellOf())).rejects.toThrow(
      /%%story: a cell magic must have a cell below it, got a line\. Write %%story/,
    );
    await expect(runMagic(host, { name: 'greet', args: '', body: 'x' }, cellOf())).rejects.toThrow(
      /%greet: a line magic must stand alone on its line, got a cell below it\. Write %greet/,
    );
  });

  test('an unknown magic is refused with the near name', async () => {
    await expect(runMagic(host, { name: 'gret', args: '', body: null }, cellOf())).rejects.toThrow(
      '%gret: a magic must be registered, got an unknown name. Did you mean %greet? %lsmagic lists all.',
    );
    await expect(runMagic(host, { name: 'zzzzzz', args: '', body: null }, cellOf())).rejects.not.toThrow(
      /Did you mean/,
    );
  });
});
