import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { claudeJudge, requireJudged } from '../../../src/judge';
import { callsTo, newFolder, QuickClock } from '../../support/claude-questions';
import { startClaudeServer, userText } from '../../support/claude-server';
import { delimitedTexts, loadedWords, scriptedVerdict } from './scripted-calls';

const folder = newFolder();
const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  folder.remove();
});

test('with a fifth of the answers failing and a tenth of the replies unreadable, every text gets its own verdict and no reply is paid for twice', async () => {
  const words = ['rents', 'greedy', 'rose', 'swindle', 'in', 'thugs', 'May', 'radical'];
  const texts = Array.from({ length: 120 }, (_, i) => `Report ${i}: ${words.slice(0, 1 + (i % 8)).join(' ')}.`);
  const seen = new Map<string, number>();
  const server = await startClaudeServer({
    faults: { seed: 11, share: 0.2, endpoints: ['messages'] },
    reply: (body) => {
      const user = userText(body);
      const time = (seen.get(user) ?? 0) + 1;
      seen.set(user, time);
      const number = Number(/Report (\d+)/.exec(delimitedTexts(user).text)?.[1]);
      // An unreadable answer that gets lost on its way is asked for again, and is then readable.
      return number % 10 === 3 && time === 1 ? 'Hard to say, perhaps a five.' : scriptedVerdict({ user }).text;
    },
  });
  const clock = new QuickClock();
  const calls = callsTo(server.url, join(folder.path, 'calls.sqlite'), { now: clock.now, sleep: clock.sleep });
  ends.push(
    () => server.stop(),
    () => calls.close(),
  );
  const judge = claudeJudge({ calls });
  const judged = await judge.judge(texts);
  expect(judged.map((item) => item.magnitude0to10)).toEqual(texts.map((text) => 2 * loadedWords(text).length));
  expect(requireJudged(judged, { where: 'test', leastShare: 1 })[0].judged).toBe(120);
  const faults = server.requests.filter(({ fault }) => fault !== null).length;
  expect(faults).toBeGreaterThan(15);
  const samples = judged.reduce((sum, item) => sum + item.samples.length, 0);
  expect(samples).toBeGreaterThan(120);
  const paid = calls.ledger().reduce((sum, row) => sum + row.paid, 0);
  expect(paid).toBe(samples);
  // All of it again, from the store.
  const before = server.requests.length;
  expect(await judge.judge(texts)).toEqual(judged);
  expect(server.requests).toHaveLength(before);
});
