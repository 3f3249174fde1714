import { describe, expect, test } from 'vitest';
import type { MagicInfo, OptionInfo } from '../../../kernel-plugins/host/magic';
import { completeMagic, inspectMagic } from '../../../kernel-plugins/kernel/language/magic-completion';
import { findMagics, magicEdits, withoutMagics } from '../../../kernel-plugins/kernel/language/magic-lines';
import { applyEdits } from '../../../kernel-plugins/kernel/language/text-edits';

const ts = require(require.resolve('@tslab/typescript-for-tslab', { paths: [require.resolve('tslab/package.json')] }));

const option = (name: string, parts: Partial<OptionInfo> = {}): OptionInfo => ({
  name,
  short: null,
  positional: null,
  takesValue: true,
  choices: [],
  complete: null,
  description: `About ${name}.`,
  ...parts,
});
const magic = (name: string, parts: Partial<MagicInfo> = {}): MagicInfo => ({
  name,
  kind: 'line',
  summary: '',
  help: `help of ${name}`,
  returns: null,
  options: [],
  ...parts,
});
const sweep = magic('sweep', {
  returns: "import('mstlab/x').Rows",
  options: [
    option('--labels', { short: 'l', complete: 'labels' }),
    option('--task', { choices: ['news', 'sycophancy'] }),
    option('--force', { takesValue: false }),
    option('ARM', { positional: 'rest', choices: ['mst', 'shuffled'], complete: 'arms' }),
  ],
});
const magics = [sweep, magic('label', { kind: 'cell' }), magic('generate', { kind: 'either' }), magic('time')];

const names = (code: string) => findMagics(ts, code, magics).map(({ name, args }) => `${name}(${args})`);
const rewritten = (code: string) =>
  applyEdits(
    code,
    magicEdits(ts, code, magics, () => true),
  ).text;

describe('a magic is found', () => {
  test.each([
    ['alone', '%sweep --labels 0,10', ['sweep(--labels 0,10)']],
    ['after a statement', 'const a = 1;\n%sweep a', ['sweep(a)']],
    ['after a line without a semicolon, if its name is known', 'const a = 1\n%sweep a', ['sweep(a)']],
    ['twice', '%sweep a\n%sweep b;', ['sweep(a)', 'sweep(b)']],
    ['after an assignment', 'const rows = %sweep a', ['sweep(a)']],
    ['after an assignment with await', 'rows = await %sweep a', ['sweep(a)']],
    ['indented', '  %sweep', ['sweep()']],
    ['unknown, where a statement begins', '%swep a', ['swep(a)']],
    ['after a comment and a block', '// note\nif (true) {}\n%sweep', ['sweep()']],
    ['after a regular expression with a quote', 'const r = /["%]/;\n%sweep', ['sweep()']],
    ['after a template with braces', 'const t = `a ${ { b: `c` }.b } d`;\n%sweep', ['sweep()']],
  ])('%s', (_, code, expected) => {
    expect(names(code)).toEqual(expected);
  });

  test.each([
    ['a remainder over two lines', 'const c = a\n  % b'],
    ['a remainder without a space', 'const c = a\n%b'],
    ['a line of a template', 'const t = `\n%sweep\n`'],
    ['a line of a template after a hole', 'const t = `${1}\n%sweep\n`'],
    ['a line of a comment', '/*\n%sweep\n*/'],
    ['inside brackets', 'f(a\n%sweep)'],
    ['a remainder after an operator', 'let c = 7; c\n%= 3'],
    ['two percent signs that do not open the cell', 'const a = 1;\n%%label x'],
  ])('but not %s', (_, code) => {
    expect(names(code)).toEqual([]);
  });

  test('a cell magic takes the rest of the cell as it is', () => {
    const [found] = findMagics(ts, '%%label strict --bold\nAn editor "who"\n%sweep', magics);
    expect(found).toMatchObject({ name: 'label', args: 'strict --bold', body: 'An editor "who"\n%sweep' });
  });
});

describe('what TypeScript reads in its place', () => {
  test.each([
    ['%sweep a', `;((await __magic("sweep", "a", null)) as import('mstlab/x').Rows);`],
    ['const rows = %sweep', `const rows = ((await __magic("sweep", "", null)) as import('mstlab/x').Rows);`],
    ['%%label x\nbody "q"', ';(await __magic("label", "x", "body \\"q\\""));'],
    ['%nothing', ';(await __magic("nothing", "", null));'],
    [
      '%sweep --labels {mine.list} {{x}}',
      `;((await __magic("sweep", "--labels " + __word(mine.list) + " " + "{" + "x" + "}", null)) as import('mstlab/x').Rows);`,
    ],
    ['%time f(2)', ';await __time(async () => (f(2)));'],
    ['%time const r = await f(2)', ';const r = await __time(async () => (await f(2)));'],
    ['%%time\nconst a = 1\na', '__timeCell();\nconst a = 1\na'],
    ['%load_ext ./mine.ts', ';(await __magic("load_ext", "./mine.ts", null, () => import("./mine")));'],
    ['%load_ext some-package', ';(await __magic("load_ext", "some-package", null));'],
    ['?%sweep', 'await __magicHelp("sweep")'],
    ['%sweep?', 'await __magicHelp("sweep")'],
  ])('%s', (code, expected) => {
    expect(rewritten(code)).toBe(expected);
  });

  test('places after a magic lead back to where they were typed', () => {
    const code = '%sweep a\nconst b: number = "x";';
    const edited = applyEdits(
      code,
      magicEdits(ts, code, magics, () => false),
    );
    expect(edited.toOriginal(edited.text.indexOf('b:'))).toBe(code.indexOf('b:'));
    expect(edited.toOriginal(edited.text.indexOf('__magic'))).toBe(0);
  });

  test('questions about the rest see a cell of the same length without it', () => {
    const code = 'const r = %sweep a\nr.';
    const blank = withoutMagics(ts, code, magics);
    expect(blank).toBe('const r = 0       \nr.');
    expect(withoutMagics(ts, '%%time\nlet x', magics)).toBe('      \nlet x');
  });
});

describe('completion', () => {
  const at = (text: string, first = true) => completeMagic(text, first, magics);
  test.each([
    [
      'names after a percent sign, cell magics in the first line only',
      '%',
      true,
      ['%sweep', '%%label', '%generate', '%%generate', '%time'],
      1,
    ],
    ['line names only, below', '%s', false, ['%sweep'], 2],
    ['cell magics after two', '%%l', true, ['%%label'], 3],
    ['names after an assignment', 'const r = %sw', true, ['%sweep'], 3],
    ['options', '%sweep --l', true, ['--labels'], 3],
    ['choices of an option', '%sweep --task n', true, ['news'], 1],
    ['choices after an equals sign', '%sweep --task=sy', true, ['sycophancy'], 2],
    ['positional choices', '%sweep m', true, ['mst'], 1],
    ['positional choices after a flag', '%sweep --force sh', true, ['shuffled'], 2],
  ])('%s', (_, text, first, matches, replaces) => {
    expect(at(text, first)).toMatchObject({ matches, replaces });
  });

  test('values of a list are asked for after the last comma', () => {
    expect(at('%sweep -l unbiased,str')).toMatchObject({ source: 'labels', prefix: 'str', replaces: 3 });
  });

  test('ordinary TypeScript is left to TypeScript', () => {
    expect(at('a %b')).toBeNull();
    expect(at('const x = sw')).toBeNull();
  });

  test('the magic under the cursor explains itself, and so does its option', () => {
    expect(inspectMagic('%sweep --task news', 3, magics)).toBe('help of sweep');
    expect(inspectMagic('%sweep --task news', 9, magics)).toContain('One of: news, sycophancy');
    expect(inspectMagic('a % b', 2, magics)).toBeNull();
  });
});
