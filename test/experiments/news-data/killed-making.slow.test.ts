import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeTopics, readDomains } from '../../../src/experiments/news-data';
import type { MakePlan } from '../../support/make-process';
import { scriptedWriter } from '../../support/scripted-writer';

const PROJECT = resolve(__dirname, '../../..');
const root = mkdtempSync(join(tmpdir(), 'killed-making-'));
afterAll(() => rmSync(root, { recursive: true }));
const domains = readDomains().slice(0, 5);
const shares = { short: 0.15, duplicate: 0.1, unusable: 0.1 };
const settings = { domains, counts: { train: 61 }, seed: 7 };

const repliesIn = (dir: string) => {
  const path = join(dir, 'work', 'topics', 'replies.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
};

test.each([2, 11])(
  'a process killed after %i replies and one that goes on make what one process makes, and ask nothing twice',
  async (after) => {
    const whole = mkdtempSync(join(root, 'whole-'));
    const once = scriptedWriter(1, shares);
    await makeTopics({ ...settings, writer: once, dir: whole });

    const dir = mkdtempSync(join(root, 'killed-'));
    const plan: MakePlan = { dir, shares, domains, train: 61 };
    const program = ['node_modules/vite-node/vite-node.mjs', '--root', PROJECT, 'test/support/make-process.ts', '--'];
    const child = spawn(process.execPath, [...program, JSON.stringify(plan)], { cwd: PROJECT, stdio: 'ignore' });
    const ended = new Promise<string | null>((done) => child.on('close', (_, signal) => done(signal)));
    while (repliesIn(dir) < after && child.exitCode === null) await new Promise((next) => setTimeout(next, 2));
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    const kept = repliesIn(dir);
    expect(kept).toBeGreaterThanOrEqual(after);

    const resumed = scriptedWriter(1, shares);
    const made = await makeTopics({ ...settings, writer: resumed, dir });
    expect(made).toMatchObject({ complete: true, made: 61, replies: once.asked.length });
    for (const file of ['topics.jsonl', 'provenance.jsonl', 'rejected-topics.jsonl', 'manifest.json'])
      expect(readFileSync(join(dir, file), 'utf8')).toBe(readFileSync(join(whole, file), 'utf8'));
    expect(resumed.asked.length).toBeLessThanOrEqual(once.asked.length - after);
  },
);
