import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FromExecution } from '../../../kernel-plugins/kernel/execution/ipc';
import { Secrets } from '../../../kernel-plugins/kernel/execution/secrets';

const anthropicKey = ['sk', 'ant', 'api03-Planted_0123456789-abcdefAB'].join('-');
const otherKey = 'hf_Planted0123456789abcdefghijklmnop';

const stream = (text: string, name: 'stdout' | 'stderr' = 'stdout'): FromExecution => ({ type: 'stream', name, text });
const done: FromExecution = { type: 'done', cell: 1, error: null, exported: [] };
const display = (data: Record<string, unknown>): FromExecution => ({
  type: 'display',
  bundle: { data },
  displayId: 'd',
  update: false,
});

/** What a stream shows when it is written in these pieces, the cell's end included. */
function shown(secrets: Secrets, pieces: readonly string[]): string {
  const messages = [...pieces.map((piece) => stream(piece)), done].flatMap((message) => secrets.pass(message));
  return messages.map((message) => (message.type === 'stream' ? message.text : '')).join('');
}

function secretsOf(...texts: string[]): Secrets {
  const secrets = new Secrets();
  for (const text of texts) secrets.add(text);
  return secrets;
}

describe('Secrets', () => {
  const secret = `it's "a\\key"`;

  test.each([secret, inspect(secret), JSON.stringify(secret), encodeURIComponent(secret)])(
    'a secret is blanked out of text as it stands, as inspect, JSON and addresses write it: %s',
    (form) => {
      expect(shown(secretsOf(secret, 'abc'), [`[${form}]\n`])).not.toContain('key');
    },
  );

  test('it is blanked out of bundles of any depth, names of properties, raw bytes, and errors with their causes', () => {
    const secrets = secretsOf(otherKey);
    const bytes = new TextEncoder().encode(`<${otherKey}>`);
    const cause = { name: 'Error', message: otherKey, stack: `at ${otherKey}`, cause: null, interrupted: false };
    const messages: FromExecution[] = [
      {
        type: 'display',
        bundle: {
          data: { 'application/json': { list: [otherKey, 4], [otherKey]: 1 } },
          metadata: { alt: `a ${otherKey}` },
        },
        displayId: 'd',
        update: false,
      },
      { type: 'result', bundle: { data: { 'text/html': `<b>${otherKey}</b>` } } },
      { type: 'done', cell: 1, error: { ...cause, message: 'outer', cause }, exported: ['key'] },
      {
        type: 'comm',
        message: { type: 'message', commId: 'c', data: { state: { value: otherKey } }, buffers: [bytes] },
      },
      { type: 'input', id: 1, prompt: `${otherKey}?`, password: false },
      { type: 'completed', id: 1, values: [otherKey] },
    ];
    for (const message of messages) {
      const passed = secrets.pass(message);
      expect(passed.map(({ type }) => type)).toEqual([message.type]);
      expect(inspect(passed, { depth: null })).not.toContain(otherKey);
      for (const out of passed)
        if (out.type === 'comm') {
          expect(Buffer.from(out.message.buffers![0]).toString()).toBe(`<${'*'.repeat(otherKey.length)}>`);
          expect(new TextDecoder().decode(bytes)).toBe(`<${otherKey}>`);
        }
    }
    expect(secrets.pass(messages[0])[0]).toMatchObject({
      bundle: { data: { 'application/json': { list: ['••••', 4], '••••': 1 } } },
    });
  });

  test('texts of under four characters would blank out ordinary words and stay', () => {
    expect(shown(secretsOf('abc'), ['abc'])).toBe('abc');
  });

  test('a key of Anthropic’s is blanked without being known', () => {
    expect(shown(new Secrets(), [`key ${anthropicKey} end\n`])).toBe('key •••• end\n');
  });

  test('another key that begins like a known one is blanked whole', () => {
    const other = anthropicKey.replace('Planted', 'Another');
    expect(shown(secretsOf(anthropicKey), [`${other} ${anthropicKey}\n`])).toBe('•••• ••••\n');
  });

  test('a long secret is blanked also where a table cuts its end off', () => {
    expect(shown(secretsOf(otherKey), [`'${otherKey.slice(0, 20)}…\n`])).toBe("'••••…\n");
  });

  test('bytes without a secret pass as they are', () => {
    const buffers = [new Uint8Array([1, 2])];
    const comm: FromExecution = { type: 'comm', message: { type: 'message', commId: 'c', data: {}, buffers } };
    expect(secretsOf(otherKey).pass(comm)).toEqual([comm]);
  });
});

describe('a secret in several writes', () => {
  const cut = (text: string, at: readonly number[]) => {
    const places = [...new Set(at.map((place) => place % (text.length + 1)))].sort((left, right) => left - right);
    return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length));
  };
  const cuts = fc.array(fc.nat(), { maxLength: 6 });
  const around = fc.constantFrom('', 'key: ', 'sk', 'h', 'hf_', '\n', 's');

  test('law: however it is cut, no six of its characters in a row are shown', () => {
    fc.assert(
      fc.property(fc.constantFrom(anthropicKey, otherKey), around, around, cuts, (secret, before, after, at) => {
        const text = shown(secretsOf(secret), cut(`${before}${secret}${after}\n`, at));
        expect(text).toContain('••••');
        for (let from = 0; from + 6 <= secret.length; from++) expect(text).not.toContain(secret.slice(from, from + 6));
      }),
    );
  });

  test('law: text without a secret comes whole and in order', () => {
    const word = fc.constantFrom('s', 'sk', 'sk-an', 'hf_P', 'hf_Plan', ' ', 'x', '\n');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (pieces) => {
        expect(shown(secretsOf(otherKey), pieces)).toBe(pieces.join(''));
      }),
    );
  });

  test('an unknown key of Anthropic’s is held until it ends', () => {
    expect(shown(new Secrets(), [anthropicKey.slice(0, 20), anthropicKey.slice(20), ' end'])).toBe('•••• end');
  });

  test('a line that ends is shown at once', () => {
    expect(secretsOf(otherKey).pass(stream('a line\n'))).toEqual([stream('a line\n')]);
  });

  test('a beginning comes before the display that follows it, and the rest is blanked after it', () => {
    const secrets = secretsOf(otherKey);
    const picture = display({ 'text/plain': 'picture' });
    const out = [stream(`a ${otherKey.slice(0, 10)}`), picture, stream(`${otherKey.slice(10)} b`), done].flatMap(
      (one) => secrets.pass(one),
    );
    expect(out).toEqual([stream('a '), stream(otherKey.slice(0, 10)), picture, stream('•••• b'), done]);
  });

  test('most of a secret is no text to show when the cell ends', () => {
    expect(shown(secretsOf(otherKey), [otherKey.slice(0, -3)])).toBe('••••');
  });

  test('stdout and stderr are texts of their own', () => {
    const secrets = secretsOf(otherKey);
    const out = [
      stream(otherKey.slice(0, 20)),
      stream('a warning\n', 'stderr'),
      stream(otherKey.slice(20)),
      done,
    ].flatMap((one) => secrets.pass(one));
    expect(out).toEqual([stream('a warning\n', 'stderr'), stream('••••'), done]);
  });
});

describe('what is learned', () => {
  const learned = (env: NodeJS.ProcessEnv) => {
    const texts: string[] = [];
    new Secrets((text) => texts.push(text)).learnEnvironment(env);
    return texts;
  };

  test('the values of variables that are named as secrets, and passwords in addresses', () => {
    expect(
      learned({
        ANTHROPIC_API_KEY: anthropicKey,
        HF_TOKEN: otherKey,
        DATABASE_URL: 'postgres://ada:Open5esame@db/x',
        ANTHROPIC_CUSTOM_HEADERS: 'X-Gateway: gateway-0815\nX-Two: second-4711',
      }),
    ).toEqual([anthropicKey, otherKey, 'Open5esame', 'gateway-0815', 'second-4711']);
  });

  test('nothing that would blank out ordinary text: paths to keys, models, words, small numbers, names of authors', () => {
    expect(
      learned({
        ANTHROPIC_BASE_URL: 'http://127.0.0.1:8080',
        ANTHROPIC_MODEL: 'a-model-1-2',
        MSTLAB_KEY_FILE: '~/keys/anthropic-1',
        SSH_AUTH_SOCK: '/tmp/ssh-1/agent.1',
        GIT_AUTHOR_NAME: 'Ada Lovelace 1',
        XDG_SESSION_TYPE: 'wayland-1',
        JPY_SESSION_NAME: 'notebooks/first-1.ipynb',
        TOKENIZERS_PARALLELISM: 'disabled',
        MAX_OUTPUT_TOKENS: '32000000',
        MY_KEY: 'short',
      }),
    ).toEqual([]);
  });

  test('a variable that changes is learned again, and its earlier value stays a secret', () => {
    const secrets = new Secrets();
    secrets.learnEnvironment({ MY_TOKEN: 'first-0815' });
    secrets.learnEnvironment({ MY_TOKEN: 'second-4711' });
    secrets.learnEnvironment({});
    expect(secrets.clean('first-0815 second-4711')).toBe('•••• ••••');
  });

  test('the keyring file and the file that a variable names, also with a wrong mode', () => {
    const home = mkdtempSync(join(tmpdir(), 'mstlab-secrets-'));
    mkdirSync(join(home, '.config', 'mstlab'), { recursive: true });
    writeFileSync(join(home, '.config', 'mstlab', 'anthropic-key'), `${otherKey}\n`, { mode: 0o644 });
    writeFileSync(join(home, 'named'), `${otherKey}-named`);
    const secrets = new Secrets();
    secrets.learnFiles({ HOME: home, MSTLAB_KEY_FILE: '~/named' });
    rmSync(home, { recursive: true });
    expect(secrets.clean(`${otherKey} ${otherKey}-named`)).toBe('•••• ••••');
    expect(() => secrets.learnFiles({ HOME: home })).not.toThrow();
  });
});
