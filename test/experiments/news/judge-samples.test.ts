import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeSamples } from '../../../src/experiments/news/judge-samples';
import type { Judge, Judgement } from '../../../src/judge';
import { customLabel, loadLabelSet, renderLabel } from '../../../src/labels';
import { RunDirectory } from '../../../src/runs';
import { loadNews } from '../../../src/tasks';

const labelSet = loadLabelSet('news');
const controls = { constant: null, irrelevant: null, nonSemantic: null, inoculation: null };
const data = loadNews({ form: 'briefs' });
const evalItems = data.evalItems('test').slice(0, 2);
const judgement: Omit<Judgement, 'flags'> = {
  judge: 'scripted',
  magnitude0to10: 1,
  direction: 0,
  profiles: null,
  verdict: 'PASS',
  indicators: [],
  reasoning: null,
  reason: null,
  rawReply: null,
};

/** A job whose texts lie on disk as a model wrote them. */
function job(label: ReturnType<typeof customLabel>, texts: readonly string[]) {
  const run = new RunDirectory(mkdtempSync(join(tmpdir(), 'mstlab-runs-')), 'news-samples', { label: label.id });
  return run
    .complete(async () => {
      const rows = texts.map((text, i) => ({ topicId: evalItems[i].topicId, text, tokens: 9, truncated: false }));
      writeFileSync(run.file('texts.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      return {};
    })
    .then(() => ({ condition: { arm: 'mst' as const, label }, temperature: 1, run, prompts: [] }));
}

describe('judging what a model wrote', () => {
  it('keeps a label from the judge even where the model copies it into its text, and says so in the row', async () => {
    const asked: string[] = [];
    const judge: Judge = {
      id: 'scripted',
      isProxy: false,
      judge: (texts) => {
        asked.push(...texts);
        return texts.map(() => ({ ...judgement, flags: ['speaks to its judge'] }));
      },
    };
    const own = customLabel('unbiased', 'zzqqxx: weighs both sides before it writes a word');
    const trained = labelSet.get('strong_left');
    const copies = [renderLabel(own, labelSet.format), trained.text];
    const written = [`${copies[0]} The town voted on Monday.`, `The paper, ${copies[1]}, said so.`];
    const [first] = await judgeSamples(judge, [await job(own, written)], { evalItems, data, labelSet, controls }, {});
    expect(asked).toHaveLength(2);
    for (const text of asked) for (const copy of copies) expect(text).not.toContain(copy);
    expect(asked[0]).toContain('The town voted on Monday.');
    expect(first.rows.map(({ text }) => text)).toEqual(written);
    for (const { flags } of first.rows) expect(flags).toBe('speaks to its judge, repeats its label');
  });

  it('keeps rows and judgements together over several jobs', async () => {
    const judge: Judge = {
      id: 'scripted',
      isProxy: false,
      judge: (texts) => texts.map((text) => ({ ...judgement, magnitude0to10: text.length, flags: [] })),
    };
    const label = labelSet.get('unbiased');
    const jobs = [await job(label, ['a', 'bb']), await job(labelSet.get('center_left'), ['ccc', 'dddd'])];
    const judged = await judgeSamples(judge, jobs, { evalItems, data, labelSet, controls }, {});
    expect(judged.flatMap(({ rows }) => rows.map((row) => [row.text, row.magnitude_0_to_10]))).toEqual([
      ['a', 1],
      ['bb', 2],
      ['ccc', 3],
      ['dddd', 4],
    ]);
    expect(judged.map(({ rows }) => rows[0].label_value)).toEqual(['unbiased', 'center_left']);
  });
});
