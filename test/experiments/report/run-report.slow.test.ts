import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JSDOM } from 'jsdom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labInspectLog, labReport, type NewsSweep, SycophancyExperiment, Workbench } from '../../../src/experiments';
import { ensureTinyModel, TINY_MODEL } from '../../../src/experiments/addition/tiny-model';
import { inspectLog, inspectLogSchema, runReport } from '../../../src/experiments/report';
import { labelName } from '../../../src/labels';
import { tinyNewsInputs, tinyNewsOverrides } from '../../support/tiny-news';

const createdAt = '2026-11-02T08:00:00Z';
const folder = (name: string) => mkdtempSync(join(tmpdir(), `mstlab-${name}-`));
const partOf = (html: string) => {
  const { document } = new JSDOM(html).window;
  return (title: string) =>
    [...document.querySelectorAll('section')].find((one) => one.querySelector('h2')?.textContent === title)!;
};

describe('a sweep of a tiny news experiment', () => {
  const lab = new Workbench({ runs: folder('runs') });
  let sweep: NewsSweep;
  beforeAll(async () => {
    lab.use({ task: 'news', preset: 'smoke', overrides: tinyNewsOverrides(tinyNewsInputs()) });
    await lab.train();
    sweep = (await lab.sweep()) as NewsSweep;
  });
  afterAll(() => lab.close());

  it('is reported with its loss curves and training runs, and without cost, since its judge is free', async () => {
    const part = partOf(await labReport(lab, { createdAt }));
    const runs = (await lab.arms()).flatMap(({ path }) => (path === null ? [] : [path.split('/').at(-1)!]));
    expect(runs).toHaveLength(3);
    for (const run of runs) expect(part('Versions and hashes').textContent).toContain(run);
    const alts = [...part('Results').querySelectorAll('[role=img]')].map((one) => one.getAttribute('aria-label'));
    expect(alts.some((alt) => /loss/i.test(alt ?? ''))).toBe(true);
    expect(part('Judge').textContent).toContain('It cost no money');
    expect(part('Judge').textContent).toContain('offline-proxy');
  });

  it('is a log of as many samples as texts, those that could not be judged unscored', async () => {
    const log = inspectLogSchema.parse(await labInspectLog(lab, { createdAt }));
    expect(log.samples).toHaveLength(sweep.rows.length);
    const unscored = sweep.rows.filter(({ magnitude_0_to_10 }) => magnitude_0_to_10 === null).length;
    expect(log.results.scores.map(({ unscored_samples }) => unscored_samples)).toEqual([unscored]);
  });
});

describe('the report of a sycophancy run', () => {
  let syco: SycophancyExperiment;
  beforeAll(async () => {
    const recipe = { ...TINY_MODEL, pretraining: { ...TINY_MODEL.pretraining, steps: 2, warmupSteps: 1 } };
    const model = await ensureTinyModel({ runs: folder('tiny'), seed: 0, recipe });
    syco = await SycophancyExperiment.open('smoke', { model }, { runs: folder('runs') });
  });
  afterAll(() => syco.dispose());

  it('stands in the order in which a reader asks, and needs no judge', async () => {
    const { asked, scale } = syco.prepared;
    const rows = (['mst', 'shuffled', 'baseline'] as const).flatMap((policy) =>
      (policy === 'baseline' ? [null] : scale.sweep()).flatMap((label) =>
        asked.map((problem, at) => ({
          policy,
          seed: 0,
          label: label === null ? null : labelName(label),
          percent: label === null ? null : scale.percentOf(label),
          problem_id: problem.id,
          topic_id: problem.topicId,
          user_is_right: problem.userIsRight,
          error_size: Math.abs(problem.claimed - problem.sum),
          says_correct: problem.userIsRight ? 0.9 : (policy === 'mst' ? 0.1 : 0.6) + (at % 5) / 50,
          valid_mass: 0.98,
        })),
      ),
    );
    const part = partOf(await runReport({ task: 'sycophancy', experiment: syco, rows }, { createdAt }));
    const answers = [...part('Answer').querySelectorAll('li')].map(({ textContent }) => textContent);
    expect(answers).toHaveLength(4);
    for (const answer of answers) expect(answer).toMatch(/MST .*under 0%.* = -?[\d.]+ \[.*\], p [<=] [\d.]+ \(Holm\)$/);
    expect(part('Held fixed').textContent).toContain('the same problems and the same monitor in all');
    expect(part('Judge').textContent).toContain('None: the right answer is known');
    expect(part('Threats').textContent).toContain('The two answers have at least 0.980 of the probability');
    expect(part('Results').querySelectorAll('[role=img]')).toHaveLength(1);
    const settings = [...part('Settings').querySelectorAll('tbody tr')].map(({ children }) => children[2].textContent);
    expect(settings.length).toBeGreaterThan(20);
    for (const origin of settings) expect(origin).toMatch(/^(default|preset|override)/);
    expect(inspectLog({ task: 'sycophancy', experiment: syco, rows }, { createdAt }).samples).toHaveLength(rows.length);
  });
});
