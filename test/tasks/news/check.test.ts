import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkNews, embeddedNewsDir, loadNews, NEWS_FORMS, newsCheckText, topicLeak } from '../../../src/tasks';
import { compareShingles, shingles } from '../../../src/tasks/news/near-duplicates';

const folder = mkdtempSync(join(tmpdir(), 'news-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  topicId: string;
  profile: string;
  article: string;
}

describe.each(NEWS_FORMS)('the embedded news set, %s', (form) => {
  const report = checkNews({ form });

  test('passes every check', () => {
    expect(newsCheckText(report)).not.toMatch(/FAIL/);
    expect(report.checks.map((check) => check.name)).toEqual([
      'rows',
      'duplication',
      'length',
      'completion',
      'split leakage',
      'topic leakage',
      'length leakage',
      'punctuation leakage',
    ]);
    expect(report.ok).toBe(true);
  });

  test('is known to tell strong texts from center ones by length and punctuation: a warning, with what it means', () => {
    const warned = report.checks.filter((check) => check.warning);
    expect(warned.map((check) => [check.name, check.ok])).toEqual([
      ['length leakage', true],
      ['punctuation leakage', true],
    ]);
    expect(newsCheckText(report)).toMatch(/WARN punctuation leakage: .*strength named in/);
    for (const check of warned) expect(check.faults[0]).toMatch(/strength: a judge must be blind to it/);
  });

  test('has topics that name profile, side and strength no better than chance', () => {
    // scikit-learn on the articles: profile .239, side .475, strength .522 (its folds differ); here .240, .460 and .508.
    for (const leak of report.topicLeak) {
      expect(leak.n).toBe(1872);
      expect(leak.low, leak.target).toBeLessThanOrEqual(leak.chance);
      expect(Math.abs(leak.accuracy - leak.chance), leak.target).toBeLessThan(0.06);
    }
    const profile = report.topicLeak.find((leak) => leak.target === 'profile')!;
    expect(profile.accuracy).toBeGreaterThan(0.22);
    expect(profile.accuracy).toBeLessThan(0.26);
  });
});

test('planted faults are found and named', () => {
  const read = (file: string) => readFileSync(join(embeddedNewsDir(), file), 'utf8').trim().split('\n');
  // Ten domains are enough to find faults in, and take a fifth of the time.
  const all = read('topics.jsonl').map((line) => JSON.parse(line));
  const domains = [...new Set(all.map((topic) => topic.domain))].slice(0, 10);
  const topics = all.filter((topic) => domains.includes(topic.domain));
  const kept = (line: string): Row[] =>
    [JSON.parse(line)].filter((row) => topics.some((topic) => topic.id === row.topicId));
  const briefs: Row[] = read('briefs.jsonl').flatMap(kept);
  const calibration: Row[] = read('calibration-briefs.jsonl').flatMap(kept);
  topics[7].headline = topics[300].headline;
  topics.find((topic) => topic.split === 'test').context = topics[11].context;
  briefs[20].article = `${briefs[21].article.slice(0, -1)} today.`;
  briefs[30].article = 'Too short.';
  briefs[40].article = briefs[40].article.slice(0, -8);
  calibration[0].article = briefs[50].article;
  for (const [file, rows] of Object.entries({ topics, briefs, 'calibration-briefs': calibration }))
    writeFileSync(join(folder, `${file}.jsonl`), rows.map((row) => JSON.stringify(row)).join('\n'));
  const report = checkNews({ form: 'briefs', dir: folder });
  const faults = Object.fromEntries(report.checks.map((check) => [check.name, check.faults.join('\n')]));
  expect(report.ok).toBe(false);
  expect(faults.duplication).toContain(`headline of ${topics[300].id} is that of ${topics[7].id}`);
  expect(faults.duplication).toContain(`${briefs[20].topicId} and ${briefs[21].topicId} share`);
  expect(faults.length).toContain(`${briefs[30].topicId}: 2 words`);
  expect(faults.completion).toContain(briefs[40].topicId);
  expect(faults['split leakage']).toMatch(
    new RegExp(`topics ${topics[11].id} \\(train\\) and \\S+ \\(test\\) share \\d+%`),
  );
  expect(faults['split leakage']).toContain(`training ${briefs[50].topicId} are near-duplicates`);
});

test('a topic that gives the label away is reported', () => {
  const news = loadNews({ form: 'briefs' });
  const topics = news.topics.map((topic) => {
    const example = news.examples.find((item) => item.topicId === topic.id);
    return example?.labelValue.startsWith('strong') ? { ...topic, context: `${topic.context} Outrage grew.` } : topic;
  });
  const [strength] = topicLeak({ topics, examples: news.examples }, ['strength']);
  expect(strength.leaks).toBe(true);
  expect(strength.accuracy).toBeGreaterThan(0.95);
});

test('near-duplicates are measured by seven-word runs of the shorter text', () => {
  const text = 'one two three four five six seven eight nine';
  expect(shingles(text).size).toBe(3);
  const { pairs } = compareShingles(
    [
      { id: 'a', text },
      { id: 'b', text: `ten ${text}, eleven.` },
      { id: 'c', text: 'something else that shares no run of words with it' },
    ],
    0.5,
  );
  expect(pairs).toEqual([{ a: 'a', b: 'b', overlap: 1 }]);
});

test('a set of one domain is checked for all but leakage, which is said to be not measured', () => {
  const dir = mkdtempSync(join(folder, 'one-'));
  const topic = { id: 'a', domain: 'd', split: 'train', headline: 'Town votes on its bridge', context: 'It is old.' };
  writeFileSync(join(dir, 'topics.jsonl'), JSON.stringify(topic));
  const article = `${'word '.repeat(30)}end.`;
  writeFileSync(join(dir, 'briefs.jsonl'), JSON.stringify({ topicId: 'a', profile: 'center_left', article }));
  const report = checkNews({ form: 'briefs', dir });
  expect(report).toMatchObject({ ok: true, topicLeak: [], surfaceLeak: [] });
  const unmeasured = report.checks.filter((check) => check.warning).map((check) => `${check.name}: ${check.summary}`);
  expect(unmeasured).toEqual(
    ['topic', 'length', 'punctuation'].map(
      (what) => `${what} leakage: not measured: texts of at least 2 domains are needed, got 1`,
    ),
  );
});
