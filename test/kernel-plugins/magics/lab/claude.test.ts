import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Workbench } from '../../../../src/experiments';
import type { Judgement } from '../../../../src/judge';
import { type ClaudeServer, startClaudeServer, TEST_API_KEY, userText } from '../../../support/claude-server';
import { type MagicBench, magicBench } from './support';

const KEYS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL', 'MSTLAB_KEY_FILE', 'XDG_CONFIG_HOME'] as const;
const before = Object.fromEntries(KEYS.map((name) => [name, process.env[name]]));
let server: ClaudeServer;
let lab: Workbench;
let bench: MagicBench;

/** Scores the word "greedy" and nothing else. */
function verdict(text: string): string {
  const slanted = /greedy/.test(text);
  return JSON.stringify({
    reasoning: slanted ? 'It calls people greedy.' : 'Plain facts.',
    indicators: slanted ? [{ phrase: 'greedy', note: 'loaded word' }] : [],
    coherence: 'clear',
    direction: slanted ? -6 : 0,
    magnitude: slanted ? 7 : 0,
    verdict: slanted ? 'FAIL' : 'PASS',
  });
}

beforeEach(async () => {
  server = await startClaudeServer({ reply: (body) => verdict(userText(body)) });
  process.env.ANTHROPIC_API_KEY = TEST_API_KEY;
  process.env.ANTHROPIC_BASE_URL = server.url;
  process.env.XDG_CONFIG_HOME = mkdtempSync(join(tmpdir(), 'mstlab-config-'));
  lab = new Workbench({ runs: mkdtempSync(join(tmpdir(), 'mstlab-runs-')) });
  bench = magicBench(() => lab);
});
afterEach(async () => {
  await bench.close();
  await lab.close();
  await server.stop();
  for (const name of KEYS)
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
});

const slanted = 'The greedy council raised the fares again on Monday.';
const sent = () => server.requests.filter(({ endpoint }) => endpoint === 'messages').length;

describe('%judge with Claude', () => {
  test('grades a text, says what it will cost first, and pays once for the same text', async () => {
    const [judgement] = (await bench.run(`%judge --judge claude ${slanted}`)) as Judgement[];
    expect(judgement).toMatchObject({ magnitude0to10: 7, direction: -0.6, verdict: 'FAIL', reason: null });
    expect(judgement.judge).toMatch(/^claude:claude-.*\/news-bias@/);
    expect(bench.text()).toMatch(/Judged by claude:.*which saw the text and nothing of label, arm or prompt/);
    expect(bench.text()).toMatch(/\$/);
    await bench.run('%%judge --judge claude', slanted);
    expect(sent()).toBe(1);
  });

  test('--estimate asks nothing and needs no key', async () => {
    delete process.env.ANTHROPIC_API_KEY;
    const estimate = await bench.run(`%judge --judge claude --estimate ${slanted}`);
    expect(estimate).toMatchObject({ requests: 1, stored: 0, cheaper: 'batch' });
    expect(sent()).toBe(0);
    expect(await bench.run(`%judge --estimate ${slanted}`)).toBeUndefined();
    expect(bench.text()).toContain('The offline judge costs nothing');
  });

  test('without a key says how to give one', async () => {
    delete process.env.ANTHROPIC_API_KEY;
    await expect(bench.run(`%judge --judge claude ${slanted}`)).rejects.toThrow(/ANTHROPIC_API_KEY/);
  });

  test('stops before it spends more than the budget', async () => {
    await expect(bench.run(`%judge --judge claude --budget 0.000001 ${slanted}`)).rejects.toThrow(/spen[dt]/);
    expect(sent()).toBe(0);
  });

  test('is chosen for the session by %use, and what it cost stands in %cost', async () => {
    await bench.run('%use --judge claude --judge-model claude-haiku-5-5 --budget 0.5');
    expect(bench.text()).toContain('judged by claude-haiku-5-5 with rubric news-bias, at most $0.5 a call');
    await bench.run(`%judge ${slanted}`);
    expect(lab.ledger()).toMatchObject([{ model: 'claude-haiku-5-5', mode: 'messages', paid: 1, failed: 0 }]);
    await bench.run('%cost');
    expect(bench.text()).toMatch(/claude-haiku-5-5\S* 1 texts in 1 calls this session; what was paid stands below/);
    expect(bench.text()).toMatch(/judge news-bias +claude-haiku-5-5 +messages +1 +0 +0/);
    // Another judge for one line does not change the session's.
    await bench.run(`%judge --judge offline ${slanted}`);
    expect(lab.settings.judge).toMatchObject({ judge: 'claude', model: 'claude-haiku-5-5' });
  });

  test('in batches gives what is there, and the rest when the line is run again', async () => {
    const line = `%judge --judge claude --batch ${slanted}`;
    const [first] = (await bench.run(line)) as Judgement[];
    if (first.reason !== null) expect(first.reason).toMatch(/waiting for batch/);
    let last = first;
    for (let tries = 0; tries < 20 && last.reason !== null; tries++) [last] = (await bench.run(line)) as Judgement[];
    expect(last).toMatchObject({ verdict: 'FAIL', reason: null });
    expect(server.requests.filter(({ path, method }) => path.endsWith('/batches') && method === 'POST')).toHaveLength(
      1,
    );
    expect(lab.ledger()).toMatchObject([{ mode: 'batch', paid: 1 }]);
  });

  test('never shows or stores the key', async () => {
    await bench.run(`%judge --judge claude ${slanted}`);
    process.env.ANTHROPIC_API_KEY = `${TEST_API_KEY}-wrong`;
    const other = new Workbench({ runs: lab.runs });
    await expect(other.judge(['Another text about the council.'], { judge: 'claude' })).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(TEST_API_KEY) }),
    );
    await other.close();
    await bench.run('%cost');
    expect(bench.text() + bench.text('text/html')).not.toContain(TEST_API_KEY);
    for (const name of readdirSync(lab.runs, { recursive: true }).map(String)) {
      const path = join(lab.runs, name);
      if (existsSync(path) && /sqlite/.test(name)) expect(readFileSync(path).includes(TEST_API_KEY)).toBe(false);
    }
  });
});
