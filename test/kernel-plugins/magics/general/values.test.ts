import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { parseMagicArguments } from '../../../../kernel-plugins/host';
import { duration, startStopwatch } from '../../../../kernel-plugins/kernel/execution/stopwatch';
import { envMagic, shownValue } from '../../../../kernel-plugins/magics/general/env';
import { packageName, projectOf } from '../../../../kernel-plugins/magics/general/npm';
import { typeName } from '../../../../kernel-plugins/magics/general/who';
import { rowsBundle } from '../../../../kernel-plugins/mime/rows-bundle';

describe('%env', () => {
  test.each([
    'ANTHROPIC_API_KEY',
    'HF_TOKEN',
    'AWS_SECRET_ACCESS_KEY',
    'DB_PASSWORD',
    'npm_config__auth',
    'GITHUB_PAT',
    'MYSQL_PWD',
    'SSH_PRIVATE',
    'aws_session_token',
  ])('shows nothing of %s', (name) => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), (value) => {
        const shown = shownValue(name, value);
        expect(shown).toBe('(set, not shown)');
      }),
    );
  });

  test('shows other values as they are, PWD too, but not the password in an address', () => {
    expect(shownValue('PWD', '/srv/notebooks')).toBe('/srv/notebooks');
    expect(shownValue('HTTPS_PROXY', 'http://me:pass@proxy:3128/')).toBe('http://…@proxy:3128/');
    expect(shownValue('LANG', 'C.UTF-8')).toBe('C.UTF-8');
  });

  test.each([
    ['A=1', '1'],
    ['A = 1', '1'],
    ['A =1', '1'],
    ['A 1 2', '1 2'],
    ['A="x = y"', 'x = y'],
    ['A=', ''],
  ])('%s sets A', (line, value) => {
    const env: NodeJS.ProcessEnv = {};
    const magic = envMagic(env);
    const options = parseMagicArguments(magic, line);
    magic.run({ options, body: null, signal: new AbortController().signal, print() {}, standsFor() {}, load: null });
    expect(env).toEqual({ A: value });
  });
});

describe('%npm', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-npm-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('a package’s name is what stands before its version, or what its folder says', () => {
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: '@me/local' }));
    const specs = ['left-pad', 'left-pad@1.3.0', '@scope/a', '@scope/a@^2', `file:${dir}`, 'file:/not/there'];
    expect(specs.map(packageName)).toEqual([
      'left-pad',
      'left-pad',
      '@scope/a',
      '@scope/a',
      '@me/local',
      'file:/not/there',
    ]);
  });

  test('its project is the nearest folder with a package.json', () => {
    const below = join(dir, 'notebooks', 'guide');
    mkdirSync(below, { recursive: true });
    expect(projectOf(below)).toBe(dir);
  });
});

describe('small texts', () => {
  test.each([
    [0, '0 ms'],
    [0.5123, '0.512 ms'],
    [34.06, '34.1 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min 0 s'],
    [125_400, '2 min 5 s'],
  ])('%d ms is written %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test('a stopwatch counts the CPU time of what ran since its start', () => {
    const read = startStopwatch();
    for (const end = performance.now() + 30; performance.now() < end; );
    expect(read()).toMatch(/^wall [\d.]+ (ms|s), CPU [\d.]+ (ms|s) \(user .*, system .*\)$/);
  });

  test('types are named as people name them', () => {
    class Dial {}
    const values = [1, 'a', null, [1], {}, new Map(), () => 1, Dial, new Dial(), Object.create(null), 1n, Symbol('s')];
    expect(values.map(typeName)).toEqual([
      'number',
      'string',
      'null',
      'Array',
      'Object',
      'Map',
      'function',
      'class',
      'Dial',
      'object',
      'bigint',
      'symbol',
    ]);
  });

  test('rows are escaped in HTML and aligned in text', () => {
    const bundle = rowsBundle(
      ['name', 'value'],
      [
        { name: '<b>', value: 'x' },
        { name: 'longer', value: null },
      ],
    );
    expect(bundle['text/plain']).toBe('name    value\n<b>     x\nlonger');
    expect(bundle['text/html']).toContain('&lt;b&gt;');
    expect(bundle['text/html']).not.toContain('<b>');
  });
});
