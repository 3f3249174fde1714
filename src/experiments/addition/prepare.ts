import {
  type ArmEpisode,
  type ArmName,
  type EpisodeProof,
  type EpisodeStream,
  episodeStream,
  promptMessages,
  proveEpisodes,
} from '../../arms';
import { contentHash, RandomStream, sha256 } from '../../core';
import { type Label, type LabelScale, suggestibilityScale } from '../../labels';
import { type AnswerTokens, answerTokens } from '../../model/generate';
import { encodePrompt, type Tokenizer } from '../../model/tokens';
import {
  type AdditionData,
  type AdditionProblem,
  additionProblems,
  auditReward,
  episodeRewards,
  REWARD_SCHEMES,
  type RewardAudit,
  type RewardScheme,
} from '../../tasks';
import type { Episode, EpisodeSource, ProbePrompt, SftExample } from '../../train';
import type { ResolvedAdditionConfig } from './config';

/** Problems, labels, rewards and prompts of an experiment, before any model is loaded. */
export interface PreparedAddition {
  readonly data: AdditionData;
  readonly scale: LabelScale;
  readonly scheme: RewardScheme;
  /** What the rewards ask for, computed before anything is trained. */
  readonly audit: RewardAudit;
  readonly answers: AnswerTokens;
  /** That the arms of a seed differ in their labels alone. */
  readonly proof: EpisodeProof;
  /** Held-out problems that are asked after training: each pair right once, and some wrong claims. */
  readonly asked: readonly AdditionProblem[];
  /** A prompt's ids, by the same renderer in training, probe and evaluation. */
  readonly promptIds: (problem: Pick<AdditionProblem, 'instruction'>, label: Label | null) => Int32Array;
  stream(arm: ArmName, seed: number): EpisodeStream;
  /** What an arm learns from at each step, and its content address. */
  source(arm: ArmName, seed: number): { readonly episodes: EpisodeSource; readonly hash: string };
  /** Prompts that show the common beginning and the greatest length of an arm's prompts. */
  shape(arm: ArmName): readonly Int32Array[];
  /** Training problems asked under five trained labels while an arm trains; held-out ones are never looked at. */
  probe(arm: ArmName): readonly ProbePrompt[];
  /** Supervised rows of the warm start: problems of the training split without any label. */
  warmRows(): readonly SftExample[];
}

/** Training pairs of the probe: with a right and a wrong claim under five labels each, 40 prompts, 4% of a step's time each. */
const PROBE_PAIRS = 4;
/** Steps that the proof of the arms looks at. */
const PROVED_STEPS = 20;

/**
 * Draws problems, builds labels, rewards and prompts. Throws what these throw: ConfigError for an answer that is not one token, a
 * label outside its scale; DataError for a reward function that fails.
 */
export function prepareAddition(
  { config, rl, warmStart }: ResolvedAdditionConfig,
  tokenizer: Tokenizer,
  scheme: RewardScheme = REWARD_SCHEMES[config.scheme as keyof typeof REWARD_SCHEMES],
): PreparedAddition {
  const { problems: count, heldOutShare, splitBy, dataSeed, trainRange, encoding, emphasis } = config;
  const data = additionProblems({ seed: dataSeed, count, heldOutShare, splitBy });
  const scale = suggestibilityScale({ encoding, emphasis });
  const answers = answerTokens(tokenizer, config.answers);
  const known = new Map<string, Int32Array>();
  const promptIds: PreparedAddition['promptIds'] = ({ instruction }, label) => {
    const key = `${label?.id ?? ''}\n${label?.text ?? ''}\n${instruction}`;
    const ids = known.get(key) ?? encodePrompt(tokenizer, promptMessages(instruction, label, scale));
    known.set(key, ids);
    return ids;
  };
  const stream = (arm: ArmName, seed: number): EpisodeStream =>
    episodeStream({
      arm,
      problems: data.train,
      scale,
      trainRange,
      batch: rl.config.promptsPerStep,
      seed,
      ...(config.density === 'edge' ? { density: edgeDensity(trainRange) } : {}),
    });
  const asEpisode = ({ id, problem, suggestibility, label }: ArmEpisode): Episode => ({
    id,
    ids: promptIds(problem, label),
    rewards: episodeRewards(scheme, problem, suggestibility),
    bin: label === null ? 'no label' : binOf(scale, label),
  });
  const ends = [trainRange[0], (trainRange[0] + trainRange[1]) / 2, trainRange[1]].map((s) => scale.label(s));
  const asked = data.probe('held-out', { wrongPerPair: config.wrongPerPair });
  return {
    data,
    scale,
    scheme,
    audit: auditReward(scheme, { trainRange }),
    answers,
    proof: proveEpisodes(
      config.arms.map((arm) => stream(arm, config.seeds[0])),
      Math.min(PROVED_STEPS, rl.config.steps),
      scale,
    ),
    asked,
    promptIds,
    stream,
    source(arm, seed) {
      const own = stream(arm, seed);
      const first = own.episodes(0).map(asEpisode);
      return {
        episodes: (step) => own.episodes(step).map(asEpisode),
        // The first step's prompts and rewards stand for the rest, which is a function of the same settings; encodings that agree in
        // a first step need not in a later one.
        hash: contentHash({
          arm,
          seed,
          ...(arm === 'baseline' ? {} : { scale: { id: scale.id, ...scale.format } }),
          data: data.hash,
          trainRange,
          density: config.density,
          scheme: scheme.id,
          batch: rl.config.promptsPerStep,
          first: first.map(({ ids, rewards }) => [bytesHash(ids), rewards]),
        }),
      };
    },
    shape(arm) {
      const labels = arm === 'baseline' ? [null] : [...scale.sweep(), ...ends];
      const extremes = [longest(data.train), shortest(data.train)];
      return labels.flatMap((label) => extremes.map((problem) => promptIds(problem, label)));
    },
    probe(arm) {
      const labels = arm === 'baseline' ? [null] : probeLabels(scale, trainRange);
      const pairs = new Set([...new Set(data.train.map(({ topicId }) => topicId))].slice(0, PROBE_PAIRS));
      return data
        .probe('train', { wrongPerPair: 1 })
        .filter(({ topicId }) => pairs.has(topicId))
        .flatMap((problem) =>
          labels.map((label) => ({
            ids: promptIds(problem, label),
            item: problem.id,
            label: label?.text ?? null,
            facet: problem.userIsRight ? 'right' : 'wrong',
          })),
        );
    },
    warmRows() {
      const rows = config.warmSteps * warmStart.config.batchSize * warmStart.config.accumulation;
      const random = new RandomStream(dataSeed).fork('warm start');
      const order: AdditionProblem[] = [];
      for (let epoch = 0; order.length < rows; epoch++) order.push(...random.fork(epoch).shuffled(data.train));
      return order.slice(0, rows).map((problem, row) => {
        const prompt = promptIds(problem, null);
        const ids = new Int32Array(prompt.length + 1);
        ids.set(prompt);
        ids[prompt.length] = answers.ids[problem.userIsRight ? 0 : 1];
        return { id: `${row}: ${problem.id}`, ids, promptLength: prompt.length };
      });
    },
  };
}

/** Half of the draws uniform over the range, half over its strictest quarter. */
function edgeDensity([low, high]: readonly [number, number]): (u: number) => number {
  const quarter = (high - low) / 4;
  return (u) => (u < 0.5 ? low + 2 * u * quarter : low + (2 * u - 1) * (high - low));
}

/** The distinct labels of five places of the training range, low to high. */
function probeLabels(scale: LabelScale, [low, high]: readonly [number, number]): Label[] {
  const places = [0, 0.25, 0.5, 0.65, 1].map((share) => scale.label(low + share * (high - low)));
  return places.filter((label, at) => places.findIndex(({ text }) => text === label.text) === at);
}

/** Decile of what the label announces, or its word. */
function binOf(scale: LabelScale, label: Label): string {
  const percent = scale.encoding === 'words' ? null : scale.percentOf(label);
  if (percent === null) return label.text;
  const from = Math.min(90, Math.floor(percent / 10) * 10);
  return `${from} to ${from + 10}%`;
}

function longest(problems: readonly AdditionProblem[]): AdditionProblem {
  return problems.reduce((most, problem) => (problem.instruction.length > most.instruction.length ? problem : most));
}

function shortest(problems: readonly AdditionProblem[]): AdditionProblem {
  return problems.reduce((least, problem) => (problem.instruction.length < least.instruction.length ? problem : least));
}

function bytesHash(ids: Int32Array): string {
  return sha256(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
}
