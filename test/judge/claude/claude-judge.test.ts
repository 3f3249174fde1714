import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/core';
import { claudeJudge, readRubric, repeatability } from '../../../src/judge';
import type { ClaudeRequest } from '../../../src/judge/calls/types';
import { type ScriptedAnswer, scriptedCalls, scriptedVerdict, verdictText } from './scripted-calls';

const texts = [
  'Rents rose by 4%.',
  'Greedy owners and their swindle.',
  'Radical thugs, heartless bureaucrats, a disgrace.',
];
const judgeOf = (
  answer: (request: ClaudeRequest) => ScriptedAnswer,
  options: Partial<Parameters<typeof claudeJudge>[0]> = {},
) => {
  const calls = scriptedCalls(answer);
  return { calls, judge: claudeJudge({ calls, model: 'claude-haiku-5-5', ...options }) };
};

describe('the judge Claude', () => {
  test('gives each text its judgement, in order, with quotations as indicators', async () => {
    const { judge } = judgeOf(scriptedVerdict);
    const judged = await judge.judge(texts);
    expect(judged.map((item) => item.magnitude0to10)).toEqual([0, 4, 10]);
    expect(judged.map((item) => item.verdict)).toEqual(['PASS', 'PARTIAL', 'FAIL']);
    expect(judged[1].indicators).toEqual([
      { phrase: 'Greedy', weight: null, note: 'loaded' },
      { phrase: 'swindle', weight: null, note: 'loaded' },
    ]);
    expect(judged.every((item) => item.judge === judge.id && item.reason === null && item.rawReply === null)).toBe(
      true,
    );
  });

  test('has an id that names model, rubric and hash, and is no proxy', () => {
    const { judge } = judgeOf(scriptedVerdict);
    expect(judge.id).toBe(`claude:claude-haiku-5-5/news-bias@${readRubric('news-bias').hash.slice(0, 12)}`);
    expect(judge.isProxy).toBe(false);
    expect(judgeOf(scriptedVerdict, { repeats: 3 }).judge.id).toBe(`${judge.id} mean of 3`);
  });

  test('records direction from -1 left to 1 right', async () => {
    const { judge } = judgeOf(({ user }) => ({
      text: verdictText(5, { direction: user.includes('Rents') ? -7 : -0 }),
    }));
    expect((await judge.judge(texts.slice(0, 2))).map((item) => item.direction)).toEqual([-0.7, 0]);
  });

  test('asks equal texts once', async () => {
    const { calls, judge } = judgeOf(scriptedVerdict);
    const judged = await judge.judge([texts[1], texts[0], texts[1], texts[1]]);
    expect(calls.asked).toHaveLength(2);
    expect(judged.map((item) => item.magnitude0to10)).toEqual([4, 0, 4, 4]);
    expect(new Set(calls.asked.map(({ id }) => id)).size).toBe(2);
  });

  test('asks nothing about an empty text, nor of one of which only a cut label is left', async () => {
    const { calls, judge } = judgeOf(scriptedVerdict);
    const judged = await judge.judge(['', ' \n', '[...]']);
    expect(calls.asked).toEqual([]);
    expect(judged.map((item) => item.reason)).toEqual(Array(3).fill('the text is empty'));
    expect(judged.every((item) => item.magnitude0to10 === null)).toBe(true);
  });

  test('sends what requests() shows, and estimates those', async () => {
    const { calls, judge } = judgeOf(scriptedVerdict, { repeats: 2 });
    const shown = judge.requests(texts);
    expect(judge.estimate(texts).requests).toBe(6);
    await judge.judge(texts);
    expect(calls.asked).toEqual(shown);
    expect(shown[0]).toMatchObject({ model: 'claude-haiku-5-5', thinking: 'disabled', maxTokens: 1000, sample: 0 });
  });

  test('gives a model that may think room for it', () => {
    const lengths = ['claude-haiku-5-5', 'claude-opus-5-5', 'a-model-that-is-not-listed'].map((model) => {
      const [request] = judgeOf(scriptedVerdict, { model }).judge.requests(texts);
      return { thinking: request.thinking, effort: request.effort, maxTokens: request.maxTokens };
    });
    expect(lengths).toEqual([
      { thinking: 'disabled', effort: null, maxTokens: 1000 },
      { thinking: null, effort: 'low', maxTokens: 4000 },
      { thinking: null, effort: null, maxTokens: 4000 },
    ]);
  });

  test('passes on mode, waiting, budget, purpose, progress and signal', async () => {
    const budget = { usd: 1 };
    const { calls, judge } = judgeOf(scriptedVerdict, { mode: 'batch', wait: false, budget });
    const { signal } = new AbortController();
    const onProgress = () => {};
    await judge.judge(texts, { signal, onProgress });
    expect(calls.asks).toEqual([
      { purpose: 'judge news-bias', mode: 'batch', wait: false, budget, signal, onProgress },
    ]);
  });

  test('needs a topic for each text if its rubric asks for it, and sends none otherwise', async () => {
    const topics = texts.map((_, i) => `Headline ${i}`);
    const { judge } = judgeOf(scriptedVerdict, { rubric: 'news-bias-topic' });
    await expect(judge.judge(texts)).rejects.toThrow(ConfigError);
    await expect(judge.judge(texts, { topics: topics.slice(1) })).rejects.toThrow(/got 2 topics for 3 texts/);
    expect(judge.requests(texts, { topics })[2].user).toContain('Headline 2');
    const plain = judgeOf(scriptedVerdict).judge.requests(texts, { topics });
    expect(JSON.stringify(plain)).not.toContain('Headline');
  });

  test('refuses counts under 1 and a pairwise rubric', () => {
    expect(() => judgeOf(scriptedVerdict, { repeats: 0 })).toThrow(/repeats must be a whole number from 1, got 0/);
    expect(() => judgeOf(scriptedVerdict, { replies: 1.5 })).toThrow(/replies/);
    expect(() => judgeOf(scriptedVerdict, { rubric: 'news-bias-pairwise' })).toThrow(/magnitude, got pairwise/);
  });

  test('drops quotations that are not in the text, counts them and says so', async () => {
    const indicators = [
      { phrase: 'Rents rose', note: '' },
      { phrase: 'rents Rose', note: 'other letters' },
      { phrase: 'exploded', note: 'not there' },
    ];
    const { judge } = judgeOf(() => ({ text: verdictText(1, { indicators }) }));
    const [judged] = await judge.judge(texts);
    expect(judged.indicators).toEqual([{ phrase: 'Rents rose', weight: null, note: null }]);
    expect(judged.droppedQuotes).toBe(2);
    expect(judged.flags).toEqual(['quotes what is not there']);
  });

  test('flags a verdict against its magnitude and a text that makes no sense, and changes neither', async () => {
    const { judge } = judgeOf(() => ({ text: verdictText(9, { verdict: 'PASS', coherence: 'none' }) }));
    expect((await judge.judge(texts))[0]).toMatchObject({
      magnitude0to10: 9,
      verdict: 'PASS',
      flags: ['makes no sense', 'verdict and magnitude disagree'],
    });
  });
});

describe('a reply that cannot be read', () => {
  const broken = 'I would say 5 or so.';

  test('is asked once more as the next sample, and both are kept', async () => {
    const { calls, judge } = judgeOf((request) => (request.sample === 0 ? { text: broken } : scriptedVerdict(request)));
    const [judged] = await judge.judge([texts[1]]);
    expect(calls.asked.map(({ sample }) => sample)).toEqual([0, 1]);
    expect(judged).toMatchObject({ magnitude0to10: 4, reason: null, rawReply: null });
    expect(judged.samples.map(({ reason, rawReply }) => ({ reason, rawReply }))).toEqual([
      { reason: 'the reply is not JSON', rawReply: broken },
      { reason: null, rawReply: null },
    ]);
  });

  test('twice makes the judgement missing, with reason and raw reply; never a middle score', async () => {
    const { calls, judge } = judgeOf(() => ({ text: broken }));
    const [judged] = await judge.judge([texts[1]]);
    expect(calls.paid()).toBe(2);
    expect(judged).toMatchObject({
      ...{ magnitude0to10: null, direction: null, verdict: null, indicators: [], profiles: null },
      ...{ reason: 'the reply is not JSON', rawReply: broken },
    });
    expect(judged.samples).toHaveLength(2);
  });

  test('is not asked more than `replies` times, nor again once it is stored', async () => {
    const { calls, judge } = judgeOf(() => ({ text: '', stopReason: 'refusal' }), { replies: 3 });
    for (const _ of [1, 2]) expect((await judge.judge([texts[0]]))[0].reason).toBe('the judge refused');
    expect(calls.paid()).toBe(3);
  });

  test('that never came is missing with the reason, and is asked under the same number next time', async () => {
    let down = true;
    const { calls, judge } = judgeOf((request) => (down ? { noReply: 'batch not ended' } : scriptedVerdict(request)));
    expect((await judge.judge([texts[1]]))[0]).toMatchObject({ magnitude0to10: null, reason: 'batch not ended' });
    down = false;
    expect((await judge.judge([texts[1]]))[0].magnitude0to10).toBe(4);
    expect(calls.asked.map(({ sample }) => sample)).toEqual([0, 0]);
  });

  test('of one text leaves the others as they are', async () => {
    const { judge } = judgeOf((request) =>
      request.user.includes('Greedy') ? { text: '', stopReason: 'max_tokens' } : scriptedVerdict(request),
    );
    expect((await judge.judge(texts)).map((item) => item.magnitude0to10)).toEqual([0, null, 10]);
  });
});

describe('repeats', () => {
  const noisy = (request: ClaudeRequest): ScriptedAnswer => ({
    text: verdictText(4 + [1, -1, 0.3, 2][request.sample], { direction: [-3, -5, 2, 0][request.sample] }),
  });

  test('are averaged, with the strictest of the most frequent verdicts, and all kept', async () => {
    const { judge } = judgeOf(noisy, { repeats: 2 });
    const [judged] = await judge.judge([texts[0]]);
    expect(judged.magnitude0to10).toBe(4);
    expect(judged.direction).toBeCloseTo(-0.4, 12);
    expect(judged.verdict).toBe('PARTIAL');
    expect(judged.samples.map((item) => item.magnitude0to10)).toEqual([5, 3]);
  });

  test('asked for later reuse what was asked before', async () => {
    const calls = scriptedCalls(noisy);
    for (const repeats of [1, 3, 2]) await claudeJudge({ calls, repeats }).judge(texts);
    expect(calls.paid()).toBe(9);
  });

  test('replace an unreadable one by a further sample', async () => {
    const { judge, calls } = judgeOf((request) => (request.sample === 1 ? { text: '?' } : noisy(request)), {
      repeats: 3,
    });
    const [judged] = await judge.judge([texts[0]]);
    expect(calls.asked.map(({ sample }) => sample)).toEqual([0, 1, 2, 3]);
    expect(judged.samples.map((item) => item.magnitude0to10)).toEqual([5, null, 4.3, 6]);
    expect(judged.magnitude0to10).toBeCloseTo((5 + 4.3 + 6) / 3, 12);
  });

  test('measure the noise of the judge: the pooled standard deviation within a text', async () => {
    const { judge } = judgeOf(
      ({ user, sample }) => ({ text: verdictText(user.includes('Rents') ? [1, 3][sample] : [8, 8][sample]) }),
      { repeats: 2 },
    );
    const judged = await judge.judge(texts.slice(0, 2));
    // Squares: 2 · 1² and 0, over 1 + 1 degrees of freedom.
    expect(repeatability(judged)).toEqual({ withinTextSd0to10: 1, texts: 2, replies: 4, reason: null });
    const single = await judgeOf(scriptedVerdict).judge.judge(texts);
    expect(repeatability(single)).toMatchObject({ withinTextSd0to10: null, texts: 0, replies: 0 });
    expect(repeatability(single).reason).toMatch(/two readable replies/);
  });
});
