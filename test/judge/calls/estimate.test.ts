import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, FileFormatError } from '../../../src/core';
import { estimateText, inputTokenBound, inputTokenEstimate, mostOf } from '../../../src/judge/calls/estimate';
import { ledgerText } from '../../../src/judge/calls/ledger';
import { costOf, defaultModel, findModel, priceOf, readModels } from '../../../src/judge/calls/models';
import { callsTo, newFolder, question, questions } from '../../support/claude-questions';
import { type ClaudeServer, startClaudeServer, userText } from '../../support/claude-server';

const call = { purpose: 'judge news-bias' };
let server: ClaudeServer;
let folder: ReturnType<typeof newFolder>;
let store: string;

beforeEach(async () => {
  server = await startClaudeServer();
  folder = newFolder();
  store = join(folder.path, 'calls.sqlite');
});

afterEach(async () => {
  await server.stop();
  folder.remove();
});

describe('the tokens of a question', () => {
  // Counts of the API itself, from Anthropic's page on token counting and from replies that others published.
  it.each([
    { system: 'You are a scientist', user: 'Hello, Claude', tokens: 14 },
    { system: '', user: 'Hello, world', tokens: 10 },
    { system: '', user: 'What is 4200 + 42?', tokens: 17 },
  ])('are not estimated below the $tokens that the API counts in "$user"', ({ system, user, tokens }) => {
    const request = question(0, { system, user });
    expect(inputTokenEstimate(request)).toBeGreaterThanOrEqual(tokens);
    expect(inputTokenBound(request)).toBeGreaterThanOrEqual(inputTokenEstimate(request));
  });

  it('of English are a token for 2.8 characters, and of other scripts for as many bytes', () => {
    const [english, chinese] = ['The council met.', '市议会开会了。'].map((text) =>
      question(0, { user: text.repeat(500) }),
    );
    expect(inputTokenEstimate(english)).toBe(Math.ceil((16 + 8000) / 2.8) + 16);
    expect(inputTokenEstimate(chinese)).toBeGreaterThan(3500);
  });
});

describe('an estimate', () => {
  it('is free of charge and of requests, and counts stored and equal questions once', async () => {
    const calls = callsTo(server.url, store);
    await calls.ask(questions(3), call);
    const before = server.requests.length;
    const estimate = calls.estimate([...questions(5), question(4, { id: 'the same' })]);
    expect(estimate).toMatchObject({
      requests: 6,
      stored: 3,
      cheaper: 'batch',
      unknownPrices: [],
      lengthsFromReplies: 0,
    });
    expect(estimate.inputTokens).toBe(inputTokenEstimate(question(3)) + inputTokenEstimate(question(4)));
    expect(estimate.expectedOutputTokens).toBe(64);
    const [messages, batch] = estimate.modes;
    expect(batch.expectedUsd).toBeCloseTo((messages.expectedUsd ?? 0) / 2, 12);
    expect(messages.mostUsd).toBeCloseTo((estimate.inputTokens * 2 + 128 * 10) / 1e6, 12);
    expect(server.requests.length).toBe(before);
    expect(estimateText(estimate)).toMatch(
      /^6 questions, 3 of them answered before\. About \d+ tokens .*A batch is cheaper\.$/,
    );
    calls.close();
  });

  it('of nothing new names no mode', async () => {
    const calls = callsTo(server.url, store);
    await calls.ask(questions(2), call);
    expect(calls.estimate(questions(2))).toMatchObject({ stored: 2, cheaper: null, inputTokens: 0 });
    expect(estimateText(calls.estimate(questions(2)))).toMatch(/nothing to be paid\.$/);
    expect(estimateText(calls.estimate([]))).toMatch(/^0 questions/);
    calls.close();
  });

  it('expects the median reply of the same rubric and model once 20 are there', async () => {
    server.reply = (body) => 'w'.repeat(4 * (1 + (Number(/\d+/.exec(userText(body))?.[0]) % 9)));
    const calls = callsTo(server.url, store);
    await calls.ask(questions(19), call);
    expect(calls.estimate([question(30)])).toMatchObject({ lengthsFromReplies: 0, expectedOutputTokens: 32 });
    await calls.ask(questions(27), call);
    const known = calls.estimate([question(30), question(31, { rubricHash: 'another' })]);
    expect(known).toMatchObject({ lengthsFromReplies: 1, expectedOutputTokens: 5 + 32 });
    expect(calls.estimate([question(30)]).inputTokens).toBeCloseTo(9, -1);
    calls.close();
  });

  it('with a model of unknown price says so, and no amount', () => {
    const calls = callsTo(server.url, store);
    const estimate = calls.estimate([question(0), question(1, { model: 'claude-of-tomorrow' })]);
    expect(estimate).toMatchObject({ cheaper: null, unknownPrices: ['claude-of-tomorrow'] });
    expect(estimate.modes.every(({ expectedUsd, mostUsd }) => expectedUsd === null && mostUsd === null)).toBe(true);
    expect(estimateText(estimate)).toMatch(/price of claude-of-tomorrow is not known/);
    calls.close();
  });

  it('of the most is not passed by any reply', async () => {
    server.reply = () => 'word '.repeat(500);
    const calls = callsTo(server.url, store);
    const models = readModels();
    for (const { reply } of await calls.ask(questions(5), call))
      expect(reply?.costUsd).toBeLessThanOrEqual(mostOf(question(0), 'messages', models).usd ?? 0);
    calls.close();
  });
});

describe('the ledger', () => {
  it('has the sums of what the server was paid, by purpose and model, and from a time on', async () => {
    let now = Date.parse('2026-11-02T08:00:00Z');
    const calls = callsTo(server.url, store, { now: () => now });
    await calls.ask(questions(4), call);
    now += 3_600_000;
    await calls.ask(questions(6, { model: 'claude-haiku-5-5' }), { purpose: 'write articles' });
    const usage = { input: 0, output: 0 };
    for (const { reply } of await calls.ask(questions(4), call)) {
      usage.input += reply?.usage.inputTokens ?? 0;
      usage.output += reply?.usage.outputTokens ?? 0;
    }
    const [judged, written] = calls.ledger();
    expect(judged).toMatchObject({ ...call, model: 'claude-sonnet-5-5', mode: 'messages', paid: 4, mayHaveCostUsd: 0 });
    expect(judged).toMatchObject({ inputTokens: usage.input, outputTokens: usage.output });
    expect(judged.costUsd).toBeCloseTo((usage.input * 2 + usage.output * 10) / 1e6, 12);
    expect(calls.ledger('2026-11-02T08:30:00Z')).toEqual([written]);
    expect(judged.paid + written.paid).toBe(server.paidInAll);
    expect(ledgerText([judged, written])).toMatch(
      /judge news-bias, claude-sonnet-5-5, at once: 4 paid;.*\n.*\nTogether: 10 replies, \$0\.00/,
    );
    expect(() => calls.ledger('yesterday')).toThrow(ConfigError);
    calls.close();
    expect(ledgerText([])).toBe('Nothing was asked.');
  });
});

describe('the list of models', () => {
  it('names a default that is in it, or that the environment names', () => {
    const models = readModels({});
    expect(priceOf(defaultModel(models, {}), models)).not.toBeNull();
    expect(defaultModel(models, { MSTLAB_JUDGE_MODEL: 'claude-opus-5-5' })).toBe('claude-opus-5-5');
    expect(findModel('claude-opus-5-5', models)).toEqual({ id: 'claude-opus-5-5', thinking: null, effort: 'low' });
    expect(findModel('claude-of-tomorrow', models)).toEqual({ id: 'claude-of-tomorrow', thinking: null, effort: null });
  });

  it('knows a model by its dated id, and no other by a longer name', () => {
    const models = readModels({});
    expect(priceOf('claude-haiku-4-5-20251001', models)?.id).toBe('claude-haiku-4-5');
    expect(priceOf('claude-haiku-4-5-large', models)).toBeNull();
  });

  it('makes a cost of every kind of token, and half of it in a batch', () => {
    const usage = { inputTokens: 1e6, outputTokens: 1e5, cacheWriteTokens: 1e5, cacheReadTokens: 1e6 };
    const models = readModels({});
    expect(costOf('claude-sonnet-5-5', usage, 'messages', models)).toBeCloseTo(2 + 1 + 0.25 + 0.2, 12);
    expect(costOf('claude-sonnet-5-5', usage, 'batch', models)).toBeCloseTo(3.45 / 2, 12);
  });

  it('from another file must be whole, and have no fields of its own', () => {
    const path = join(folder.path, 'models.json');
    const env = { MSTLAB_MODELS: path };
    expect(() => readModels(env)).toThrow(/must be a file, got none .*named by MSTLAB_MODELS/);
    writeFileSync(path, '{');
    expect(() => readModels(env)).toThrow(FileFormatError);
    const { path: _, ...models } = readModels({});
    const file = { about: '', licence: '', ...models };
    writeFileSync(path, JSON.stringify(file));
    expect(readModels(env).models).toEqual(models.models);
    writeFileSync(path, JSON.stringify({ ...file, discount: 1 }));
    expect(() => readModels(env)).toThrow(/discount/);
    writeFileSync(path, JSON.stringify({ ...file, models: [...file.models, file.models[0]] }));
    expect(() => readModels(env)).toThrow(/every model must be listed once/);
  });
});
