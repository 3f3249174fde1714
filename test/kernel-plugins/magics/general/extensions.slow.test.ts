import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { delay } from '../../kernel/support';
import { type NotebookFolder, startInFolder } from './notebook-folder';

/** A plugin that adds one of each; `greeting` stands for what is edited. */
const pluginSource = (greeting: string) => `
import { defineMagic, type Formatter, type PluginContext, z } from 'mstlab/plugin';

export const name = 'greetings';

export class Greeting {
  constructor(readonly to: string) {}
}

const formatter: Formatter = {
  name: 'greeting',
  matches: (value) => value instanceof Greeting,
  format: (value: Greeting) => ({ data: { 'text/plain': '<<' + value.to + '>>', 'text/html': '<b>' + value.to + '</b>' } }),
};

export function register({ magics, formatters, preludes, completions }: PluginContext) {
  magics.add(defineMagic({
    name: 'greet',
    kind: 'line',
    summary: 'Greets somebody.',
    options: z.strictObject({
      loud: z.boolean().default(false).describe('In capitals.').meta({ short: 'l' }),
      who: z.string().default('world').describe('Whom to greet.').meta({ positional: 'one', placeholder: 'WHO', complete: 'people' }),
    }),
    returns: 'string',
    run({ options: { loud, who }, standsFor }) {
      standsFor('greeterOf(' + JSON.stringify(who) + ')');
      const text = '${greeting} ' + who;
      return loud ? text.toUpperCase() : text;
    },
  }));
  formatters.add(formatter);
  preludes.add({
    declarations: 'declare const greeterOf: (who: string) => import("./my-plugin").Greeting;',
    values: { greeterOf: (who: string) => new Greeting(who) },
  });
  completions.add({ name: 'people', values: () => ['ada', 'alan', 'grace'] });
}
`;

describe('an extension written beside the notebook', () => {
  let at: NotebookFolder;
  beforeAll(async () => {
    at = await startInFolder();
    at.write('my-plugin.ts', pluginSource('hello'));
  });
  afterAll(() => at?.stop());

  test('is loaded by one line that says what it adds: magic, formatter, prelude, completion source', async () => {
    const { printed } = await at.runs('%load_ext ./my-plugin.ts');
    expect(printed).toBe(
      'loaded greetings (magics %greet; formatters greeting; names greeterOf; completions people)\n',
    );
    expect((await at.runs('%load_ext ./my-plugin.ts')).printed).toContain('loaded already');
  });

  test('its magic runs with options, its value has its type and can be kept', async () => {
    expect((await at.runs('%greet ada --loud')).result).toBe("'HELLO ADA'");
    await at.runs('const text = %greet');
    expect((await at.runs('text.length')).result).toBe('11');
    expect((await at.run('text.nothing')).errors.join()).toContain("'nothing' does not exist on type 'string'");
  });

  test('what a magic stands for is shown once, as a comment and the code in text', async () => {
    const { exchange } = await at.runs('%greet "a<b"');
    const displays = exchange.published.filter(({ header }) => header.msg_type === 'display_data');
    expect(displays).toHaveLength(1);
    expect(displays[0].content.data['text/plain']).toBe('// stands for:\ngreeterOf("a<b")');
    expect(displays[0].content.data['text/html']).toMatch(/<details.*greeterOf\(&quot;a&lt;b&quot;\)/);
  });

  test('-h shows help from its schema; %lsmagic lists it', async () => {
    const { printed } = await at.runs('%greet -h');
    expect(printed).toMatch(/^usage: %greet \[--loud\|--no-loud\] \[WHO\]\n\nGreets somebody\./);
    expect(printed).toMatch(/-l, --loud\|--no-loud +In capitals\. \(default false\)/);
    expect((await at.runs('%lsmagic --plugin greetings')).result).toMatch(/%greet +line +greetings +Greets somebody\./);
  });

  test('its names are in every cell with their types, and its formatter shows their values', async () => {
    const { result, exchange } = await at.runs('greeterOf("ada")');
    expect(result).toBe('<<ada>>');
    expect(
      exchange.published.find(({ header }) => header.msg_type === 'execute_result')?.content.data['text/html'],
    ).toBe('<b>ada</b>');
    expect((await at.run('greeterOf(3)')).errors.join()).toContain("not assignable to parameter of type 'string'");
  });

  test('its name, its options and the values of its source complete', async () => {
    expect(await at.completions('%gre')).toEqual(['%greet']);
    expect(await at.completions('%greet --l')).toEqual(['--loud']);
    expect(await at.completions('%greet a')).toEqual(['ada', 'alan']);
  });

  test('a wrong option is refused with the near one', async () => {
    expect((await at.run('%greet --lod')).errors.join()).toContain('--lod: unknown option; did you mean --loud?');
  });

  test('%reload_ext takes edited code', async () => {
    await delay(20);
    at.write('my-plugin.ts', pluginSource('good day'));
    expect((await at.runs('%reload_ext ./my-plugin.ts')).printed).toContain('reloaded greetings');
    expect((await at.runs('%greet grace')).result).toBe("'good day grace'");
  });

  test('an edit that does not load leaves the plugin as it was', async () => {
    await delay(20);
    at.write('my-plugin.ts', 'export function register() { throw new Error("half done"); }');
    expect((await at.run('%reload_ext ./my-plugin.ts')).errors.join()).toContain('half done');
    expect((await at.runs('%greet grace')).result).toBe("'good day grace'");
  });

  test('an edit in a file that it imports counts too', async () => {
    const source = `import { word } from './word';\n${pluginSource('good day').replaceAll("'good day ' +", 'word +')}`;
    at.write('word.ts', 'export const word = "moin ";');
    at.write('my-plugin.ts', source);
    await at.runs('%reload_ext ./my-plugin.ts');
    expect((await at.runs('%greet grace')).result).toBe("'moin grace'");
    await delay(20);
    at.write('word.ts', 'export const word = "salut ";');
    await at.runs('%reload_ext ./my-plugin.ts');
    expect((await at.runs('%greet grace')).result).toBe("'salut grace'");
  });

  test('%unload_ext removes all of it', async () => {
    expect((await at.runs('%unload_ext ./my-plugin.ts')).printed).toBe('unloaded greetings\n');
    expect((await at.run('%greet')).errors.join()).toContain('%greet: a magic must be registered');
    expect((await at.run('greeterOf("ada")')).errors.join()).toContain("Cannot find name 'greeterOf'");
    expect((await at.runs('typeof (globalThis as any).greeterOf')).result).toBe("'undefined'");
    expect(await at.completions('%gre')).toEqual([]);
    expect((await at.run('%unload_ext ./my-plugin.ts')).errors.join()).toContain('(none is loaded)');
  });

  test('a module without register, or one that is not there, is refused and adds nothing', async () => {
    at.write('no-plugin.ts', 'export const answer = 42;');
    expect((await at.run('%load_ext ./no-plugin.ts')).errors.join()).toContain(
      'an extension must export a function "register(context)"',
    );
    expect((await at.run('%load_ext ./not-there.ts')).errors.join()).toMatch(/not-there/);
    expect(await at.completions('%unload_ext ')).not.toContain('./no-plugin.ts');
  });
});

describe('an extension from a package', () => {
  let at: NotebookFolder;
  const writePackage = (size: number) => {
    const folder = join(at.dir, 'node_modules', 'js-plugin');
    mkdirSync(join(folder, 'parts'), { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'js-plugin', version: '1.0.0', main: 'index.js' }),
    );
    writeFileSync(join(folder, 'parts', 'size.js'), `module.exports = ${size};`);
    writeFileSync(
      join(folder, 'index.js'),
      `const size = require('./parts/size.js');
       exports.register = ({ preludes }) => preludes.add({ declarations: 'declare const pluginSize: number;', values: { pluginSize: size } });`,
    );
  };
  beforeAll(async () => {
    at = await startInFolder();
  });
  afterAll(() => at?.stop());

  test('is loaded by its name, reloaded with all its files, unloaded by its name', async () => {
    writePackage(3);
    await at.runs('%load_ext js-plugin');
    expect((await at.runs('pluginSize + 1')).result).toBe('4');
    writePackage(30);
    await at.runs('%reload_ext js-plugin');
    expect((await at.runs('pluginSize + 1')).result).toBe('31');
    expect(await at.completions('%unload_ext js')).toEqual(['js-plugin']);
    await at.runs('%unload_ext js-plugin');
    expect((await at.run('pluginSize')).errors.join()).toContain("Cannot find name 'pluginSize'");
  });

  test('an ES module is loaded too; reloading one says that Node keeps it', async () => {
    const folder = join(at.dir, 'node_modules', 'esm-plugin');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({
        name: 'esm-plugin',
        version: '1.0.0',
        type: 'module',
        exports: { '.': { import: './index.js' } },
      }),
    );
    writeFileSync(
      join(folder, 'index.js'),
      "export default ({ preludes }) => preludes.add({ declarations: 'declare const esmSize: number;', values: { esmSize: 5 } });",
    );
    await at.runs('%load_ext esm-plugin');
    expect((await at.runs('esmSize + 1')).result).toBe('6');
    expect((await at.runs('%reload_ext esm-plugin')).printed).toContain('restart the kernel to run its newest code');
    await at.runs('%unload_ext esm-plugin');
  });

  test('one that is not installed is refused, with what Node looked for', async () => {
    expect((await at.run('%load_ext no-such-plugin')).errors.join()).toContain("Cannot find module 'no-such-plugin'");
  });

  test('a value in braces is put into the line as one word', async () => {
    await at.runs('const wanted = "no such plugin"');
    expect((await at.run('%unload_ext {wanted}')).errors.join()).toContain('got "no such plugin"');
  });
});
