import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { Secrets } from '../../../kernel-plugins/kernel/execution/secrets';

describe('Secrets', () => {
  const secrets = new Secrets();
  const secret = `it's "a\\key"`;
  secrets.add(secret);
  secrets.add('abc');

  test.each([secret, inspect(secret), JSON.stringify(secret)])(
    'a secret is blanked out of text as it stands, as inspect and as JSON write it: %s',
    (form) => {
      const message = { type: 'stream', name: 'stdout', text: `[${form}]` } as const;
      const { text } = secrets.blank(message) as typeof message;
      expect(text).not.toContain('key');
    },
  );

  test('it is blanked out of bundles of any depth and of errors with their causes', () => {
    const key = 'hf_12345';
    secrets.add(key);
    const display = {
      type: 'display',
      bundle: { data: { 'application/json': { list: [key, 4] }, 'text/plain': key }, metadata: { alt: `a ${key}` } },
      displayId: 'd',
      update: false,
    } as const;
    const cause = { name: 'Error', message: key, stack: `at ${key}`, cause: null, interrupted: false };
    const done = { type: 'done', cell: 1, error: { ...cause, message: 'outer', cause }, exported: ['key'] } as const;
    const comm = {
      type: 'comm',
      message: { type: 'message', commId: 'c', data: { state: { value: key } }, buffers: [new Uint8Array([1, 2])] },
    } as const;
    expect(secrets.blank(comm)).toMatchObject({ message: { buffers: [new Uint8Array([1, 2])] } });
    for (const message of [display, done, comm]) expect(JSON.stringify(secrets.blank(message))).not.toContain(key);
    expect(secrets.blank(display)).toMatchObject({ bundle: { data: { 'application/json': { list: ['••••', 4] } } } });
  });

  test('texts of under four characters would blank out ordinary words and stay', () => {
    const message = { type: 'stream', name: 'stdout', text: 'abc' } as const;
    expect(secrets.blank(message)).toEqual(message);
  });
});
