import { ConfigError, contentHash, type LongCall, RandomStream } from '../../core';
import type { CallEstimate } from '../../judge';
import { NEWS_SPLITS, type NewsSplit, type Topic } from '../../tasks';
import { checkTopic, TakenItems } from './item-rules';
import { fillTemplate, type NewsDomain, readTopicsPrompt, type TopicsPrompt } from './prompt-file';
import { ReplyLog } from './reply-log';
import { askRound, countReasons, type RejectedItem } from './rounds';
import { type MadeSet, type MakingFacts, missingBy, type Provenance, provenanceOf, writeSet } from './set-files';
import type { WriteRequest, Writer } from './writer';

export interface TopicsOptions {
  readonly domains: readonly NewsDomain[];
  /** Topics of the whole set by split; they are spread over the domains evenly. */
  readonly counts: Readonly<Partial<Record<NewsSplit, number>>>;
  /** Topics asked for at once, at most what the writer can; default that. */
  readonly topicsPerRequest?: number;
  readonly writer: Writer;
  readonly seed: number;
  /** Folder of the set. */
  readonly dir: string;
  /** Topics of another set that none may resemble. */
  readonly apartFrom?: readonly Topic[];
  /** Rounds of asking before it ends incomplete; default 10. */
  readonly maxRounds?: number;
  /** Prompt file; default `news-topics`. */
  readonly prompt?: string;
}

/** A place for a topic: its id and split are drawn before anything is written. */
interface Slot {
  readonly id: string;
  readonly domain: string;
  readonly split: NewsSplit;
}

interface Making {
  readonly options: TopicsOptions;
  readonly prompt: TopicsPrompt;
  readonly random: RandomStream;
  readonly slots: ReadonlyMap<string, readonly Slot[]>;
  readonly accepted: Map<string, Topic[]>;
  readonly asked: Map<string, number>;
}

/**
 * Writes topics for a news set: asks for batches of different events in each domain, takes what passes every rule, and tops up until
 * the counts are met, or ends after `maxRounds` with what is missing. Splits are drawn by seed before the first request. A call that was
 * stopped or killed goes on from its folder. Throws ConfigError for settings that cannot hold, AbortedError on request.
 */
export async function makeTopics(options: TopicsOptions, call: LongCall = {}): Promise<MadeSet> {
  const making = begin(options);
  const { writer, dir, seed, maxRounds = 10 } = options;
  const { log, release } = ReplyLog.open(dir, 'topics', writer.id, planOf(making));
  try {
    const wanted = [...making.slots.values()].reduce((sum, slots) => sum + slots.length, 0);
    const taken = new TakenItems();
    for (const topic of options.apartFrom ?? [])
      taken.add(`${topic.id} of the other set`, 'another set', textOf(topic), topic.headline);
    const rejected: RejectedItem[] = [];
    const provenance: Provenance[] = [];
    const facts = (): MakingFacts => ({
      writer: writer.id,
      promptId: making.prompt.id,
      promptHash: making.prompt.hash,
      seed,
      lastReplyAt: log.lastReplyAt,
    });
    const finish = (rounds: number, stopped: string | null): MadeSet => {
      const topics = options.domains.flatMap(({ name }) => making.accepted.get(name)!);
      const open = [...making.slots].flatMap(([domain, slots]) => slots.slice(making.accepted.get(domain)!.length));
      return writeSet(
        {
          kind: 'topics',
          dir,
          complete: open.length === 0,
          wanted,
          made: topics.length,
          missing: missingBy(open.map(({ domain, split }) => `${domain} ${split}`)),
          rounds,
          replies: log.count,
          costUsd: log.costUsd,
          stopped: open.length === 0 ? null : stopped,
        },
        { 'topics.jsonl': topics },
        provenance,
        rejected,
        countReasons(rejected),
        facts(),
      );
    };
    for (let round = 0; round < maxRounds; round++) {
      const requests = topicRequests(making);
      if (requests.length === 0) return finish(round, null);
      const { answers, stopped } = await askRound(log, writer, round, requests, call);
      for (const request of requests) {
        const written = answers.get(request.id);
        if (!written) continue;
        const reject = (place: number, reason: RejectedItem['reason'], detail: string, text: string | null) =>
          rejected.push({ request: request.id, place, sample: request.sample, round, reason, detail, text });
        if (written.unusable !== null) reject(0, written.unusable, 'the whole reply', written.said);
        const domain = domainOf(request);
        const mine = making.accepted.get(domain)!;
        for (const [place, candidate] of written.candidates.entries()) {
          const slot = making.slots.get(domain)![mine.length];
          const text = JSON.stringify(candidate);
          if (slot === undefined || place >= request.items) {
            reject(place, 'more than asked', `${request.items} were asked for`, text);
            continue;
          }
          const topic = checkTopic(candidate, slot);
          const fault = 'reason' in topic ? topic : taken.resembles(slot.split, textOf(topic), topic.headline);
          if (fault !== null || 'reason' in topic) {
            reject(place, fault!.reason, fault!.detail, text);
            continue;
          }
          mine.push(topic);
          taken.add(topic.id, topic.split, textOf(topic), topic.headline);
          provenance.push(
            provenanceOf({ file: 'topics.jsonl', id: topic.id, place, round }, request, written, facts()),
          );
        }
      }
      call.onProgress?.({
        what: 'write topics',
        done: provenance.length,
        total: wanted,
        unit: 'topics',
        detail: { round: round + 1, rejected: rejected.length, replies: log.count, usd: log.costUsd ?? 'not known' },
      });
      if (stopped !== null) return finish(round + 1, stopped);
    }
    return finish(maxRounds, `${maxRounds} rounds were allowed; a call with more goes on from here`);
  } finally {
    release();
  }
}

/** The first round of requests, without topping up, and what it would cost (null: no money). Asks nothing. */
export function estimateTopics(options: TopicsOptions): {
  requests: number;
  topics: number;
  cost: CallEstimate | null;
} {
  const requests = topicRequests(begin(options));
  return {
    requests: requests.length,
    topics: requests.reduce((sum, { items }) => sum + items, 0),
    cost: options.writer.estimate(requests),
  };
}

function begin(options: TopicsOptions): Making {
  const { domains, counts, seed } = options;
  const wrong = Object.entries(counts).filter(([, count]) => !Number.isInteger(count) || count < 0);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (domains.length === 0 || wrong.length > 0 || total === 0)
    throw new ConfigError(
      `makeTopics: there must be domains, and counts that are whole numbers from 0 and not all 0, got ${domains.length} domains and ${JSON.stringify(counts)}. Correct them.`,
    );
  const random = new RandomStream(seed).fork('topics');
  return {
    options,
    prompt: readTopicsPrompt(options.prompt),
    random,
    slots: drawSlots(domains, counts, random.fork('splits')),
    accepted: new Map(domains.map(({ name }) => [name, []])),
    asked: new Map(domains.map(({ name }) => [name, 0])),
  };
}

function planOf({ options, prompt }: Making): Record<string, unknown> {
  const { domains, counts, seed, topicsPerRequest = null, apartFrom = [] } = options;
  return { domains, counts, seed, topicsPerRequest, prompt: prompt.hash, apartFrom: contentHash(apartFrom) };
}

/** Which ids of a domain belong to which split: as many of each split a domain as can be, the rest and the order by lot. */
function drawSlots(
  domains: readonly NewsDomain[],
  counts: TopicsOptions['counts'],
  random: RandomStream,
): Map<string, Slot[]> {
  const splits = new Map<string, NewsSplit[]>(domains.map(({ name }) => [name, []]));
  const names = random.fork('order').shuffled(domains.map(({ name }) => name));
  let next = 0;
  // One deal for all splits: the domains' totals differ by at most 1 too.
  for (const split of NEWS_SPLITS)
    for (let i = 0; i < (counts[split] ?? 0); i++) splits.get(names[next++ % names.length])!.push(split);
  return new Map(
    domains.map(({ name }) => [
      name,
      random
        .fork(name)
        .shuffled(splits.get(name)!)
        .map((split, at) => ({ id: `${name}-${String(at + 1).padStart(3, '0')}`, domain: name, split })),
    ]),
  );
}

/** What a round asks: in every domain as many topics as it lacks, in requests that each name other places and kinds of event. */
function topicRequests({ options, prompt, random, slots, accepted, asked }: Making): WriteRequest[] {
  const { domains, writer, topicsPerRequest = writer.limits.topicsPerRequest, apartFrom = [] } = options;
  const most = Math.max(1, Math.min(topicsPerRequest, writer.limits.topicsPerRequest));
  return domains.flatMap(({ name, covers }) => {
    const mine = accepted.get(name)!;
    const headlines = [...apartFrom.filter(({ domain }) => domain === name), ...mine].map(({ headline }) => headline);
    const taken = headlines.slice(-writer.limits.takenShown).map((headline) => `- ${headline}`);
    const requests: WriteRequest[] = [];
    for (let left = slots.get(name)!.length - mine.length; left > 0; left -= most) {
      const items = Math.min(most, left);
      const sample = asked.get(name)!;
      asked.set(name, sample + 1);
      const draws = random.fork(name).fork(sample);
      requests.push({
        id: `${name}#${sample}`,
        kind: 'topics',
        items,
        system: prompt.system,
        user: fillTemplate(prompt.user, {
          domain: name.replaceAll('-', ' '),
          covers,
          count: String(items),
          places: draws
            .fork('places')
            .shuffled(prompt.places)
            .slice(0, items + 2)
            .join(', '),
          events: draws
            .fork('events')
            .shuffled(prompt.events)
            .slice(0, Math.min(items, 5) + 1)
            .join('; '),
          taken: taken.length > 0 ? taken.join('\n') : '- none yet',
        }),
        plainFormat: prompt.plainFormat,
        maxTokens: 100 + items * prompt.maxTokensPerItem,
        promptHash: prompt.hash,
        sample,
      });
    }
    return requests;
  });
}

function domainOf({ id }: WriteRequest): string {
  return id.slice(0, id.lastIndexOf('#'));
}

function textOf({ headline, context }: Topic): string {
  return `${headline}. ${context}`;
}
