import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, contentHash, type LongCall, RandomStream } from '../../core';
import type { CallEstimate } from '../../judge';
import {
  CALIBRATION_FILE,
  CALIBRATION_PROFILES,
  type NewsForm,
  type NewsProfile,
  type Topic,
  TRAINED_PROFILES,
} from '../../tasks';
import { assignProfiles } from './assign-profiles';
import { checkText, TakenItems, type WordBounds } from './item-rules';
import { fillTemplate, readTextsPrompt, type TextsPrompt } from './prompt-file';
import { ReplyLog } from './reply-log';
import { askRound, countReasons, type RejectedItem } from './rounds';
import { type MadeSet, type MakingFacts, missingBy, type Provenance, provenanceOf, writeSet } from './set-files';
import type { WriteRequest, Writer } from './writer';

export interface ArticlesOptions {
  /** Topics of all splits: training topics get one text, calibration topics one of every profile, the others none. */
  readonly topics: readonly Topic[];
  readonly form: NewsForm;
  /** Profiles of training texts; default the four. */
  readonly profiles?: readonly NewsProfile[];
  readonly writer: Writer;
  readonly seed: number;
  /** Folder of the set. */
  readonly dir: string;
  /** Whether calibration texts are made too. */
  readonly calibration: boolean;
  /** Texts of another set that none may resemble. */
  readonly apartFrom?: readonly { readonly id: string; readonly text: string }[];
  /** How often a text that was not taken is asked for again, the first time included; default 6. */
  readonly maxSamples?: number;
  /** Words of a text; default those of the prompt file. */
  readonly words?: WordBounds;
  /** Prompt file; default `news-briefs` or `news-articles`. */
  readonly prompt?: string;
}

/** A text to be written. */
interface Order {
  /** `<topicId>/<profile>`. */
  readonly id: string;
  readonly topic: Topic;
  readonly profile: NewsProfile;
  readonly file: string;
}

/**
 * Writes one text a training topic and, for calibration topics, one in every profile. Which profile a topic gets is drawn by seed, in
 * blocks within domain and split, so that nothing of the topic tells it. A text that breaks a rule is asked for again as another sample, up to
 * `maxSamples`; then it stays out and the result says so. A call that was stopped or killed goes on from its folder.
 * Throws ConfigError for settings that cannot hold or if the folder holds other topics, AbortedError on request.
 */
export async function makeArticles(options: ArticlesOptions, call: LongCall = {}): Promise<MadeSet> {
  const { topics, form, writer, seed, dir, maxSamples = 6 } = options;
  const { orders, prompt } = begin(options);
  const { words = prompt.words } = options;
  refuseOtherTopics(dir, topics);
  const { log, release } = ReplyLog.open(dir, form, writer.id, planOf(options, prompt));
  try {
    const taken = new TakenItems();
    for (const { id, text } of options.apartFrom ?? []) taken.add(`${id} of the other set`, 'another set', text);
    const texts = new Map<string, string>();
    const samples = new Map(orders.map(({ id }) => [id, 0]));
    const rejected: RejectedItem[] = [];
    const provenance = new Map<string, Provenance>();
    const facts = (): MakingFacts => ({
      writer: writer.id,
      promptId: prompt.id,
      promptHash: prompt.hash,
      seed,
      lastReplyAt: log.lastReplyAt,
    });
    const finish = (rounds: number, stopped: string | null): MadeSet => {
      const open = orders.filter(({ id }) => !texts.has(id));
      const made = orders.filter(({ id }) => texts.has(id));
      const rowsOf = (file: string) =>
        made
          .filter((order) => order.file === file)
          .map(({ id, topic, profile }) => ({ topicId: topic.id, profile, article: texts.get(id)! }));
      const calibration = CALIBRATION_FILE[form];
      return writeSet(
        {
          kind: form,
          dir,
          complete: open.length === 0,
          wanted: orders.length,
          made: made.length,
          missing: missingBy(open.map(({ topic, profile }) => `${profile} ${topic.split}`)),
          rounds,
          replies: log.count,
          costUsd: log.costUsd,
          stopped: open.length === 0 ? null : stopped,
        },
        {
          'topics.jsonl': topics,
          [`${form}.jsonl`]: rowsOf(`${form}.jsonl`),
          ...(options.calibration ? { [calibration]: rowsOf(calibration) } : {}),
        },
        made.map(({ id }) => provenance.get(id)!),
        rejected,
        countReasons(rejected),
        facts(),
      );
    };
    // A request that got no reply keeps its sample, so rounds are bounded apart.
    for (let round = 0; round < 2 * maxSamples; round++) {
      const left = orders.filter(({ id }) => !texts.has(id) && samples.get(id)! < maxSamples);
      if (left.length === 0)
        return finish(round, `each missing text was asked for ${maxSamples} times; a call with more goes on from here`);
      const requests = left.map((order) => requestOf(order, samples.get(order.id)!, prompt));
      const { answers, stopped } = await askRound(log, writer, round, requests, call);
      for (const [i, order] of left.entries()) {
        const request = requests[i];
        const written = answers.get(request.id);
        if (!written) continue;
        samples.set(order.id, request.sample + 1);
        const candidate = written.candidates[0];
        const reject = ({ reason, detail }: Pick<RejectedItem, 'reason' | 'detail'>) =>
          rejected.push({
            request: request.id,
            place: 0,
            sample: request.sample,
            round,
            reason,
            detail,
            text: candidate === undefined ? written.said : JSON.stringify(candidate),
          });
        if (candidate === undefined) {
          reject({ reason: written.unusable ?? 'not as asked', detail: 'the whole reply' });
          continue;
        }
        const text = checkText(candidate, {
          topic: order.topic,
          form,
          instructions: instructionsOf(prompt, order.profile),
          words,
        });
        const fault = typeof text === 'string' ? taken.resembles(order.topic.split, text) : text;
        if (fault !== null || typeof text !== 'string') {
          reject(fault!);
          continue;
        }
        texts.set(order.id, text);
        taken.add(order.id, order.topic.split, text);
        provenance.set(
          order.id,
          provenanceOf({ file: order.file, id: order.id, place: 0, round }, request, written, facts()),
        );
      }
      call.onProgress?.({
        what: `write ${form}`,
        done: texts.size,
        total: orders.length,
        unit: 'texts',
        detail: { round: round + 1, rejected: rejected.length, replies: log.count, usd: log.costUsd ?? 'not known' },
      });
      if (stopped !== null) return finish(round + 1, stopped);
    }
    return finish(
      2 * maxSamples,
      `requests stayed without a reply in ${2 * maxSamples} rounds; a call with more samples goes on from here`,
    );
  } finally {
    release();
  }
}

/** The first round of requests, without topping up, and what it would cost (null: no money). Asks nothing. */
export function estimateArticles(options: ArticlesOptions): { requests: number; cost: CallEstimate | null } {
  const { orders, prompt } = begin(options);
  const requests = orders.map((order) => requestOf(order, 0, prompt));
  return { requests: requests.length, cost: options.writer.estimate(requests) };
}

function begin(options: ArticlesOptions): { orders: readonly Order[]; prompt: TextsPrompt } {
  const { topics, form, profiles = TRAINED_PROFILES, seed, calibration, maxSamples = 6 } = options;
  const prompt = readTextsPrompt(options.prompt ?? `news-${form}`);
  const train = topics.filter(({ split }) => split === 'train');
  const held = calibration ? topics.filter(({ split }) => split === 'calibration') : [];
  const problems = [
    ...(train.length + held.length === 0 ? ['no topic of a split that gets texts'] : []),
    ...(new Set(topics.map(({ id }) => id)).size < topics.length ? ['a topic id that stands twice'] : []),
    ...(prompt.form === form ? [] : [`a prompt for ${prompt.form} and the form ${form}`]),
    ...(Number.isInteger(maxSamples) && maxSamples >= 1 ? [] : [`maxSamples ${maxSamples}`]),
  ];
  if (problems.length > 0)
    throw new ConfigError(
      `makeArticles: topics must be unique and of a split that gets texts, the prompt one for the form, maxSamples from 1, got ${problems.join('; ')}. Correct it.`,
    );
  const assigned = assignProfiles(train, profiles, new RandomStream(seed).fork('profiles'));
  const order = (topic: Topic, profile: NewsProfile, file: string): Order => ({
    id: `${topic.id}/${profile}`,
    topic,
    profile,
    file,
  });
  return {
    prompt,
    orders: [
      ...train.map((topic) => order(topic, assigned.get(topic.id)!, `${form}.jsonl`)),
      ...held.flatMap((topic) => CALIBRATION_PROFILES.map((profile) => order(topic, profile, CALIBRATION_FILE[form]))),
    ],
  };
}

function planOf(options: ArticlesOptions, prompt: TextsPrompt): Record<string, unknown> {
  const { topics, form, profiles = TRAINED_PROFILES, seed, calibration, apartFrom = [], words = null } = options;
  const hashes = { topics: contentHash(topics), prompt: prompt.hash, apartFrom: contentHash(apartFrom) };
  return { form, profiles, seed, calibration, words, ...hashes };
}

function requestOf({ id, topic, profile }: Order, sample: number, prompt: TextsPrompt): WriteRequest {
  return {
    id: `${id}#${sample}`,
    kind: 'texts',
    items: 1,
    system: prompt.system,
    user: fillTemplate(prompt.user, {
      headline: topic.headline,
      context: topic.context,
      profile: prompt.profiles[profile],
    }),
    plainFormat: prompt.plainFormat,
    maxTokens: prompt.maxTokensPerItem,
    promptHash: prompt.hash,
    sample,
  };
}

/** What the prompt says beside the topic. */
function instructionsOf(prompt: TextsPrompt, profile: NewsProfile): string {
  return [prompt.system, prompt.user.replace(/\{\w+\}/g, ' . '), prompt.profiles[profile], prompt.plainFormat].join(
    '\n',
  );
}

/** A folder's texts belong to its topics: other topics under them would be another set. */
function refuseOtherTopics(dir: string, topics: readonly Topic[]): void {
  const path = join(dir, 'topics.jsonl');
  if (!existsSync(path)) return;
  const wanted = topics.map((topic) => JSON.stringify(topic));
  const known = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const same =
    known.length === wanted.length && known.every((line, at) => JSON.stringify(JSON.parse(line)) === wanted[at]);
  if (!same)
    throw new ConfigError(
      `makeArticles: a folder that holds topics must hold those that are asked for, got ${known.length} topics there and ${wanted.length} here (${path}). Read the topics from that folder, or take another one.`,
    );
}
