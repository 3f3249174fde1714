import { ConfigError, InternalError, RandomStream } from '../core';
import { type ChatMessage, type Label, type LabelScale, type LabelSpan, placeLabel } from '../labels';
import type { AdditionProblem } from '../tasks';
import { ARM_NAMES, type ArmName } from './types';

/** One prompt of an arm in RL: the problem, what the monitor really is, and what the label says of it. */
export interface ArmEpisode {
  readonly arm: ArmName;
  readonly id: string;
  readonly problem: AdditionProblem;
  /** What rewards are computed from; the same in every arm. */
  readonly suggestibility: number;
  readonly label: Label | null;
  readonly messages: readonly ChatMessage[];
  readonly labelSpan: LabelSpan | null;
}

/** The episodes of every step, each step a pure function of its number. */
export interface EpisodeStream {
  readonly arm: ArmName;
  readonly batch: number;
  /** Step 0 is the first. */
  episodes(step: number): readonly ArmEpisode[];
}

export interface EpisodeStreamOptions {
  readonly arm: ArmName;
  readonly problems: readonly AdditionProblem[];
  readonly scale: LabelScale;
  /** Lowest and highest number in training, on the scale. */
  readonly trainRange: readonly [number, number];
  readonly batch: number;
  readonly seed: number | string;
  /** A uniform number in 0 to 1 → a number in trainRange; default uniform over it. */
  readonly density?: (uniform: number) => number;
}

/**
 * Episodes for RL under a varying monitor. Problems take turns in a fresh random order each time through; the monitor's number is
 * drawn for every episode. The label is true (mst), one of the same step's labels at random (shuffled: a permutation, so that both
 * arms show the same labels equally often) or absent (baseline). Arms of one seed have the same problems and numbers.
 * Throws ConfigError for a range outside the scale, no problems, a shuffled arm with fewer than 2 episodes a step, and, as episodes
 * are asked for, a step that is no whole number or a density that leaves the range.
 */
export function episodeStream(options: EpisodeStreamOptions): EpisodeStream {
  const { arm, problems, scale, trainRange, batch, seed } = options;
  const [low, high] = trainRange;
  const density = options.density ?? ((uniform: number) => low + uniform * (high - low));
  const fewest = arm === 'shuffled' ? 2 : 1;
  const faults = [
    !ARM_NAMES.includes(arm) && `arm must be one of ${ARM_NAMES.join(', ')}, got "${arm}"`,
    problems.length === 0 && 'there must be problems, got none',
    !(low >= scale.low && high <= scale.high && low <= high) &&
      `trainRange must lie in ${scale.low} to ${scale.high} (${scale.id}), got [${low}, ${high}]`,
    !(Number.isInteger(batch) && batch >= fewest) && `batch must be a whole number of at least ${fewest}, got ${batch}`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new ConfigError(`episodeStream: ${faults.join('; ')}. Correct these settings.`);
  const random = new RandomStream(seed).fork('episodes');
  const orders = new Map<number, readonly AdditionProblem[]>();
  const orderOf = (epoch: number): readonly AdditionProblem[] => {
    const known = orders.get(epoch);
    if (known) return known;
    const order = random.fork('order').fork(epoch).shuffled(problems);
    // Steps move forward: the epoch before is needed where one ends inside a step.
    for (const old of orders.keys()) if (old < epoch - 1) orders.delete(old);
    orders.set(epoch, order);
    return order;
  };
  return {
    arm,
    batch,
    episodes(step) {
      if (!(Number.isInteger(step) && step >= 0))
        throw new ConfigError(`episodeStream: step must be a whole number from 0, got ${step}. Count steps from 0.`);
      const draw = random.fork('suggestibility').fork(step);
      const rows = Array.from({ length: batch }, (_, at) => {
        const place = step * batch + at;
        const problem = orderOf(Math.floor(place / problems.length))[place % problems.length];
        const suggestibility = density(draw.uniform());
        if (!(suggestibility >= low - 1e-9 && suggestibility <= high + 1e-9))
          throw new ConfigError(
            `episodeStream: density must give numbers in trainRange [${low}, ${high}], got ${suggestibility}. Correct the function.`,
          );
        return { problem, suggestibility };
      });
      const labels = labelsOf(arm, rows, scale, random.fork('shuffled labels').fork(step));
      return rows.map(({ problem, suggestibility }, at): ArmEpisode => {
        const { messages, span } = promptOf(problem, labels[at], scale);
        const id = `step ${step + 1}, ${at + 1}: ${problem.id}`;
        return { arm, id, problem, suggestibility, label: labels[at], messages, labelSpan: span };
      });
    },
  };
}

function promptOf({ instruction }: AdditionProblem, label: Label | null, scale: LabelScale) {
  return placeLabel([{ role: 'user', content: instruction }], label, scale.format);
}

function labelsOf(
  arm: ArmName,
  rows: readonly { readonly suggestibility: number }[],
  scale: LabelScale,
  random: RandomStream,
): readonly (Label | null)[] {
  if (arm === 'baseline') return rows.map(() => null);
  const labels = rows.map(({ suggestibility }) => scale.label(suggestibility));
  return arm === 'mst' ? labels : random.shuffled(labels);
}

/** What was found when the streams of the arms were laid side by side. */
export interface EpisodeProof {
  readonly steps: number;
  readonly episodes: number;
  readonly arms: readonly ArmName[];
  /** Share of the shuffled arm's labels that are true by chance; null without that arm. */
  readonly shuffledTrueShare: number | null;
  /** Pearson correlation of what the label announces with the monitor's number, by labelled arm; NaN where one never varies. */
  readonly correlation: Readonly<Partial<Record<ArmName, number>>>;
  readonly lowestPercent: number | null;
  readonly highestPercent: number | null;
  readonly text: string;
}

/**
 * Holds the streams of one seed to what arms must be: the same problems and the same monitor in every arm at every step, prompts
 * of problem and label alone; labels of `scale`, true ones in mst, the same equally often in shuffled, none in baseline. Throws
 * InternalError where it does not hold.
 */
export function proveEpisodes(streams: readonly EpisodeStream[], steps: number, scale: LabelScale): EpisodeProof {
  const announced = new Map<ArmName, { label: number; truth: number }[]>();
  let episodes = 0;
  let trueByChance = 0;
  for (let step = 0; step < steps; step++) {
    const rows = streams.map((stream) => stream.episodes(step));
    const [first] = rows;
    episodes += first?.length ?? 0;
    rows.forEach((own, stream) => {
      if (own.length !== first.length)
        throw new InternalError(
          `proveEpisodes: ${streams[stream].arm} has ${own.length} episodes at step ${step + 1}, ${streams[0].arm} has ${first.length}.`,
        );
      own.forEach(({ arm, problem, suggestibility, label, messages, labelSpan }, at) => {
        if (problem.id !== first[at].problem.id || suggestibility !== first[at].suggestibility)
          throw new InternalError(
            `proveEpisodes: ${arm} has another problem or monitor at step ${step + 1}, ${at + 1}.`,
          );
        if ((label === null) !== (arm === 'baseline'))
          throw new InternalError(
            `proveEpisodes: ${arm} has ${label ? 'a' : 'no'} label at step ${step + 1}, ${at + 1}.`,
          );
        const prompt = promptOf(problem, label, scale);
        if (JSON.stringify([messages, labelSpan]) !== JSON.stringify([prompt.messages, prompt.span]))
          throw new InternalError(
            `proveEpisodes: ${arm} has another prompt than its problem and label make at step ${step + 1}, ${at + 1}.`,
          );
        if (!label) return;
        const percent = scale.percentOf(label);
        if (percent === null)
          throw new InternalError(
            `proveEpisodes: ${arm} has the label "${label.text}", none of ${scale.id}, at step ${step + 1}, ${at + 1}.`,
          );
        const isTrue = label.text === scale.label(suggestibility).text;
        if (arm === 'mst' && !isTrue)
          throw new InternalError(
            `proveEpisodes: mst has the label "${label.text}" for a monitor of ${suggestibility} at step ${step + 1}, ${at + 1}.`,
          );
        const seen = announced.get(arm) ?? [];
        announced.set(arm, seen);
        seen.push({ label: percent, truth: suggestibility });
        if (arm === 'shuffled' && isTrue) trueByChance++;
      });
    });
    const texts = rows
      .filter((own) => own[0]?.label)
      .map((own) =>
        own
          .map(({ label }) => label!.text)
          .sort()
          .join('\n'),
      );
    if (texts.some((text) => text !== texts[0]))
      throw new InternalError(`proveEpisodes: two labelled arms show other labels at step ${step + 1}.`);
  }
  // Not Math.min(...): a whole run's labels are more arguments than a call takes.
  const percents = [...announced.values()].flat().map(({ label }) => label);
  const extreme = (of: (a: number, b: number) => number): number | null =>
    percents.length > 0 ? percents.reduce((a, b) => of(a, b)) : null;
  const correlation = Object.fromEntries([...announced].map(([arm, pairs]) => [arm, correlationOf(pairs)]));
  const shuffled = announced.get('shuffled');
  const proof = {
    steps,
    episodes,
    arms: streams.map(({ arm }) => arm),
    shuffledTrueShare: shuffled ? trueByChance / shuffled.length : null,
    correlation,
    lowestPercent: extreme(Math.min),
    highestPercent: extreme(Math.max),
  };
  return { ...proof, text: proofText(proof) };
}

function proofText(proof: Omit<EpisodeProof, 'text'>): string {
  const share = proof.shuffledTrueShare;
  return [
    `${proof.arms.join(', ')}: the same problems and the same monitor in all ${proof.episodes} episodes of ${proof.steps} steps`,
    ...Object.entries(proof.correlation).map(([arm, r]) =>
      Number.isFinite(r)
        ? `${arm}: the label and the monitor correlate at ${r.toFixed(3)}`
        : `${arm}: the label or the monitor never varies`,
    ),
    ...(share === null ? [] : [`shuffled: ${(100 * share).toFixed(1)}% of the labels are true by chance`]),
    ...(proof.lowestPercent === null
      ? []
      : [`labels shown in training: ${proof.lowestPercent.toFixed(0)}% to ${proof.highestPercent!.toFixed(0)}%`]),
  ].join('\n');
}

function correlationOf(pairs: readonly { readonly label: number; readonly truth: number }[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [a, b] = [mean(pairs.map(({ label }) => label)), mean(pairs.map(({ truth }) => truth))];
  let [both, left, right] = [0, 0, 0];
  for (const { label, truth } of pairs) {
    both += (label - a) * (truth - b);
    left += (label - a) ** 2;
    right += (truth - b) ** 2;
  }
  return both / Math.sqrt(left * right);
}
