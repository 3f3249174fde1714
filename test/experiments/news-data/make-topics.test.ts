import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { AbortedError, ConfigError, sha256 } from '../../../src/core';
import {
  estimateTopics,
  madeText,
  makeTopics,
  readDomains,
  type TopicsOptions,
} from '../../../src/experiments/news-data';
import { readJsonl } from '../../../src/runs';
import type { Topic } from '../../../src/tasks';
import { type Fault, type ScriptedWriter, scriptedWriter } from '../../support/scripted-writer';

const root = mkdtempSync(join(tmpdir(), 'make-topics-'));
afterAll(() => rmSync(root, { recursive: true }));
const folder = () => mkdtempSync(join(root, 'set-'));

const domains = readDomains().slice(0, 5);
const counts = { train: 41, validation: 7, test: 7, calibration: 6 };
const mix: Partial<Record<Fault, number>> = {
  duplicate: 0.08,
  short: 0.06,
  cut: 0.06,
  refusing: 0.04,
  naming: 0.04,
  unusable: 0.06,
  'no reply': 0.08,
};
const options = (writer: ScriptedWriter, dir = folder(), more: Partial<TopicsOptions> = {}): TopicsOptions => ({
  domains,
  counts,
  writer,
  seed: 7,
  dir,
  ...more,
});
const topicsIn = (dir: string) => readJsonl<Topic>(join(dir, 'topics.jsonl'));
const bytesOf = (dir: string) =>
  Object.fromEntries(
    readdirSync(dir)
      .filter((name) => name !== 'work')
      .map((name) => [name, readFileSync(join(dir, name), 'utf8')]),
  );

describe('topics', () => {
  test('meet the counts by split, evenly over the domains, from a writer of which a third is faulty', async () => {
    const writer = scriptedWriter(1, mix);
    const dir = folder();
    const made = await makeTopics(options(writer, dir));
    expect(made).toMatchObject({ complete: true, wanted: 61, made: 61, missing: [], stopped: null });
    const topics = topicsIn(dir);
    for (const [split, count] of Object.entries(counts))
      expect(topics.filter((topic) => topic.split === split)).toHaveLength(count);
    for (const { name } of domains) {
      const mine = topics.filter(({ domain }) => domain === name);
      expect([12, 13]).toContain(mine.length);
      expect(mine.map(({ id }) => id)).toEqual(mine.map((_, i) => `${name}-${String(i + 1).padStart(3, '0')}`));
      expect(mine.filter(({ split }) => split === 'train').length).toBeGreaterThanOrEqual(8);
    }
    expect(new Set(topics.map(({ headline }) => headline)).size).toBe(61);
  });

  test('come with every fault of the writer counted once under its reason', async () => {
    const writer = scriptedWriter(2, mix);
    const made = await makeTopics(options(writer));
    const { given } = writer;
    // The first of the duplicates is a topic like any other.
    expect(made.rejected).toEqual({
      'same headline': given.get('duplicate')! - 1,
      'too short': given.get('short'),
      unfinished: given.get('cut'),
      refused: given.get('refusing'),
      'names the label': given.get('naming'),
      'not as asked': given.get('unusable'),
    });
    expect(readJsonl(join(made.dir, 'rejected-topics.jsonl'))).toHaveLength(
      Object.values(made.rejected).reduce((sum, n) => sum + n, 0),
    );
    expect(made.replies).toBe(writer.asked.length - writer.unanswered.size);
    expect(made.costUsd).toBeCloseTo(0.01 * made.replies, 9);
    expect(madeText(made)).toMatch(/topics: 61 of 61 made in \d rounds, \d+ replies, 0\.\d\d US dollars/);
  });

  test('carry their provenance, and the manifest the hash of their file', async () => {
    const made = await makeTopics(options(scriptedWriter(1, mix)));
    const rows = readJsonl<{ id: string; request: string; promptHash: string }>(join(made.dir, 'provenance.jsonl'));
    expect(rows.map(({ id }) => id).sort()).toEqual(
      topicsIn(made.dir)
        .map(({ id }) => id)
        .sort(),
    );
    for (const row of rows)
      expect(row).toMatchObject({
        writer: 'script 1',
        promptId: 'news-topics',
        seed: 7,
        replyKey: `key of ${row.request}`,
      });
    const manifest = JSON.parse(readFileSync(join(made.dir, 'manifest.json'), 'utf8')).topics;
    expect(manifest.files['topics.jsonl']).toEqual({
      rows: 61,
      sha256: sha256(readFileSync(join(made.dir, 'topics.jsonl'))),
    });
    expect(manifest).toMatchObject({
      complete: true,
      seed: 7,
      rejected: made.rejected,
      promptHash: rows[0].promptHash,
    });
    expect(manifest).not.toHaveProperty('dir');
  });

  test('are the same bytes from the same seed, and others from another', async () => {
    const [a, b] = [
      await makeTopics(options(scriptedWriter(1, mix))),
      await makeTopics(options(scriptedWriter(1, mix))),
    ];
    expect(bytesOf(a.dir)).toEqual(bytesOf(b.dir));
    expect(Object.keys(bytesOf(a.dir)).sort()).toEqual([
      'manifest.json',
      'provenance.jsonl',
      'rejected-topics.jsonl',
      'topics.jsonl',
    ]);
    const other = await makeTopics({ ...options(scriptedWriter(1, mix)), seed: 8 });
    const splits = (dir: string) => topicsIn(dir).map(({ split }) => split);
    expect(splits(other.dir)).not.toEqual(splits(a.dir));
  });

  test.each([1, 9, 17])(
    'are the same after a kill at reply %i and a resume, and nothing is asked twice',
    async (stopAfter) => {
      const whole = await makeTopics(options(scriptedWriter(1, mix)));
      const dir = folder();
      const killed = scriptedWriter(1, mix, { stopAfter });
      await expect(makeTopics(options(killed, dir))).rejects.toThrow('killed');
      // Half a line is what a kill in the middle of a write leaves.
      appendFileSync(join(dir, 'work', 'topics', 'replies.jsonl'), '{"round":0,"key":"ab');
      const resumed = scriptedWriter(1, mix);
      const made = await makeTopics(options(resumed, dir));
      expect(made).toEqual({ ...whole, dir });
      expect(bytesOf(dir)).toEqual(bytesOf(whole.dir));
      const paid = (writer: ScriptedWriter) => writer.asked.filter((id) => !writer.unanswered.has(id));
      const both = [...paid(killed), ...paid(resumed)];
      expect(new Set(both).size).toBe(both.length);
      const again = scriptedWriter(1, mix);
      expect(await makeTopics(options(again, dir))).toEqual(made);
      expect(again.asked).toEqual([]);
    },
  );

  test('that a writer cannot give are missing by domain and split, with reasons, after as many rounds as allowed', async () => {
    const writer = scriptedWriter(3, { short: 1 });
    const made = await makeTopics(options(writer, folder(), { maxRounds: 3 }));
    expect(made).toMatchObject({ complete: false, made: 0, rounds: 3, rejected: { 'too short': 3 * 61 } });
    expect(made.missing.reduce((sum, { missing }) => sum + missing, 0)).toBe(61);
    expect(made.missing.map(({ group }) => group)).toContain('rent-and-housing train');
    expect(made.stopped).toMatch(/3 rounds were allowed/);
    expect(madeText(made)).toMatch(
      /NOT COMPLETE[\s\S]*not taken: too short 183[\s\S]*missing: \d+ of rent-and-housing train/,
    );
  });

  test('stop at a round without any reply and go on from it when the writer answers again', async () => {
    const dir = folder();
    const made = await makeTopics(options(scriptedWriter(1, { 'no reply': 1 }), dir));
    expect(made).toMatchObject({ complete: false, rounds: 1, replies: 0 });
    expect(made.stopped).toMatch(/no reply came to 15 requests: the line was busy/);
    expect(await makeTopics(options(scriptedWriter(1), dir))).toMatchObject({ complete: true, made: 61 });
  });

  test('resemble no topic of a set that they are to be apart from', async () => {
    const first = await makeTopics(options(scriptedWriter(1)));
    const apartFrom = topicsIn(first.dir);
    const second = await makeTopics(options(scriptedWriter(1), folder(), { apartFrom, maxRounds: 2 }));
    expect(second.rejected['same headline']).toBeGreaterThanOrEqual(61);
    const taken = new Set(apartFrom.map(({ headline }) => headline));
    expect(topicsIn(second.dir).filter(({ headline }) => taken.has(headline))).toEqual([]);
  });

  test('are told the headlines that are taken in their domain, and no others', async () => {
    const writer = scriptedWriter(1, mix);
    const seen: string[] = [];
    const listening = {
      ...writer,
      write: (requests: Parameters<typeof writer.write>[0], call: Parameters<typeof writer.write>[1]) => {
        for (const { id, user } of requests) seen.push(`${id}\n${user}`);
        return writer.write(requests, call);
      },
    };
    const made = await makeTopics(options(listening as ScriptedWriter));
    const topics = topicsIn(made.dir);
    const late = seen.filter((text) => !text.endsWith('- none yet'));
    expect(late.length).toBeGreaterThan(0);
    for (const text of late) {
      const domain = text.slice(0, text.indexOf('#'));
      const shown = text.slice(text.indexOf('are taken:')).split('\n- ').slice(1);
      for (const headline of shown) expect(topics.find((topic) => topic.headline === headline)?.domain).toBe(domain);
    }
    expect(seen.some((text) => /\{\w+\}/.test(text))).toBe(false);
  });

  test('stop on request and keep what was replied', async () => {
    const stop = new AbortController();
    const dir = folder();
    const writer = scriptedWriter(1, mix);
    await expect(
      makeTopics(options(writer, dir), { signal: stop.signal, onProgress: () => stop.abort() }),
    ).rejects.toThrow(AbortedError);
    const resumed = scriptedWriter(1, mix);
    await makeTopics(options(resumed, dir));
    expect(resumed.asked.filter((id) => writer.asked.includes(id) && !writer.unanswered.has(id))).toEqual([]);
  });

  test('refuse a folder with another plan, by the settings that differ', async () => {
    const dir = folder();
    await makeTopics(options(scriptedWriter(1), dir));
    await expect(makeTopics({ ...options(scriptedWriter(2), dir), seed: 9 })).rejects.toThrow(
      /another seed, writer than was begun there/,
    );
  });

  test('need domains and counts', async () => {
    await expect(makeTopics({ ...options(scriptedWriter(1)), domains: [] })).rejects.toThrow(ConfigError);
    await expect(makeTopics({ ...options(scriptedWriter(1)), counts: { train: 1.5 } })).rejects.toThrow(/"train":1.5/);
    await expect(makeTopics({ ...options(scriptedWriter(1)), counts: {} })).rejects.toThrow(ConfigError);
  });

  test('are estimated without asking', () => {
    const writer = scriptedWriter(1);
    expect(estimateTopics(options(writer))).toEqual({ requests: 15, topics: 61, cost: null });
    expect(writer.asked).toEqual([]);
  });
});
