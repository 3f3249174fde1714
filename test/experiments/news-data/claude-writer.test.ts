import { describe, expect, test } from 'vitest';
import { claudeWriter, type WriteRequest } from '../../../src/experiments/news-data';
import type { AskCall, AskedReply, ClaudeCalls, ClaudeReply, ClaudeRequest } from '../../../src/judge';

const request = (kind: WriteRequest['kind'], id = 'a#0'): WriteRequest => ({
  id,
  kind,
  items: 1,
  system: 'Write.',
  user: 'About this.',
  plainFormat: 'Plainly.',
  maxTokens: 200,
  promptHash: 'hash',
  sample: 3,
});

/** Calls that give the replies they are told, and keep what they were asked. */
function toldCalls(replies: readonly (Partial<ClaudeReply> | string)[]) {
  const asked: { requests: readonly ClaudeRequest[]; call: AskCall }[] = [];
  const calls: ClaudeCalls = {
    async ask(requests, call) {
      asked.push({ requests, call });
      return requests.map(({ id }, at): AskedReply => {
        const told = replies[at];
        if (typeof told === 'string') return { id, reply: null, reason: told };
        const usage = { inputTokens: 100, outputTokens: 50, cacheWriteTokens: 0, cacheReadTokens: 0 };
        const reply: ClaudeReply = {
          key: `key ${id}`,
          text: '',
          stopReason: 'end_turn',
          model: 'claude-x',
          usage,
          costUsd: 0.4,
          mode: 'messages',
          messageId: 'm',
          createdAt: '2026-01-01T00:00:00.000Z',
          fromStore: false,
          ...told,
        };
        return { id, reply, reason: null };
      });
    },
    estimate: () => {
      throw new Error('not asked');
    },
    ledger: () => [],
    close: () => {},
  };
  return { calls, asked };
}

describe('Claude as writer', () => {
  test('reads a structured reply, and says why another holds nothing', async () => {
    const topics = [{ headline: 'h', context: 'c' }];
    const { calls } = toldCalls([
      { text: JSON.stringify({ topics }) },
      { text: JSON.stringify({ topics: [] }) },
      { text: JSON.stringify({ topics: [{ headline: 'h' }] }) },
      { text: JSON.stringify({ topics, more: 1 }) },
      { text: 'Sure! Here are the topics.' },
      { text: '', stopReason: 'refusal' },
      { text: '{"topics":[{"headl', stopReason: 'max_tokens' },
      'the server was overloaded in 6 attempts',
    ]);
    const written = await claudeWriter({ calls }).write(
      Array.from({ length: 8 }, (_, i) => request('topics', `a#${i}`)),
      {},
    );
    expect(written.map(({ unusable, missing }) => unusable ?? missing)).toEqual([
      null,
      'not as asked',
      'not as asked',
      'not as asked',
      'not as asked',
      'refused',
      'cut off',
      'the server was overloaded in 6 attempts',
    ]);
    expect(written.map(({ said }) => said)).toEqual([
      null,
      '{"topics":[]}',
      '{"topics":[{"headline":"h"}]}',
      JSON.stringify({ topics, more: 1 }),
      'Sure! Here are the topics.',
      '',
      '{"topics":[{"headl',
      null,
    ]);
    expect(written[0]).toMatchObject({ candidates: topics, replyKey: 'key a#0', model: 'claude-x', costUsd: 0.4 });
  });

  test('asks in structured output with the model, prompt hash and sample, and leaves the id to the join', async () => {
    const { calls, asked } = toldCalls([{ text: '{"article":"Text."}' }]);
    const writer = claudeWriter({ calls, model: 'claude-haiku-5-5', mode: 'batch' });
    const [written] = await writer.write([request('texts')], {});
    expect(written.candidates).toEqual([{ article: 'Text.' }]);
    expect(asked[0].call).toMatchObject({ mode: 'batch', purpose: 'write texts' });
    expect(asked[0].requests[0]).toMatchObject({
      model: 'claude-haiku-5-5',
      rubricHash: 'hash',
      sample: 3,
      user: 'About this.',
      maxTokens: 200,
      thinking: 'disabled',
      schema: { type: 'object', required: ['article'], additionalProperties: false },
    });
    expect(writer.id).toContain('claude-haiku-5-5');
  });

  test('gives a model that thinks room for it', async () => {
    const { calls, asked } = toldCalls([{ text: '{"article":"Text."}' }]);
    await claudeWriter({ calls, model: 'claude-opus-5-5' }).write([request('texts')], {});
    expect(asked[0].requests[0].maxTokens).toBeGreaterThanOrEqual(4000);
  });

  test('spends one budget over all its calls, and nothing on stored replies', async () => {
    const { calls, asked } = toldCalls([{ text: '{"article":"A."}' }, { text: '{"article":"B."}', fromStore: true }]);
    const writer = claudeWriter({ calls, budget: { usd: 1, tokens: 1000 } });
    for (let i = 0; i < 3; i++) await writer.write([request('texts', 'a#0'), request('texts', 'b#0')], {});
    expect(asked.map(({ call }) => call.budget?.tokens)).toEqual([1000, 850, 700]);
    const usd = asked.map(({ call }) => call.budget?.usd ?? Number.NaN);
    for (const [i, left] of [1, 0.6, 0.2].entries()) expect(usd[i]).toBeCloseTo(left, 12);
  });
});
