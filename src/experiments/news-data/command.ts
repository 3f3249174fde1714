import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, type LongCall, type Progress } from '../../core';
import { estimateText, openClaudeCalls, usdText } from '../../judge';
import { readJsonl, runsRoot } from '../../runs';
import {
  checkNews,
  embeddedNewsDir,
  loadNews,
  NEWS_FORMS,
  NEWS_SPLITS,
  type NewsForm,
  newsCheckText,
  type Topic,
} from '../../tasks';
import { ModelHost } from '../model-host';
import { claudeWriter } from './claude-writer';
import { localWriter } from './local-writer';
import { type ArticlesOptions, estimateArticles, makeArticles } from './make-articles';
import { estimateTopics, makeTopics, type TopicsOptions } from './make-topics';
import { readDomains } from './prompt-file';
import { madeText } from './set-files';
import type { Writer } from './writer';

const OPTIONS = {
  topics: { type: 'string' },
  validation: { type: 'string' },
  test: { type: 'string' },
  calibration: { type: 'string' },
  domains: { type: 'string' },
  form: { type: 'string' },
  writer: { type: 'string' },
  model: { type: 'string' },
  dir: { type: 'string' },
  seed: { type: 'string' },
  rounds: { type: 'string' },
  budget: { type: 'string' },
  batch: { type: 'boolean' },
  estimate: { type: 'boolean' },
  temperature: { type: 'string' },
} as const;

interface Plan {
  readonly topics: TopicsOptions;
  readonly articles: Omit<ArticlesOptions, 'topics'>;
  readonly form: NewsForm;
  /** Whether the writer is paid. */
  readonly paid: boolean;
  readonly budgetUsd: number | null;
  readonly batch: boolean;
  readonly onlyEstimate: boolean;
}

/**
 * Makes a news set in a terminal: estimate, topics, texts, and the check of what was made. Apart from the embedded set in everything it
 * writes. Ctrl-C stops in order; the same command goes on from there. Resolves to 0 for a set that is complete and passes its check, else
 * to 1. Throws ConfigError for options that cannot hold.
 */
export async function newsDataCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  const values = optionsOf(args);
  const { dir } = values;
  if (dir === undefined || values.topics === undefined)
    throw new ConfigError(
      'news-data: --topics N (training topics) and --dir FOLDER must be given, got none. Add them.',
    );
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  const call: LongCall = { signal: stop.signal, onProgress: progressLines(print) };
  const opened = await openWriter(values, call);
  try {
    const plan = planOf(values, dir, opened.writer);
    printEstimate(plan, print);
    if (plan.onlyEstimate) return 0;
    const topics = await makeTopics(plan.topics, call);
    print(madeText(topics));
    if (topics.made === 0) return 1;
    const made = readJsonl<Topic>(join(plan.topics.dir, 'topics.jsonl'));
    if (!topics.complete) {
      print('The texts wait until the topics are complete: a set that is begun with fewer keeps them.');
      return 1;
    }
    const texts = await makeArticles({ ...plan.articles, topics: made }, call);
    print(madeText(texts));
    if (texts.made === 0) return 1;
    const check = checkNews({ form: plan.form, dir: plan.topics.dir });
    print(newsCheckText(check));
    return texts.complete && check.ok ? 0 : 1;
  } finally {
    process.off('SIGINT', interrupt);
    await opened.close();
  }
}

type Values = ReturnType<typeof optionsOf>;

function optionsOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (cause) {
    throw new ConfigError(
      `news-data: options must be ${Object.keys(OPTIONS)
        .map((name) => `--${name}`)
        .join(', ')}, got "${args.join(' ')}" (${(cause as Error).message}). Correct it.`,
      { cause },
    );
  }
}

async function openWriter(values: Values, call: LongCall): Promise<{ writer: Writer; close: () => Promise<void> }> {
  const { writer = 'claude', model, batch = false } = values;
  if (writer === 'claude') {
    const usd = values.budget === undefined ? null : Number(values.budget);
    if (!values.estimate && (usd === null || !(usd > 0)))
      throw new ConfigError(
        `news-data: a paid writer needs a budget in US dollars above 0, got ${values.budget ?? 'none'}. Add --budget 2, or --estimate to see the cost first.`,
      );
    const calls = openClaudeCalls({ store: join(runsRoot(), 'claude-calls.sqlite') });
    const mode = batch ? 'batch' : 'messages';
    return {
      writer: claudeWriter({ calls, mode, budget: { usd }, ...(model === undefined ? {} : { model }) }),
      close: async () => calls.close(),
    };
  }
  if (writer !== 'local')
    throw new ConfigError(`news-data: --writer must be claude or local, got "${writer}". Choose one.`);
  const temperature = values.temperature === undefined ? 0.8 : Number(values.temperature);
  if (!(temperature > 0))
    throw new ConfigError(
      `news-data: --temperature must be above 0, got "${values.temperature}": without chance, a text that failed would be written again.`,
    );
  const host = await ModelHost.open({ model: model ?? 'smollm2-135m', device: 'auto', computeDtype: 'auto' }, call);
  return {
    writer: localWriter(host, { temperature, topP: 0.95, seed: wholeNumber(values, 'seed', 0) }),
    close: () => host.dispose(),
  };
}

function planOf(values: Values, dir: string, writer: Writer): Plan {
  const form = NEWS_FORMS.find((known) => known === (values.form ?? 'briefs'));
  if (form === undefined)
    throw new ConfigError(`news-data: --form must be ${NEWS_FORMS.join(' or ')}, got "${values.form}". Choose one.`);
  const train = wholeNumber(values, 'topics', 0);
  // The embedded set's shares: a tenth to validate and to test on, one topic in 26 to calibrate judges.
  const tenth = Math.max(1, Math.round(train / 10));
  const counts = {
    train,
    validation: wholeNumber(values, 'validation', tenth),
    test: wholeNumber(values, 'test', tenth),
    calibration: wholeNumber(values, 'calibration', Math.max(1, Math.round(train / 26))),
  };
  const seed = wholeNumber(values, 'seed', 0);
  const news = loadNews({ form, dir: embeddedNewsDir() });
  const texts = [
    ...news.examples.map(({ topicId, completion }) => ({ id: topicId, text: completion })),
    ...news.contrastSets.flatMap(({ topicId, texts: of }) =>
      of.map(({ value, text }) => ({ id: `${topicId}/${value}`, text })),
    ),
  ];
  const rounds = values.rounds === undefined ? null : wholeNumber(values, 'rounds', 1);
  return {
    topics: {
      domains: domainsOf(values.domains),
      counts,
      writer,
      seed,
      dir,
      apartFrom: news.topics,
      ...(rounds === null ? {} : { maxRounds: rounds }),
    },
    articles: {
      form,
      writer,
      seed,
      dir,
      calibration: counts.calibration > 0,
      apartFrom: texts,
      ...(rounds === null ? {} : { maxSamples: rounds }),
    },
    form,
    paid: (values.writer ?? 'claude') === 'claude',
    budgetUsd: values.budget === undefined ? null : Number(values.budget),
    batch: values.batch ?? false,
    onlyEstimate: values.estimate ?? false,
  };
}

/** All domains, as many of them as a number says, or those named. */
function domainsOf(named: string | undefined): TopicsOptions['domains'] {
  const all = readDomains();
  if (named === undefined) return all;
  if (/^\d+$/.test(named)) return all.slice(0, Number(named));
  const names = named.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !all.some((domain) => domain.name === name));
  if (unknown.length > 0)
    throw new ConfigError(
      `news-data: --domains must be a number or names of data/writers/news-domains.json, got ${unknown.join(', ')}. There are ${all.map(({ name }) => name).join(', ')}.`,
    );
  return all.filter(({ name }) => names.includes(name));
}

function wholeNumber(
  values: Values,
  name: 'topics' | 'validation' | 'test' | 'calibration' | 'seed' | 'rounds',
  other: number,
): number {
  const given = values[name];
  if (given === undefined) return other;
  if (!/^\d+$/.test(given) || (name === 'topics' && Number(given) === 0))
    throw new ConfigError(`news-data: --${name} must be a whole number, got "${given}". Correct it.`);
  return Number(given);
}

/** Requests and cost of both parts. Topics that do not exist yet are taken to be as long as the embedded ones. */
function printEstimate(plan: Plan, print: (line: string) => void): void {
  const topics = estimateTopics(plan.topics);
  const known = plan.topics.apartFrom ?? [];
  const standIns = NEWS_SPLITS.flatMap((split) =>
    Array.from({ length: plan.topics.counts[split] ?? 0 }, (_, i) => ({
      ...known[i % known.length],
      id: `${split}-${i}`,
      split,
    })),
  );
  const texts = estimateArticles({ ...plan.articles, topics: standIns });
  print(`topics: ${topics.topics} in ${topics.requests} requests, without topping up`);
  if (topics.cost) print(`  ${estimateText(topics.cost)}`);
  print(`${plan.form}: ${texts.requests} requests, without those asked again`);
  if (texts.cost) print(`  ${estimateText(texts.cost)}`);
  if (!plan.paid) {
    print('The writer runs on this machine and costs no money.');
    return;
  }
  const mode = plan.batch ? 'batch' : 'messages';
  const parts = [topics.cost, texts.cost].map(
    (cost) => cost?.modes.find((each) => each.mode === mode)?.expectedUsd ?? 0,
  );
  const sum = parts[0] + parts[1];
  if (plan.budgetUsd !== null)
    print(
      `Budget of this call: ${usdText(plan.budgetUsd)}${sum > plan.budgetUsd ? `, less than the ${usdText(sum)} expected: it will stop at the limit and keep what it has` : ''}.`,
    );
}

/** A line at the end of each round, and one at each tenth of what a writer does within it. */
function progressLines(print: (line: string) => void): (progress: Progress) => void {
  let what = '';
  let tenth = -1;
  return ({ what: now, done, total, unit, detail }) => {
    const reached = total === 0 ? 10 : Math.floor((10 * done) / total);
    const isRound = detail !== undefined && 'round' in detail;
    if (!isRound && now === what && reached <= tenth) return;
    what = now;
    tenth = reached;
    const figures = isRound
      ? ` (${Object.entries(detail)
          .map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`)
          .join(', ')})`
      : '';
    print(`${now}: ${done} of ${total} ${unit}${figures}`);
  };
}
