import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, DataError, projectRoot, sha256 } from '../../../src/core';
import { embeddedNewsDir, loadNews, NEWS_FORMS, refusedText } from '../../../src/tasks';

const folder = mkdtempSync(join(tmpdir(), 'news-'));
afterAll(() => rmSync(folder, { recursive: true }));

const topic = (id: string, split: string) => ({
  id,
  domain: `d-${split}`,
  split,
  headline: `Head ${id}`,
  context: 'Facts.',
});
const lines = (rows: unknown[]) => rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n');
const write = (topics: unknown[], briefs: unknown[], calibration?: unknown[]) => {
  const dir = mkdtempSync(join(folder, 'set-'));
  writeFileSync(join(dir, 'topics.jsonl'), lines(topics));
  writeFileSync(join(dir, 'briefs.jsonl'), lines(briefs));
  if (calibration) writeFileSync(join(dir, 'calibration-briefs.jsonl'), lines(calibration));
  return dir;
};
const row = (topicId: string, profile = 'center_left') => ({ topicId, profile, article: `Text of ${topicId}.` });

describe.each(NEWS_FORMS)('the embedded news set, %s', (form) => {
  const news = loadNews({ form });

  test('has 1,872 training texts, 192 topics each to validate and test, and 72 contrast sets of five texts', () => {
    expect(news.report).toMatchObject({ refused: [], notes: [] });
    expect(news.examples).toHaveLength(1872);
    expect((['train', 'validation', 'test', 'calibration'] as const).map((s) => news.evalItems(s).length)).toEqual([
      1872, 192, 192, 72,
    ]);
    expect(news.contrastSets).toHaveLength(72);
    for (const set of news.contrastSets)
      expect(set.texts.map((item) => item.value)).toEqual([
        'strong_left',
        'center_left',
        'neutral',
        'center_right',
        'strong_right',
      ]);
    expect(new Set(news.topics.map((item) => item.domain)).size).toBe(48);
  });

  test('never trains on a topic that is evaluated', () => {
    const trained = new Set(news.examples.map((example) => example.topicId));
    for (const split of ['validation', 'test', 'calibration'] as const)
      expect(news.evalItems(split).some((item) => trained.has(item.topicId))).toBe(false);
    expect(news.contrastSets.some((set) => trained.has(set.topicId))).toBe(false);
  });

  test('asks for an unbiased text whatever the profile', () => {
    const singular = form === 'briefs' ? 'brief' : 'article';
    expect(news.examples[0].instruction).toMatch(
      new RegExp(
        `^Write an unbiased news ${singular}: Rents at Harwick Falls apartment complex rise after sale\\. Bellmoor`,
      ),
    );
    expect(news.examples.every((e) => e.instruction.startsWith(`Write an unbiased news ${singular}: `))).toBe(true);
  });
});

test('data/README.md states the hash of every data file', () => {
  const stated = new Map(
    [
      ...readFileSync(join(projectRoot(), 'data/README.md'), 'utf8').matchAll(
        /`([^`\s]+\.jsonl?)`.*?`([0-9a-f]{64})`/g,
      ),
    ].map(([, file, hash]) => [file, hash]),
  );
  const files = NEWS_FORMS.flatMap((form) => loadNews({ form }).report.files.map((item) => `tasks/news/${item.file}`));
  const expected = [
    ...new Set(files),
    'judge/models.json',
    'judge/news-articles.json',
    'judge/news-briefs.json',
    'judge/rubrics/news-bias-pairwise.json',
    'judge/rubrics/news-bias-topic.json',
    'judge/rubrics/news-bias.json',
    'labels/news-inoculation.json',
    'labels/news.json',
    'labels/paraphrases.json',
    'writers/news-articles.json',
    'writers/news-briefs.json',
    'writers/news-domains.json',
    'writers/news-topics.json',
  ];
  expect(new Set(stated.keys())).toEqual(new Set(expected));
  for (const [file, hash] of stated) expect(sha256(readFileSync(join(projectRoot(), 'data', file))), file).toBe(hash);
});

describe("a user's own set", () => {
  test('works by path, and its bytes are its hash', () => {
    const copy = join(folder, 'copy');
    cpSync(embeddedNewsDir(), copy, { recursive: true });
    const [mine, embedded] = [loadNews({ form: 'briefs', dir: copy }), loadNews({ form: 'briefs' })];
    expect(mine.dataHash).toBe(embedded.dataHash);
    writeFileSync(
      join(copy, 'briefs.jsonl'),
      readFileSync(join(copy, 'briefs.jsonl'), 'utf8').replace('Rents', 'Rent'),
    );
    expect(loadNews({ form: 'briefs', dir: copy }).dataHash).not.toBe(embedded.dataHash);
    expect(loadNews({ form: 'articles' }).dataHash).not.toBe(embedded.dataHash);
  });

  test('may lack calibration texts, and says so', () => {
    const news = loadNews({ form: 'briefs', dir: write([topic('a', 'train')], [row('a')]) });
    expect(news.contrastSets).toEqual([]);
    expect(news.report.notes[0]).toMatch(/no calibration-briefs\.jsonl/);
  });

  test('has every row that fails named by file, line and reason', () => {
    const dir = write(
      [
        topic('a', 'train'),
        topic('a', 'train'),
        topic('b', 'test'),
        { ...topic('c', 'train'), colour: 'red' },
        topic('e', 'train'),
      ],
      [
        row('a'),
        row('a'),
        row('b'),
        row('zz'),
        '{"topicId": "a", "profile"',
        row('a', 'far_left'),
        { ...row('e'), article: ' ' },
        { ...row('e'), article: 'Stop.<|im_end|>' },
        '',
        { ...row('e'), article: 'Line\nbreak.' },
      ],
      [row('a', 'neutral')],
    );
    const expected = [
      /^topics\.jsonl:4 row: .*colour/,
      /^topics\.jsonl:2 id: "a" stands twice/,
      /^briefs\.jsonl:5 must be one JSON object/,
      /^briefs\.jsonl:6 profile: /,
      /^briefs\.jsonl:7 article: must not be empty/,
      /^briefs\.jsonl:8 article: must hold no control token/,
      /^briefs\.jsonl:10 article: must hold no control characters/,
      /^briefs\.jsonl:2 topicId: "a" stands twice/,
      /^briefs\.jsonl:3 topicId: "b" is a test topic, must be train/,
      /^briefs\.jsonl:4 topicId: "zz" is no topic/,
      /^calibration-briefs\.jsonl:1 topicId: "a" is a train topic, must be calibration/,
    ];
    const { report, examples } = loadNews({ form: 'briefs', dir, refusedRows: 'report' });
    const named = refusedText(report.refused).split('\n');
    expect(named).toHaveLength(expected.length);
    for (const pattern of expected)
      expect(
        named.some((line) => pattern.test(line)),
        String(pattern),
      ).toBe(true);
    expect(examples.map((example) => example.topicId)).toEqual(['a']);
    expect(() => loadNews({ form: 'briefs', dir })).toThrow(DataError);
    expect(() => loadNews({ form: 'briefs', dir })).toThrow(/got 11 refused[\s\S]*briefs\.jsonl:3 topicId/);
  });

  test('must exist and hold a form', () => {
    expect(() => loadNews({ form: 'briefs', dir: folder })).toThrow(/got no topics\.jsonl and no briefs\.jsonl/);
    expect(() => loadNews({ form: 'essays' as 'briefs' })).toThrow(ConfigError);
  });
});
