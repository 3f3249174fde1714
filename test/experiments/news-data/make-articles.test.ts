import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/core';
import {
  type ArticlesOptions,
  estimateArticles,
  makeArticles,
  makeTopics,
  readDomains,
} from '../../../src/experiments/news-data';
import { readJsonl } from '../../../src/runs';
import { CALIBRATION_PROFILES, type Topic, TRAINED_PROFILES } from '../../../src/tasks';
import { type Fault, type ScriptedWriter, scriptedWriter } from '../../support/scripted-writer';

const root = mkdtempSync(join(tmpdir(), 'make-articles-'));
afterAll(() => rmSync(root, { recursive: true }));
const folder = () => mkdtempSync(join(root, 'set-'));
const domains = readDomains().slice(0, 4);
const counts = { train: 49, validation: 3, test: 3, calibration: 5 };
const mix: Partial<Record<Fault, number>> = {
  duplicate: 0.06,
  short: 0.06,
  cut: 0.06,
  refusing: 0.04,
  naming: 0.04,
  unusable: 0.05,
  'no reply': 0.05,
};
// Whether a line is busy is the world's affair, and not the same twice.
const answering = { ...mix, 'no reply': 0 };
const made = makeTopics({ domains, counts, writer: scriptedWriter(1, mix), seed: 7, dir: folder() });
const topicsOf = async () => readJsonl<Topic>(join((await made).dir, 'topics.jsonl'));
const options = async (writer: ScriptedWriter, dir = folder(), more: Partial<ArticlesOptions> = {}) => ({
  topics: await topicsOf(),
  form: 'briefs' as const,
  writer,
  seed: 5,
  dir,
  calibration: true,
  maxSamples: 12,
  ...more,
});
const bytesOf = (dir: string) =>
  Object.fromEntries(
    readdirSync(dir)
      .filter((name) => name !== 'work')
      .map((name) => [name, readFileSync(join(dir, name), 'utf8')]),
  );
const spread = (values: readonly number[]) => Math.max(...values) - Math.min(...values);

describe('texts', () => {
  test('meet the counts, one a training topic and five a calibration topic, profiles in balance to within one', async () => {
    const result = await makeArticles(await options(scriptedWriter(2, mix)));
    expect(result).toMatchObject({ complete: true, wanted: 49 + 25, made: 74, missing: [], stopped: null });
    const topics = await topicsOf();
    const rows = readJsonl<{ topicId: string; profile: string }>(join(result.dir, 'briefs.jsonl'));
    expect(rows.map(({ topicId }) => topicId)).toEqual(
      topics.filter(({ split }) => split === 'train').map(({ id }) => id),
    );
    const number = (of: readonly { profile: string }[]) =>
      TRAINED_PROFILES.map((profile) => of.filter((row) => row.profile === profile).length);
    expect(spread(number(rows))).toBeLessThanOrEqual(1);
    for (const { name } of domains)
      expect(spread(number(rows.filter(({ topicId }) => topicId.startsWith(`${name}-`))))).toBeLessThanOrEqual(1);
    const calibration = readJsonl<{ topicId: string; profile: string }>(join(result.dir, 'calibration-briefs.jsonl'));
    expect(calibration).toHaveLength(25);
    for (const { id } of topics.filter(({ split }) => split === 'calibration'))
      expect(calibration.filter(({ topicId }) => topicId === id).map(({ profile }) => profile)).toEqual([
        ...CALIBRATION_PROFILES,
      ]);
  });

  test('come with every fault of the writer counted once under its reason', async () => {
    const writer = scriptedWriter(3, mix);
    const { rejected, replies } = await makeArticles(await options(writer));
    const { 'near-duplicate': near = 0, 'split leakage': leaked = 0, ...others } = rejected;
    const { given } = writer;
    expect(near + leaked).toBe(given.get('duplicate')! - 1);
    expect(others).toEqual({
      'too short': given.get('short'),
      unfinished: given.get('cut'),
      refused: given.get('refusing'),
      'names the label': given.get('naming'),
      'not as asked': given.get('unusable'),
    });
    expect(replies).toBe(writer.asked.length - writer.unanswered.size);
    expect(writer.unanswered.size).toBeGreaterThan(0);
  });

  test('are the same bytes from the same seed, and other profiles from another', async () => {
    const [a, b] = [
      await makeArticles(await options(scriptedWriter(2, mix))),
      await makeArticles(await options(scriptedWriter(2, mix))),
    ];
    expect(bytesOf(a.dir)).toEqual(bytesOf(b.dir));
    const other = await makeArticles({ ...(await options(scriptedWriter(2, mix))), seed: 6 });
    const profiles = (dir: string) =>
      readJsonl<{ profile: string }>(join(dir, 'briefs.jsonl')).map(({ profile }) => profile);
    expect(profiles(other.dir)).not.toEqual(profiles(a.dir));
  });

  test.each([1, 50, 90])(
    'are the same after a kill at reply %i and a resume, and nothing is asked twice',
    async (stopAfter) => {
      const whole = await makeArticles(await options(scriptedWriter(2, answering)));
      const dir = folder();
      const killed = scriptedWriter(2, answering, { stopAfter });
      await expect(makeArticles(await options(killed, dir))).rejects.toThrow('killed');
      const resumed = scriptedWriter(2, answering);
      expect(await makeArticles(await options(resumed, dir))).toEqual({ ...whole, dir });
      expect(bytesOf(dir)).toEqual(bytesOf(whole.dir));
      const paid = [...killed.asked, ...resumed.asked];
      expect(new Set(paid).size).toBe(paid.length);
      expect(paid).toHaveLength(whole.replies);
    },
  );

  test('that never pass are given up after the samples allowed, and missing by profile and split', async () => {
    const writer = scriptedWriter(2, { refusing: 1 });
    const result = await makeArticles(await options(writer, folder(), { maxSamples: 2 }));
    expect(result).toMatchObject({ complete: false, made: 0, rounds: 2, rejected: { refused: 2 * 74 } });
    expect(result.stopped).toMatch(/asked for 2 times/);
    expect(result.missing).toContainEqual({ group: 'neutral calibration', missing: 5 });
    expect(result.missing.reduce((sum, { missing }) => sum + missing, 0)).toBe(74);
    const more = scriptedWriter(2);
    const gone = await makeArticles(await options(more, result.dir, { maxSamples: 3 }));
    expect(gone).toMatchObject({ complete: true, rejected: { refused: 2 * 74 } });
    expect(more.asked).toHaveLength(74);
  });

  test('resemble no text of a set that they are to be apart from', async () => {
    const first = await makeArticles(await options(scriptedWriter(2)));
    const apartFrom = readJsonl<{ topicId: string; article: string }>(join(first.dir, 'briefs.jsonl')).map((row) => ({
      id: row.topicId,
      text: row.article,
    }));
    const second = await makeArticles(await options(scriptedWriter(2), folder(), { apartFrom, maxSamples: 2 }));
    expect(second.rejected['split leakage']).toBeGreaterThanOrEqual(49);
    expect(second.complete).toBe(true);
  });

  test('say where each comes from, beside the topics of the same folder', async () => {
    const dir = folder();
    await makeTopics({ domains, counts, writer: scriptedWriter(1, mix), seed: 7, dir });
    const before = readFileSync(join(dir, 'topics.jsonl'), 'utf8');
    await makeArticles(await options(scriptedWriter(2, mix), dir));
    expect(readFileSync(join(dir, 'topics.jsonl'), 'utf8')).toBe(before);
    const rows = readJsonl<{ file: string; promptId: string; sample: number }>(join(dir, 'provenance.jsonl'));
    expect(rows.filter(({ file }) => file === 'topics.jsonl')).toHaveLength(60);
    expect(rows.filter(({ promptId }) => promptId === 'news-briefs')).toHaveLength(74);
    expect(rows.some(({ sample }) => sample > 0)).toBe(true);
    expect(Object.keys(JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')))).toEqual(['topics', 'briefs']);
  });

  test('are refused in a folder that holds other topics', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'topics.jsonl'), `${JSON.stringify((await topicsOf())[0])}\n`);
    await expect(makeArticles(await options(scriptedWriter(2), dir))).rejects.toThrow(/got 1 topics there and 60 here/);
  });

  test('need topics of a split that gets texts, and the prompt of their form', async () => {
    const topics = (await topicsOf()).filter(({ split }) => split === 'test');
    await expect(makeArticles(await options(scriptedWriter(2), folder(), { topics }))).rejects.toThrow(ConfigError);
    await expect(makeArticles(await options(scriptedWriter(2), folder(), { prompt: 'news-articles' }))).rejects.toThrow(
      /a prompt for articles and the form briefs/,
    );
  });

  test('are asked for with the same words whatever the profile, but for its description', async () => {
    const seen = new Map<string, string>();
    const writer = scriptedWriter(2);
    const listening = {
      ...writer,
      write: (requests: Parameters<typeof writer.write>[0], call: Parameters<typeof writer.write>[1]) => {
        for (const { id, system, user } of requests)
          seen.set(id, `${system}\n${user.replace(/^Point of view: .*$/m, '')}`);
        return writer.write(requests, call);
      },
    };
    await makeArticles(await options(listening as ScriptedWriter));
    const topic = (await topicsOf()).find(({ split }) => split === 'calibration')!;
    expect(new Set(CALIBRATION_PROFILES.map((profile) => seen.get(`${topic.id}/${profile}#0`))).size).toBe(1);
    expect([...seen.values()].filter((text) => /\{\w+\}/.test(text))).toEqual([]);
  });

  test('are estimated without asking', async () => {
    const writer = scriptedWriter(2);
    expect(estimateArticles(await options(writer))).toEqual({ requests: 74, cost: null });
    expect(writer.asked).toEqual([]);
  });
});
