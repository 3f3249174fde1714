import type { Example } from '../types';
import { unmeasurable } from './leak-measure';
import { type LoadNewsOptions, loadNews, type NewsData, type NewsReport } from './load';
import { compareShingles, type NamedText, plainWords } from './near-duplicates';
import type { NewsForm } from './rows';
import { SURFACES, type Surface, type SurfaceLeak, surfaceLeak } from './surface-leak';
import { type TopicLeak, topicLeak } from './topic-leak';

export type NewsCheckName =
  | 'rows'
  | 'duplication'
  | 'length'
  | 'completion'
  | 'split leakage'
  | 'topic leakage'
  | 'length leakage'
  | 'punctuation leakage';

export interface NewsCheck {
  readonly name: NewsCheckName;
  /** False if the set must not be used as it is. */
  readonly ok: boolean;
  /** True if the set may be used, and a report on it must state what was found here. */
  readonly warning: boolean;
  /** One sentence with the figures. */
  readonly summary: string;
  /** The rows at fault, by name. */
  readonly faults: readonly string[];
}

export interface NewsCheckReport {
  readonly form: NewsForm;
  readonly ok: boolean;
  readonly checks: readonly NewsCheck[];
  readonly report: NewsReport;
  /** Empty where there are too few domains or profiles to measure it. */
  readonly topicLeak: readonly TopicLeak[];
  /** What length and punctuation tell of the profile; empty as above. */
  readonly surfaceLeak: readonly SurfaceLeak[];
  /** Words of a training text by profile: mean, and the share that holds a quotation mark. */
  readonly profiles: readonly { profile: string; texts: number; meanWords: number; quotedShare: number }[];
}

/** Words that a text of a form may have; outside it something is cut off or run together. */
export const WORD_BOUNDS: Readonly<Record<NewsForm, { least: number; most: number }>> = {
  briefs: { least: 20, most: 60 },
  articles: { least: 50, most: 140 },
};
/** Half of the shorter text's seven-word runs in common: far above what two texts on one event share by chance. */
export const NEAR_DUPLICATE_OVERLAP = 0.5;
/** Profiles whose mean length differs by more words than this could be told apart by length. */
export const MEAN_WORDS_SPREAD: Readonly<Record<NewsForm, number>> = { briefs: 2, articles: 3 };

/**
 * Checks a news set for what would spoil an experiment on it: refused rows, duplicates, length, unfinished texts, leakage
 * between the splits, topics that give the label away, and profiles that can be told by length or punctuation. The last is a warning: a
 * prompt holds no text, so no arm can read its label from it, but a judge or a model may take the mark for the slant.
 * Throws as loadNews does, but for refused rows, which it reports.
 */
export function checkNews(options: Omit<LoadNewsOptions, 'refusedRows'>): NewsCheckReport {
  const news = loadNews({ ...options, refusedRows: 'report' });
  const calibration = news.contrastSets.flatMap((set) =>
    set.texts.map(({ value, text }) => ({ id: `${set.topicId} as ${value}`, text, topicId: set.topicId })),
  );
  const profiles = profileFacts(news.examples);
  const unmeasured = unmeasurable(
    news.examples.map((example) => example.labelValue),
    news.examples.map((example) => example.group),
  );
  const leak = unmeasured === null ? topicLeak(news) : [];
  const surface = unmeasured === null ? surfaceLeak(news.examples) : [];
  const checks = [
    rowsCheck(news),
    duplicationCheck(news, calibration),
    lengthCheck(news, calibration, profiles),
    completionCheck(news.examples, calibration),
    splitCheck(news, calibration),
    leakCheck(leak, unmeasured),
    ...SURFACES.map((each) =>
      surfaceCheck(
        each,
        surface.filter((item) => item.surface === each),
        unmeasured,
      ),
    ),
  ];
  return {
    form: news.form,
    ok: checks.every((c) => c.ok),
    checks,
    report: news.report,
    topicLeak: leak,
    surfaceLeak: surface,
    profiles,
  };
}

/** The report as text: one line a check, the rows at fault below it. */
export function newsCheckText(report: NewsCheckReport, faultsShown = 10): string {
  const lines = [`news ${report.form} (${report.report.dir}): ${report.ok ? 'ok' : 'NOT OK'}`];
  for (const file of report.report.files) lines.push(`  ${file.file}: ${file.rows} rows, sha256 ${file.sha256}`);
  for (const check of report.checks) {
    lines.push(`  ${!check.ok ? 'FAIL' : check.warning ? 'WARN' : 'ok  '} ${check.name}: ${check.summary}`);
    for (const fault of check.faults.slice(0, faultsShown)) lines.push(`         ${fault}`);
    if (check.faults.length > faultsShown) lines.push(`         and ${check.faults.length - faultsShown} more`);
  }
  for (const { profile, texts, meanWords, quotedShare } of report.profiles)
    lines.push(
      `  ${profile}: ${texts} texts, mean ${meanWords.toFixed(1)} words, ${(100 * quotedShare).toFixed(0)}% with a quotation`,
    );
  for (const note of report.report.notes) lines.push(`  note: ${note}`);
  return lines.join('\n');
}

function rowsCheck({ report }: NewsData): NewsCheck {
  const total = report.files.reduce((sum, file) => sum + file.rows, 0);
  return {
    name: 'rows',
    ok: report.refused.length === 0,
    warning: false,
    summary: `${total} rows pass their schema, ${report.refused.length} rows refused`,
    faults: report.refused.map((row) => `${row.file}:${row.line} ${row.reason}`),
  };
}

function duplicationCheck(news: NewsData, calibration: readonly (NamedText & { topicId: string })[]): NewsCheck {
  const texts = [
    ...news.examples.map(({ topicId, completion }) => ({ id: topicId, text: completion, topicId })),
    ...calibration,
  ];
  const { pairs, common: runs } = compareShingles(texts, NEAR_DUPLICATE_OVERLAP);
  const topicOf = new Map(texts.map((item) => [item.id, item.topicId]));
  const common = runs
    .map(({ run, texts }) => ({ run, topics: [...new Set(texts.map((id) => topicOf.get(id)!))] }))
    .filter(({ topics }) => topics.length > 2);
  const headlines = repeated(news.topics.map((topic) => ({ id: topic.id, text: topic.headline })));
  return {
    name: 'duplication',
    ok: pairs.length === 0 && headlines.length === 0,
    warning: false,
    summary: `${headlines.length} headlines stand twice; ${pairs.length} pairs of ${texts.length} texts are near-duplicates; ${common.length} seven-word runs stand in more than two topics`,
    faults: [
      ...headlines.map(({ a, b }) => `headline of ${a} is that of ${b}`),
      ...pairs.map(
        ({ a, b, overlap }) => `${a} and ${b} share ${(100 * overlap).toFixed(0)}% of their seven-word runs`,
      ),
      ...common.map(
        ({ run, topics }) =>
          `"${run}" stands in ${topics.length} topics (no fault by itself): ${topics.slice(0, 3).join(', ')}`,
      ),
    ],
  };
}

function lengthCheck(
  news: NewsData,
  calibration: readonly NamedText[],
  profiles: NewsCheckReport['profiles'],
): NewsCheck {
  const { least, most } = WORD_BOUNDS[news.form];
  const texts = [
    ...news.examples.map(({ topicId, completion }) => ({ id: topicId, text: completion })),
    ...calibration,
  ];
  const counts = texts.map((item) => item.text.trim().split(/\s+/).length);
  const faults = texts.flatMap((item, i) =>
    counts[i] < least || counts[i] > most ? [`${item.id}: ${counts[i]} words`] : [],
  );
  const means = profiles.map((profile) => profile.meanWords);
  const spread = Math.max(...means) - Math.min(...means);
  const allowed = MEAN_WORDS_SPREAD[news.form];
  if (spread > allowed)
    faults.push(
      `profile means differ by ${spread.toFixed(1)} words, ${allowed} allowed: length gives the profile away`,
    );
  const mean = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  return {
    name: 'length',
    ok: faults.length === 0,
    warning: false,
    summary: `${minimum(counts)} to ${maximum(counts)} words, mean ${mean.toFixed(1)} (${least} to ${most} allowed); profile means within ${spread.toFixed(1)} words`,
    faults,
  };
}

function completionCheck(examples: readonly Example[], calibration: readonly NamedText[]): NewsCheck {
  const texts = [...examples.map(({ topicId, completion }) => ({ id: topicId, text: completion })), ...calibration];
  const faults = texts
    .filter((item) => !/[.?!]["”’')]?$/.test(item.text))
    .map((item) => `${item.id} ends in "${item.text.slice(-20)}"`);
  const stops = texts.filter((item) => /\.["”’')]?$/.test(item.text)).length;
  return {
    name: 'completion',
    ok: faults.length === 0,
    warning: false,
    summary: `${stops} of ${texts.length} texts end in a full stop, ${texts.length - stops - faults.length} in a question or exclamation mark, ${faults.length} in the middle of a sentence`,
    faults,
  };
}

function splitCheck(news: NewsData, calibration: readonly (NamedText & { topicId: string })[]): NewsCheck {
  const faults: string[] = [];
  const splitOf = new Map(news.topics.map((topic) => [topic.id, topic.split]));
  const topicTexts = news.topics.map((topic) => ({ id: topic.id, text: `${topic.headline}. ${topic.context}` }));
  for (const { a, b, overlap } of compareShingles(topicTexts, NEAR_DUPLICATE_OVERLAP).pairs)
    if (splitOf.get(a) !== splitOf.get(b))
      faults.push(
        `topics ${a} (${splitOf.get(a)}) and ${b} (${splitOf.get(b)}) share ${(100 * overlap).toFixed(0)}% of their seven-word runs`,
      );
  const held = calibration.map((item) => ({ id: `calibration ${item.id}`, text: item.text }));
  const trained = news.examples.map(({ topicId, completion }) => ({ id: `training ${topicId}`, text: completion }));
  for (const { a, b } of compareShingles([...held, ...trained], NEAR_DUPLICATE_OVERLAP).pairs)
    if (a.startsWith('calibration') !== b.startsWith('calibration')) faults.push(`${a} and ${b} are near-duplicates`);
  const sizes = new Map<string, number>();
  for (const topic of news.topics) sizes.set(topic.split, (sizes.get(topic.split) ?? 0) + 1);
  return {
    name: 'split leakage',
    ok: faults.length === 0,
    warning: false,
    summary: `${faults.length} texts stand in two splits (${[...sizes].map(([split, n]) => `${split} ${n}`).join(', ')} topics)`,
    faults,
  };
}

function leakCheck(leaks: readonly TopicLeak[], unmeasured: string | null): NewsCheck {
  return {
    name: 'topic leakage',
    ok: leaks.every((leak) => !leak.leaks),
    warning: unmeasured !== null,
    summary: leakSummary(leaks, unmeasured),
    faults: leaks
      .filter((l) => l.leaks)
      .map((l) => `the topic gives the ${l.target} away: the baseline arm can read the label too`),
  };
}

function surfaceCheck(surface: Surface, leaks: readonly SurfaceLeak[], unmeasured: string | null): NewsCheck {
  const found = leaks.filter((leak) => leak.leaks).map((leak) => leak.target);
  return {
    name: `${surface} leakage`,
    ok: true,
    warning: unmeasured !== null || found.length > 0,
    summary: leakSummary(leaks, unmeasured),
    faults:
      found.length === 0
        ? []
        : [
            `the ${surface} of a text tells its ${found.join(', ')}: a judge must be blind to it, and a trained model may copy it in place of the slant; no prompt holds it, so no arm can read its label from it`,
          ],
  };
}

function leakSummary(leaks: readonly (TopicLeak | SurfaceLeak)[], unmeasured: string | null): string {
  if (unmeasured !== null) return `not measured: ${unmeasured}`;
  const percent = (share: number) => (100 * share).toFixed(1);
  return leaks
    .map(
      (l) =>
        `${l.target} named in ${percent(l.accuracy)}% [${percent(l.low)}, ${percent(l.high)}], chance ${percent(l.chance)}%`,
    )
    .join('; ');
}

function profileFacts(examples: readonly Example[]): NewsCheckReport['profiles'] {
  return [...new Set(examples.map((example) => example.labelValue))].sort().map((profile) => {
    const texts = examples.filter((example) => example.labelValue === profile).map((example) => example.completion);
    const words = texts.reduce((sum, text) => sum + text.trim().split(/\s+/).length, 0);
    const quoted = texts.filter((text) => /["“”]/.test(text)).length;
    return { profile, texts: texts.length, meanWords: words / texts.length, quotedShare: quoted / texts.length };
  });
}

function repeated(items: readonly NamedText[]): { a: string; b: string }[] {
  const seen = new Map<string, string>();
  const pairs: { a: string; b: string }[] = [];
  for (const { id, text } of items) {
    const key = plainWords(text).join(' ');
    const first = seen.get(key);
    if (first === undefined) seen.set(key, id);
    else pairs.push({ a: id, b: first });
  }
  return pairs;
}

function minimum(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function maximum(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}
