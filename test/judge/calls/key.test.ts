import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { serialize } from 'node:v8';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, projectRoot } from '../../../src/core';
import { findKey, howToGiveKey, KeySource, keyForms, keyringFile, redact } from '../../../src/judge/calls/key';

const key = ['sk', 'ant', 'api03-Planted_0123456789-abcdefAB'].join('-');
const origin = 'ANTHROPIC_API_KEY';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mstlab-key-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(path: string, text: string, mode = 0o600): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function errorOf(work: () => unknown): ConfigError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error('nothing was thrown');
}

describe('findKey', () => {
  const keyring = () => join(home, '.config', 'mstlab', 'anthropic-key');

  test('takes the variable, else the named file, else the keyring file, else null', () => {
    expect(findKey({ HOME: home })).toBeNull();
    write(keyring(), `${key}-ring\n`);
    const named = write(join(home, 'keys', 'named'), `${key}-named\n`);
    expect(findKey({ HOME: home })?.reveal()).toBe(`${key}-ring`);
    expect(findKey({ HOME: home, MSTLAB_KEY_FILE: named })?.reveal()).toBe(`${key}-named`);
    expect(findKey({ HOME: home, MSTLAB_KEY_FILE: named, ANTHROPIC_API_KEY: key })?.reveal()).toBe(key);
    expect(findKey({ HOME: home, MSTLAB_KEY_FILE: '', ANTHROPIC_API_KEY: ' ' })?.reveal()).toBe(`${key}-ring`);
  });

  test('says where it found it, with the home folder as ~', () => {
    const named = write(join(home, 'keys', 'named'), key);
    expect(findKey({ HOME: home, MSTLAB_KEY_FILE: named })?.origin).toBe('~/keys/named');
    expect(findKey({ HOME: home, MSTLAB_KEY_FILE: '~/keys/named' })?.origin).toBe('~/keys/named');
    expect(findKey({ HOME: join(home, 'other'), MSTLAB_KEY_FILE: named })?.origin).toBe(named);
    expect(findKey({ HOME: home, ANTHROPIC_API_KEY: key })?.origin).toBe('ANTHROPIC_API_KEY');
  });

  test('follows XDG_CONFIG_HOME where it is absolute', () => {
    write(join(home, 'conf', 'mstlab', 'anthropic-key'), key);
    expect(findKey({ HOME: home, XDG_CONFIG_HOME: join(home, 'conf') })?.origin).toBe('~/conf/mstlab/anthropic-key');
    expect(keyringFile({ HOME: home, XDG_CONFIG_HOME: 'conf' })).toBe(keyring());
    expect(howToGiveKey({ HOME: home })).toContain('chmod 600 ~/.config/mstlab/anthropic-key');
  });

  test.each([0o640, 0o604, 0o660, 0o610])('refuses a file of mode %o, with the command that mends it', (mode) => {
    write(keyring(), key, mode);
    const { message } = errorOf(() => findKey({ HOME: home }));
    expect(message).toContain('chmod 600 ~/.config/mstlab/anthropic-key');
    expect(message).not.toContain(key);
  });

  test('refuses a file within the project, also by a link from outside', () => {
    const inside = join(projectRoot(), 'package.json');
    const link = join(home, 'link');
    symlinkSync(inside, link);
    for (const path of [inside, link])
      expect(errorOf(() => findKey({ HOME: home, MSTLAB_KEY_FILE: path })).message).toContain('outside the project');
  });

  test('a link to a file outside is followed, and the mode that counts is that of the file', () => {
    const file = write(join(home, 'vault', 'file'), key, 0o644);
    symlinkSync(file, join(home, 'link'));
    const find = () => findKey({ HOME: home, MSTLAB_KEY_FILE: join(home, 'link') });
    errorOf(find);
    chmodSync(file, 0o400);
    expect(find()?.reveal()).toBe(key);
    linkSync(file, join(home, 'hard'));
    expect(findKey({ HOME: home, MSTLAB_KEY_FILE: join(home, 'hard') })?.reveal()).toBe(key);
  });

  test.each([
    ['nothing', ''],
    ['2 lines', `${key}\n${key}`],
    ['blanks', `${key.slice(0, 20)} ${key.slice(20)}`],
    ['5 characters', key.slice(0, 5)],
    ['blanks or characters', `${key}é`],
    ['bytes', key.repeat(200)],
  ])('refuses a file that holds %s, and shows nothing of it', (_, text) => {
    write(keyring(), text);
    const error = errorOf(() => findKey({ HOME: home }));
    expect(inspect(error, { showHidden: true, depth: null })).not.toContain(key.slice(0, 12));
    if (text !== '') expect(error.message).not.toContain(text);
  });

  test('refuses a variable that is no key, and shows nothing of it', () => {
    const error = errorOf(() => findKey({ ANTHROPIC_API_KEY: `${key}\nmore` }));
    expect(error.message).toContain('2 lines (from ANTHROPIC_API_KEY');
    expect(error.message).not.toContain(key.slice(0, 12));
  });

  test('refuses a named file that is not there, and a folder', () => {
    expect(errorOf(() => findKey({ HOME: home, MSTLAB_KEY_FILE: join(home, 'none') })).message).toContain('ENOENT');
    expect(errorOf(() => findKey({ HOME: home, MSTLAB_KEY_FILE: home })).message).toContain('something else');
  });
});

describe('KeySource', () => {
  const source = new KeySource(origin, key);

  test('shows its origin alone, however it is written', () => {
    const shown = `KeySource(${origin})`;
    expect(String(source)).toBe(shown);
    expect(`${source}`).toBe(shown);
    expect(inspect(source)).toBe(shown);
    expect(JSON.stringify({ source })).toBe(`{"source":"${shown}"}`);
    expect(structuredClone(source)).toEqual({ origin });
  });

  test('nothing of the key is in a clone, a dump or an inspection of everything', () => {
    const holder = { source, list: [source], map: new Map([[source, source]]) };
    const error = new Error('failed', { cause: source });
    const texts = [
      inspect(holder, { showHidden: true, depth: null, getters: true }),
      inspect(holder, { showHidden: true, depth: null, customInspect: false }),
      inspect(error, { showHidden: true }),
      JSON.stringify(Object.getOwnPropertyDescriptors(source)),
      serialize(holder).toString('latin1'),
      JSON.stringify({ ...source }),
    ];
    for (const text of texts) expect(text).not.toContain(key.slice(7));
  });
});

describe('redact', () => {
  const keyOf = fc.stringMatching(/^[\x21-\x7e]{16,60}$/);
  const around = fc.string({ unit: 'binary', maxLength: 12 });

  test('law: no form of the key stands in the text afterwards', () => {
    fc.assert(
      fc.property(keyOf, around, around, (secret, before, after) => {
        const forms = [
          secret,
          encodeURIComponent(secret),
          JSON.stringify({ secret }),
          JSON.stringify(JSON.stringify({ secret })),
          inspect({ secret }),
          Buffer.from(secret).toString('hex'),
        ];
        for (const form of forms) {
          const text = redact(`${before}${form}${after}`, new KeySource(origin, secret));
          for (const left of keyForms(secret)) expect(text).not.toContain(left);
        }
      }),
    );
  });

  test('law: of a base64 text that holds the key anywhere, less than three bytes of the key are left at each end', () => {
    fc.assert(
      fc.property(keyOf, around, around, fc.constantFrom('base64', 'base64url'), (secret, before, after, alphabet) => {
        const text = Buffer.from(`${before}${secret}${after}`).toString(alphabet as BufferEncoding);
        const left = redact(text, secret);
        expect(left).toContain('••••');
        for (const part of left.split('••••'))
          for (const shift of [0, 1, 2, 3])
            expect(Buffer.from(part.slice(shift), 'base64').toString('latin1')).not.toContain(secret.slice(3, -3));
      }),
    );
  });

  test('the header of a request, plain and in base64', () => {
    const basic = Buffer.from(`Bearer ${key}`).toString('base64');
    expect(redact(`Authorization: Bearer ${key}; ${basic}`, key)).not.toMatch(
      new RegExp(`${key}|${basic.slice(12, -4)}`),
    );
  });

  test('whatever looks like a key of Anthropic is blanked without knowing it; other text stays as it is', () => {
    expect(redact(`{"error":"invalid x-api-key ${key}x"}`, null)).toBe('{"error":"invalid x-api-key ••••"}');
    const text = 'the key to the task, sk-antique, and a key: value';
    expect(redact(text, new KeySource(origin, key))).toBe(text);
  });

  test('redacting again changes nothing', () => {
    const once = redact(`a ${key} b`, key);
    expect(redact(once, key)).toBe(once);
  });
});
