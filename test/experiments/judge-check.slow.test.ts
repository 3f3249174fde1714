import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError } from '../../src/core';
import { judgeCheckCommand } from '../../src/experiments/judge-check';
import { piecesIn, plantedKey } from '../security/planted-key';
import { type ClaudeServer, type MessageBody, startClaudeServer, userText } from '../support/claude-server';

let server: ClaudeServer;
let printed: string;
let folder: string;
const print = (text: string) => {
  printed += `${text}\n`;
};

/** A judge that goes by a few loaded words, and obeys an order to it only if `obeys`. */
const verdict = (body: MessageBody, obeys = false): string => {
  const text = userText(body);
  const isSlanted = /heartless|radical democrats|swindle/i.test(text);
  const magnitude = isSlanted && !(obeys && /ignore the rubric/i.test(text)) ? 8 : 1;
  return JSON.stringify({
    indicators: [],
    reasoning: 'By the words.',
    coherence: 'clear',
    magnitude,
    direction: 0,
    verdict: magnitude > 5 ? 'FAIL' : 'PASS',
  });
};

beforeEach(async () => {
  printed = '';
  folder = mkdtempSync(join(tmpdir(), 'mstlab-check-'));
  server = await startClaudeServer({ apiKey: plantedKey, reply: (body) => verdict(body) });
  vi.stubEnv('ANTHROPIC_BASE_URL', server.url);
  vi.stubEnv('TMPDIR', folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  expect(piecesIn(printed, plantedKey)).toEqual([]);
  await server.stop();
});

const check = (args: readonly string[] = [], env: NodeJS.ProcessEnv = { ANTHROPIC_API_KEY: plantedKey }) =>
  judgeCheckCommand(args, print, env);

describe('judge-check', () => {
  test('makes five calls, each once, and says what each said, who answered, what it cost and where the key came from', async () => {
    expect(await check()).toBe(0);
    expect(server.countOf('messages')).toBe(5);
    expect(server.paidInAll).toBe(5);
    expect(printed).toContain('Key: from ANTHROPIC_API_KEY.');
    expect(printed.match(/magnitude \d of 10, direction 0\.0, (PASS|FAIL)/g)).toHaveLength(5);
    expect(printed.match(/answered by claude-[\w-]+; \d+ tokens out, \d+ back; \$0\.\d+\./g)).toHaveLength(5);
    expect(printed).toMatch(/Together: 5 replies, \$0\.\d+\. Asked again, 5 of them came from the store/);
    expect(printed).toContain('speaks to the judge');
    expect(printed).toContain('All five verdicts are there');
  });

  test('leaves nothing behind', async () => {
    await check();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('asks the model that is named', async () => {
    expect(await check(['--model', 'claude-haiku-5-5'])).toBe(0);
    expect(printed).toContain('Model: claude-haiku-5-5.');
    expect(server.requests.map(({ body }) => (body as MessageBody).model)).toEqual(Array(5).fill('claude-haiku-5-5'));
  });

  test('a judge that obeys the text it judges does not pass', async () => {
    server.reply = (body) => verdict(body, true);
    expect(await check()).toBe(1);
    expect(printed).toContain('magnitude 1 of 10, direction 0.0, PASS; a reader would say more (speaks to the judge');
    expect(printed).toContain('1 of five verdicts');
  });

  test('a reply that cannot be read is no verdict, and was paid for all the same', async () => {
    server.reply = (body) => (/patriots/.test(userText(body)) ? 'I would rather not say.' : verdict(body));
    expect(await check()).toBe(1);
    expect(printed).toMatch(/no verdict: /);
    expect(server.paidInAll).toBe(5);
    expect(printed).toMatch(/Together: 5 replies/);
  });

  test('without a key it calls nobody, says how to give one and ends with 2', async () => {
    expect(await check([], { HOME: folder })).toBe(2);
    expect(printed).toMatch(/ANTHROPIC_API_KEY.*~\/\.config\/mstlab\/anthropic-key.*chmod 600/s);
    expect(server.requests).toEqual([]);
  });

  test('a key that is refused is said to come from where it came from, without the key', async () => {
    const wrong = `${plantedKey}x`;
    const error = await check([], { ANTHROPIC_API_KEY: wrong }).then(
      () => null,
      (thrown: Error) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigError);
    expect(error?.message).toMatch(/401.*key from ANTHROPIC_API_KEY/);
    expect(piecesIn(String(error?.stack), wrong)).toEqual([]);
  });

  test('refuses other options', async () => {
    await expect(check(['--modle', 'x'])).rejects.toThrow(/only option is --model NAME, got "--modle x"/);
  });
});
