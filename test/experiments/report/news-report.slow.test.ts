import { JSDOM } from 'jsdom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MeasuredCondition, NewsExperiment } from '../../../src/experiments/news';
import { runReport } from '../../../src/experiments/report';
import { newsReportPage } from '../../../src/experiments/report/news-report';
import { HOSTILE, madeUp, openTiny } from './tiny-run';

const createdAt = '2026-11-02T08:00:00Z';

describe('the report of a news run', () => {
  let news: NewsExperiment;
  let measured: MeasuredCondition[];
  let html: string;
  let document: Document;
  const ledger = [
    {
      ...{ purpose: 'judge news-bias', model: 'claude-x', mode: 'batch' as const, paid: 40, failed: 1, uncertain: 0 },
      ...{ inputTokens: 1000, outputTokens: 200, costUsd: 0.12, mayHaveCostUsd: 0 },
    },
  ];
  beforeAll(async () => {
    news = await openTiny();
    measured = madeUp(news);
    html = await runReport({ task: 'news', experiment: news, measured }, { createdAt, ledger });
    document = new JSDOM(html).window.document;
  });
  afterAll(() => news.dispose());
  const part = (title: string) =>
    [...document.querySelectorAll('section')].find((one) => one.querySelector('h2')?.textContent === title)!;

  it('stands in the order in which a reader asks', () => {
    expect([...document.querySelectorAll('h2')].map(({ textContent }) => textContent)).toEqual([
      'Question',
      'Answer',
      'Held fixed',
      'Settings',
      'Results',
      'Comparisons',
      'Judge',
      'Threats',
      'Examples',
      'Versions and hashes',
    ]);
  });

  it('answers in sentences with interval and p, and says what is held fixed', () => {
    expect(part('Answer').textContent).toMatch(
      /Likelihood of given texts: MST under unbiased is \d\.\d\d nats below baseline without label \(95% interval .*lower on 8 of 8 topics, p [<=] [\d.]+ \(Holm\)/,
    );
    expect(part('Held fixed').textContent).toContain(news.prepared.proof.contentHash.slice(0, 12));
    expect(part('Held fixed').textContent).toContain('asked at deployment');
  });

  it('has every setting with its value and origin, and no path of this machine', () => {
    const rows = [...part('Settings').querySelectorAll('tbody tr')].map((line) =>
      [...line.children].map((c) => c.textContent),
    );
    const settings =
      Object.keys(news.config).length +
      Object.keys(news.resolved.sft.config).length -
      1 +
      Object.keys(news.resolved.sft.config.lora).length;
    expect(rows).toHaveLength(settings);
    expect(rows.find(([name]) => name === 'evalTopics')).toEqual(['evalTopics', '8', 'override']);
    expect(rows.find(([name]) => name === 'topP')).toEqual(['topP', '0.95', 'default']);
    for (const [, , origin] of rows) expect(['default', 'preset', 'override', 'measured']).toContain(origin);
    for (const path of [news.config.model, news.config.dataDir!]) expect(html).not.toContain(path);
  });

  it('shows results as charts and as a table with a row a condition, and comparisons with p', () => {
    const places = part('Results').querySelectorAll('[role=img]');
    expect(places.length).toBeGreaterThanOrEqual(8);
    expect(part('Results').querySelectorAll('table.mstlab-frame tbody tr')).toHaveLength(measured.length);
    const heads = [...part('Comparisons').querySelectorAll('th')].map(({ textContent }) => textContent);
    for (const name of ['left', 'right', 'difference [low, high]', 'p', 'p_holm']) expect(heads).toContain(name);
  });

  it('says who judged, what is missing and what it cost', () => {
    const { textContent } = part('Judge');
    const texts = measured.flatMap(({ samples }) => samples).length;
    expect(textContent).toContain('Judged by scripted-judge');
    expect(textContent).toContain(`${texts} texts, ${measured.length} without a verdict (refused: `);
    expect(textContent).toContain('40 paid');
    expect(textContent).toContain('0.12');
  });

  it('names the threats that there are, with numbers, and the leak audit', () => {
    const { textContent } = part('Threats');
    expect(textContent).toMatch(/The judge is a proxy/);
    expect(textContent).toMatch(/temperature 0\.7, one a topic/);
    expect(textContent).toMatch(/One training seed \(0\)/);
    expect(textContent).toMatch(/\d+ of \d+ texts \(12\.5%\) have no verdict/);
    expect(textContent).toMatch(/leak audit/i);
    expect(textContent).toMatch(/comparisons were made/);
  });

  it('names versions and hashes', () => {
    const { textContent } = part('Versions and hashes');
    for (const hash of [news.prepared.data.dataHash, news.prepared.proof.contentHash, news.host.identity.model])
      expect(textContent).toContain(hash);
  });

  it('is one file of at most 6 MB, in which what a model wrote is inert', () => {
    expect(Buffer.byteLength(html)).toBeLessThan(6e6);
    expect(part('Examples').querySelectorAll('details')).toHaveLength(4);
    expect(part('Examples').textContent).toContain('<script>window.hit = 1</script>');
    expect(document.querySelectorAll('body :not(noscript) > img, [onerror], script[src]')).toHaveLength(0);
    expect(html).not.toContain(HOSTILE);
  });

  it('with nothing measured beside MST says that nothing can be answered', () => {
    const alone = measured.filter(({ condition }) => condition.arm === 'mst').map((one) => ({ ...one, samples: [] }));
    const page = newsReportPage({ task: 'news', experiment: news, measured: alone }, { createdAt, audit: false });
    expect(JSON.stringify(page.sections[1])).toContain('nothing can be answered');
    expect(page.sections.map(({ title }) => title)).not.toContain('Examples');
    expect(JSON.stringify(page.sections)).toContain('There is no baseline');
  });

  it.each([
    [
      'one condition, away from deployment',
      (one: MeasuredCondition) => one.condition.label?.value === 'strong_left' && one.condition.arm === 'mst',
    ],
    ['the baseline alone', (one: MeasuredCondition) => one.condition.label === null],
    ['shuffled alone', (one: MeasuredCondition) => one.condition.arm === 'shuffled'],
  ])('is made of whatever was measured: %s', (_, keep) => {
    for (const strip of [{}, { samples: [] }, { contrast: [] }]) {
      const some = measured.filter(keep).map((one) => ({ ...one, ...strip }));
      const page = newsReportPage({ task: 'news', experiment: news, measured: some }, { createdAt, audit: false });
      expect(page.sections.length).toBeGreaterThanOrEqual(9);
    }
  });
});
