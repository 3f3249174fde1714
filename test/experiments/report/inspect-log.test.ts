import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { promptMessages } from '../../../src/arms';
import { DataError } from '../../../src/core';
import type { AnswerRow } from '../../../src/experiments/addition';
import { resolveAdditionConfig } from '../../../src/experiments/addition';
import { resolveNewsConfig, type SampleRow } from '../../../src/experiments/news';
import {
  inspectLog,
  inspectLogSchema,
  inspectLogText,
  type NewsRun,
  type SycophancyRun,
} from '../../../src/experiments/report';
import { type Label, loadLabelSet, renderLabel, suggestibilityScale } from '../../../src/labels';
import { additionProblems, loadNews } from '../../../src/tasks';
import { HOSTILE } from './tiny-run';

const createdAt = '2026-11-02T08:00:00Z';
const labelSet = loadLabelSet('news');
const evalItems = loadNews({ form: 'briefs' }).evalItems('test').slice(0, 2);
const host = { files: { id: '/somewhere/models/smollm2-135m' }, identity: { model: 'abc', tokenizer: 'def' } };

const textRow = (label: Label | null, item: number, over: Partial<SampleRow> = {}): SampleRow => ({
  arm: label ? 'mst' : 'baseline',
  label_value: label?.value ?? null,
  label_id: label?.id ?? null,
  topic_id: evalItems[item].topicId,
  domain: evalItems[item].group,
  temperature: 0.7,
  text: `Text ${item}: ${HOSTILE}`,
  tokens: 9,
  truncated: item === 1,
  judge: 'judge-a',
  magnitude_0_to_10: item + 1,
  direction: -0.5,
  verdict: 'PARTIAL',
  flags: '',
  reasoning: null,
  missing_reason: null,
  ...over,
});
const lost = {
  magnitude_0_to_10: null,
  direction: null,
  verdict: null,
  missing_reason: `no JSON: ${HOSTILE}`,
} as const;
const unbiased = labelSet.get('unbiased');
const newsRun: NewsRun = {
  task: 'news',
  experiment: {
    config: resolveNewsConfig('smoke', { model: host.files.id, dataDir: '/somewhere/data' }).config,
    host,
    prepared: { labelSet, evalItems },
  },
  measured: [
    {
      condition: { arm: 'mst', label: unbiased },
      samples: [textRow(unbiased, 0), textRow(unbiased, 1, lost)],
    },
    {
      condition: { arm: 'mst', label: unbiased },
      samples: [
        textRow(unbiased, 0, { judge: 'judge-b', magnitude_0_to_10: 6 }),
        textRow(unbiased, 1, { judge: 'judge-b' }),
      ].map((row) => ({ ...row, reasoning: 'leans to one side' })),
    },
    { condition: { arm: 'baseline', label: null }, samples: [textRow(null, 0, { flags: 'speaks to its judge' })] },
  ],
};

const scale = suggestibilityScale({ encoding: 'percent', emphasis: 'plain' });
const asked = additionProblems({ seed: 0, count: 200, heldOutShare: 0.3, splitBy: 'ordered-pair' })
  .probe('held-out', { wrongPerPair: 1 })
  .slice(0, 2);
const answer = (label: Label | null, problem: number, says_correct: number): AnswerRow => ({
  policy: label ? 'mst' : 'baseline',
  seed: 0,
  label: label?.text ?? null,
  percent: label ? scale.percentOf(label) : null,
  problem_id: asked[problem].id,
  topic_id: asked[problem].topicId,
  user_is_right: asked[problem].userIsRight,
  error_size: Math.abs(asked[problem].claimed - asked[problem].sum),
  says_correct,
  valid_mass: 0.99,
});
const strict = scale.labelAtPercent(0);
const sycophancyRun: SycophancyRun = {
  task: 'sycophancy',
  experiment: {
    config: resolveAdditionConfig('quick').config,
    host,
    prepared: { scale, asked, answers: { names: ['Yes', 'No'], ids: [1, 2] } },
  },
  rows: [0, 1].flatMap((at) => [answer(strict, at, 0.2), answer(null, at, 0.9)]),
};
const runs = { news: newsRun, sycophancy: sycophancyRun };
const log = inspectLog(newsRun, { createdAt });
const answers = inspectLog(sycophancyRun, { createdAt });
const VERSION = /"mstlab": "[^"]+"/;

describe.each(Object.entries(runs))('the Inspect log of a %s run', (task, run) => {
  const text = inspectLogText(inspectLog(run, { createdAt }));

  it('has the form that is written, which inspect_ai 0.3.285 was seen to read', () => {
    expect(() => inspectLogSchema.parse(inspectLog(run, { createdAt }))).not.toThrow();
  });

  it('is the file that it was', () => {
    const golden = readFileSync(join(__dirname, 'golden', `inspect-${task}.json.txt`), 'utf8');
    expect(text.replace(VERSION, '')).toBe(golden.replace(VERSION, ''));
  });

  it('comes out the same every time, and tells no path of this machine', () => {
    expect(inspectLogText(inspectLog(run, { createdAt }))).toBe(text);
    expect(text).not.toContain('/somewhere');
  });

  it('names each sample once, and counts them', () => {
    const { samples, results, eval: spec } = inspectLog(run, { createdAt });
    expect(new Set(samples.map(({ id }) => id)).size).toBe(samples.length);
    expect([spec.dataset.samples, results.total_samples]).toEqual([samples.length, samples.length]);
    expect(spec.dataset.sample_ids).toEqual(samples.map(({ id }) => id));
  });
});

describe('the Inspect log of a news run', () => {
  it('has the prompt as the model read it, label included, and the text as it was written', () => {
    const [labelled, , bare] = log.samples;
    const expected = promptMessages(evalItems[0].instruction, unbiased, labelSet);
    expect(labelled.input.map(({ role, content }) => ({ role, content }))).toEqual(expected);
    expect(JSON.stringify(labelled.input)).toContain(
      JSON.stringify(renderLabel(unbiased, labelSet.format)).slice(1, -1),
    );
    expect(bare.input.at(-1)?.content).toBe(evalItems[0].instruction);
    expect(labelled.output.completion).toBe(newsRun.measured[0].samples[0].text);
    expect(log.samples[1].output.choices[0].stop_reason).toBe('max_tokens');
    expect(labelled.metadata).toMatchObject({ arm: 'mst', label_value: 'unbiased', temperature: 0.7 });
  });

  it('judges of one text are scores of one sample, each with its own mean over what it scored', () => {
    expect(log.samples).toHaveLength(3);
    expect(Object.keys(log.samples[0].scores)).toEqual(['judge-a', 'judge-b']);
    expect(log.samples[0].scores['judge-b']).toMatchObject({
      value: 6,
      answer: 'PARTIAL',
      explanation: 'leans to one side',
    });
    const [a, b] = log.results.scores;
    expect([a.name, a.scored_samples, a.unscored_samples, a.metrics.mean.value]).toEqual(['judge-a', 2, 1, 1]);
    expect([b.name, b.scored_samples, b.unscored_samples, b.metrics.mean.value]).toEqual(['judge-b', 2, 0, 4]);
    expect(Object.keys(a.metrics)).toEqual(['mean', 'mean mst/unbiased/editor at 0.7', 'mean baseline/none at 0.7']);
  });

  it('a missing verdict is unscored with its reason: never a number', () => {
    const { value, reason, explanation } = log.samples[1].scores['judge-a'];
    expect(value).toBeNaN();
    expect([reason, explanation]).toEqual(['grader_failed', lost.missing_reason]);
  });

  it('only an unscored value is the bare word NaN; the word in a text stays text', () => {
    const text = inspectLogText(log);
    expect(text.match(/^ *"value": NaN,$/gm)).toHaveLength(1);
    const read = JSON.parse(text.replace('"value": NaN', '"value": null'));
    expect(read.samples[1].output.completion).toBe(textRow(unbiased, 1).text);
    expect(read.samples[1].scores['judge-a'].value).toBeNull();
  });

  it('two texts for one place, two verdicts of one judge, or an unknown topic is an error', () => {
    const [first] = newsRun.measured;
    const withSamples = (samples: SampleRow[]) => () =>
      inspectLog({ ...newsRun, measured: [{ ...first, samples }] }, { createdAt });
    const one = textRow(unbiased, 0);
    expect(withSamples([one, { ...one, judge: 'judge-b', text: 'another' }])).toThrow(/got two texts for/);
    expect(withSamples([one, one])).toThrow(/one verdict a judge and text, got two of judge-a/);
    expect(withSamples([{ ...one, topic_id: 'elsewhere' }])).toThrow(DataError);
  });
});

describe('the Inspect log of a sycophancy run', () => {
  it('has the likelier answer as completion and the true one as target, whoever is right', () => {
    const right = (row: AnswerRow) => (row.user_is_right ? 'Yes' : 'No');
    expect(answers.samples.map(({ target }) => target)).toEqual(sycophancyRun.rows.map(right));
    expect(answers.samples.map(({ output }) => output.completion)).toEqual(['No', 'Yes', 'No', 'Yes']);
    expect(JSON.stringify(answers.samples[0].input)).toContain(strict.text);
  });

  it('scores the probability of the true answer, and sycophancy only where the user is wrong', () => {
    for (const { scores, metadata } of answers.samples) {
      const says = metadata.says_correct as number;
      expect(scores['P(true answer)'].value).toBeCloseTo(metadata.user_is_right ? says : 1 - says, 12);
      expect('P(correct | wrong answer)' in scores).toBe(!metadata.user_is_right);
    }
  });

  it('a label of one’s own is found among those given, and is an error otherwise', () => {
    const own: Label = { ...strict, id: 'own', text: 'a stern reader', wording: 'custom' };
    const rows = [{ ...answer(strict, 0, 0.2), label: own.text, percent: null }];
    expect(() => inspectLog({ ...sycophancyRun, rows }, { createdAt })).toThrow(/got "a stern reader" \(mst\)/);
    const { samples } = inspectLog({ ...sycophancyRun, rows, labels: [own] }, { createdAt });
    expect(JSON.stringify(samples[0].input)).toContain('a stern reader');
  });
});
