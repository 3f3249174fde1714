import {
  holm,
  pairedDifference,
  pairedPermutationTest,
  type SeedTopicValue,
  seedsAndTopicsDifference,
  shrinkToMean,
  type TopicValue,
} from '../../analysis/stats';
import { ConfigError, type LongCall, RandomStream, throwIfAborted } from '../../core';
import { customLabel, type Label, type LintOptions, lintLabel, nearDuplicates, renderLabel } from '../../labels';
import { encodePrompt } from '../../model/tokens';
import type { ContrastSet } from '../../tasks';
import type { NewsExperiment } from '../news';
import type { Condition } from '../news/conditions';
import { ContrastScores } from './contrast-scores';
import { bestOf, type HalvingPlan, LEAST_CONFIRM_TOPICS, planHalving } from './halving';
import type { ConfirmedWording, PilotResult, TestedWording, WordingTest } from './types';
import { wordingFigure } from './wording-figure';
import { wordingFrame } from './wording-frame';
import { claimsOf, findingOf } from './wording-words';

export interface WordingTestOptions extends LongCall {
  /** Candidate wordings of the deployment label, as texts; two to dozens. */
  readonly wordings: readonly string[];
  /** The wording to beat; default the label set's own for the deployment value. */
  readonly reference?: string;
  /** Time to aim at, seconds, the loading of the model included; default 60. Floors on the numbers of topics may take longer. */
  readonly budgetSeconds?: number;
  /** Which end of the contrast log-odds is wanted; default lower, less slanted. */
  readonly better?: 'lower' | 'higher';
  /** The arm that the question is about (default mst), and controls that are asked the finalists too (default: shuffled, if trained). */
  readonly arm?: Condition['arm'];
  readonly controls?: readonly Condition['arm'][];
  /** Wordings that are confirmed; default 2. */
  readonly finalists?: number;
  /** The same experiment with other training seeds: the confirmation then speaks for further seeds too. */
  readonly seeds?: readonly NewsExperiment[];
}

/** Share of the budget that is planned; the rest is for programs and statistics. */
const PLANNED_SHARE = 0.85;
/** Topics on which the speed is measured before anything is planned. */
const SPEED_TOPICS = 2;

/**
 * From a hunch to a claim: candidates are piloted by the contrast-set likelihood and halved round by round on the experiment's own
 * calibration topics; what is left is confirmed on topics that neither the pilot nor the experiment has used, paired by topic with the
 * reference wording, tested by permutation and adjusted by Holm. Forward passes only.
 * Throws ConfigError for an arm that is not trained, fewer than one testable candidate, or too few fresh topics; AbortedError on request.
 */
export async function testWordings(news: NewsExperiment, options: WordingTestOptions): Promise<WordingTest> {
  const { budgetSeconds = 60, better = 'lower', arm = 'mst', finalists = 2, signal, onProgress } = options;
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const controls = options.controls ?? (isTrained(news, 'shuffled') && arm !== 'shuffled' ? ['shuffled'] : []);
  const random = new RandomStream(news.config.seed).fork('wording test');
  const { reference, candidates } = wordingsOf(news, options.wordings, options.reference);
  const tested = candidates.filter(({ wording }) => wording.refused === null);
  if (tested.length === 0)
    throw new ConfigError(
      `testWordings: at least one wording must pass the lint, got ${candidates.map(({ wording }) => `${JSON.stringify(wording.text)}: ${wording.refused}`).join('; ') || 'none'}. Change the wording.`,
    );
  const { pilotSets, freshSets } = topicsOf(news, random);
  const scores = new ContrastScores(news, { signal, onProgress });
  const seeds = [news, ...(options.seeds ?? [])];
  try {
    const speed = await measuredSpeed(scores, arm, reference.label, pilotSets, elapsed);
    const confirmArms = seeds.length + controls.length;
    const plan = planHalving({
      candidates: tested.length,
      finalists,
      affordable: Math.max(0, (PLANNED_SHARE * budgetSeconds - elapsed()) / speed),
      confirmArms,
      pilotTopics: pilotSets.length,
      confirmTopics: freshSets.length,
    });
    const total = workOf(plan, confirmArms);
    let done = 0;
    const report = (what: string, by: number) => {
      done += by;
      const secondsLeft = Math.max(0, (total - done) * speed);
      onProgress?.({ what, done, total, unit: 'scores', detail: { 'seconds left': Math.ceil(secondsLeft) } });
    };
    const pilot = await pilotWordings(scores, arm, reference.label, tested, pilotSets, plan, better, {
      signal,
      report: (by) => report('pilot', by),
    });
    const finalLabels = tested.filter(({ wording }) =>
      pilot.some(({ name, isFinalist }) => isFinalist && name === wording.name),
    );
    const topics = freshSets.slice(0, plan.confirmTopics);
    const confirmed = await confirmWordings(
      news,
      scores,
      { arm, controls, seeds, better, random },
      reference.label,
      finalLabels,
      topics,
      {
        signal,
        onProgress,
        report: (by) => report('confirm', by),
      },
    );
    const result = {
      reference: reference.wording,
      wordings: candidates.map(({ wording }) => wording),
      plan,
      pilot,
      confirmed,
      seconds: elapsed(),
      secondsPerScore: speed,
    };
    return {
      ...result,
      words: claimsOf(result, { arm, controls, better, seeds: seeds.length, topics: topics.length }),
      frame: wordingFrame(result, arm),
      figure: wordingFigure(result, arm, better),
    };
  } finally {
    scores.dispose();
  }
}

interface LabelledWording {
  readonly wording: TestedWording;
  readonly label: Label;
}

function isTrained(news: NewsExperiment, arm: Condition['arm']): boolean {
  return (
    (news.config.arms as readonly string[]).includes(arm) && !(news.untrainedArms() as readonly string[]).includes(arm)
  );
}

/** Candidates as labels of the deployment value, with what the lint says of each. Equal texts are tested once. */
function wordingsOf(news: NewsExperiment, texts: readonly string[], reference: string | undefined) {
  const { deploymentLabel } = news.config;
  const { tokenizer } = news.host.files;
  const lint: LintOptions = { specialTokens: tokenizer.specialTokens };
  const own = reference === undefined ? news.label(deploymentLabel) : customLabel(deploymentLabel, reference, lint);
  const tokensOf = (label: Label) => {
    const text = renderLabel(label, news.prepared.labelSet.format);
    const count = (content: string) => encodePrompt(tokenizer, [{ role: 'user', content }]).length;
    return count(`${text}\nx`) - count('x');
  };
  const seen = new Set([own.text]);
  const others = [...new Set(texts)];
  const candidates = others.map((text, at): LabelledWording => {
    const problems = lintLabel(text, lint);
    const refused = seen.has(text) ? 'it is the reference itself' : (problems[0]?.message ?? null);
    const label = problems.length > 0 ? { ...own, text } : customLabel(deploymentLabel, text, lint);
    const name = `w${at + 1}`;
    const near = nearDuplicates(text, [own]).map(
      () => ({ kind: 'duplicate', label: name, message: 'the text is nearly that of the reference' }) as const,
    );
    return {
      label,
      wording: { name, text, tokens: problems.length > 0 ? 0 : tokensOf(label), refused, warnings: near },
    };
  });
  const wording: TestedWording = {
    name: 'reference',
    text: own.text,
    tokens: tokensOf(own),
    refused: null,
    warnings: [],
  };
  return { reference: { wording, label: own }, candidates };
}

/** Pilot topics are those that the experiment measures on; fresh ones are its set's others, in an order of the seed. */
function topicsOf(news: NewsExperiment, random: RandomStream) {
  const { contrastSets, data } = news.prepared;
  const used = new Set(contrastSets.map(({ topicId }) => topicId));
  const fresh = random.fork('fresh topics').shuffled(data.contrastSets.filter(({ topicId }) => !used.has(topicId)));
  if (fresh.length < LEAST_CONFIRM_TOPICS)
    throw new ConfigError(
      `testWordings: at least ${LEAST_CONFIRM_TOPICS} calibration topics must be left that the experiment has not used, got ${fresh.length} of ${data.contrastSets.length}. Lower contrastTopics, or give a larger set.`,
    );
  return { pilotSets: random.fork('pilot topics').shuffled(contrastSets), freshSets: fresh };
}

async function measuredSpeed(
  scores: ContrastScores,
  arm: Condition['arm'],
  reference: Label,
  topics: readonly ContrastSet[],
  elapsed: () => number,
): Promise<number> {
  // A call makes the programs that its lengths need, which takes seconds: the faster of two calls after the first is what others will be like.
  const timed: number[] = [];
  for (let from = 0; from < 3 * SPEED_TOPICS && from < topics.length; from += SPEED_TOPICS) {
    const some = topics.slice(from, from + SPEED_TOPICS);
    const before = elapsed();
    await scores.of(arm, reference, some);
    timed.push((elapsed() - before) / some.length);
  }
  return Math.min(...timed);
}

function workOf({ rounds, finalists, confirmTopics }: HalvingPlan, confirmArms: number): number {
  const pilot = rounds.reduce((sum, { candidates, topics }) => sum + (candidates + 1) * topics, 0);
  return pilot + (finalists + 1) * confirmTopics * confirmArms;
}

async function pilotWordings(
  scores: ContrastScores,
  arm: Condition['arm'],
  reference: Label,
  tested: readonly LabelledWording[],
  topics: readonly ContrastSet[],
  { rounds, finalists }: HalvingPlan,
  better: 'lower' | 'higher',
  { signal, report }: { readonly signal?: AbortSignal; readonly report: (by: number) => void },
): Promise<PilotResult[]> {
  const differences = new Map<string, number[]>(tested.map(({ wording }) => [wording.name, []]));
  let left = tested.map(({ wording }) => wording.name);
  let from = 0;
  for (const [at, round] of rounds.entries()) {
    const sets = topics.slice(from, from + round.topics);
    from += round.topics;
    const base = await scores.of(arm, reference, sets, { signal });
    report(sets.length);
    for (const { wording, label } of tested.filter(({ wording }) => left.includes(wording.name))) {
      throwIfAborted(signal, 'testWordings', 'Scores of this test are lost');
      const own = await scores.of(arm, label, sets, { signal });
      differences.get(wording.name)!.push(...own.map(({ value }, i) => value - base[i].value));
      report(sets.length);
    }
    const next = rounds[at + 1]?.candidates ?? finalists;
    left = bestOf(
      left.map((name) => ({ name, mean: meanOf(differences.get(name)!) })),
      next,
      better,
    );
  }
  const noisy = [...differences].flatMap(([name, values]) =>
    values.length < 2 ? [] : [{ name, estimate: meanOf(values), standardError: standardErrorOf(values) }],
  );
  const shrunk = new Map(shrinkToMean(noisy).map((one) => [one.name, one.shrunk]));
  return tested.map(({ wording: { name } }) => {
    const values = differences.get(name)!;
    return {
      name,
      topics: values.length,
      mean: values.length === 0 ? 0 : meanOf(values),
      standardError: values.length < 2 ? null : standardErrorOf(values),
      shrunk: shrunk.get(name) ?? null,
      isFinalist: left.includes(name),
    };
  });
}

async function confirmWordings(
  news: NewsExperiment,
  scores: ContrastScores,
  how: {
    readonly arm: Condition['arm'];
    readonly controls: readonly Condition['arm'][];
    readonly seeds: readonly NewsExperiment[];
    readonly better: 'lower' | 'higher';
    readonly random: RandomStream;
  },
  reference: Label,
  finalists: readonly LabelledWording[],
  topics: readonly ContrastSet[],
  { signal, onProgress, report }: LongCall & { readonly report: (by: number) => void },
): Promise<ConfirmedWording[]> {
  const { arm, controls, seeds, better, random } = how;
  const wordings = [reference, ...finalists.map(({ label }) => label)];
  const values = new Map<string, SeedTopicValue[]>();
  const measure = async (from: ContrastScores, of: Condition['arm'], seed: number) => {
    for (const label of wordings) {
      throwIfAborted(signal, 'testWordings', 'Scores of this test are lost');
      const rows = await from.of(of, label, topics, { signal });
      const key = `${of} ${label.id}`;
      values.set(key, [...(values.get(key) ?? []), ...rows.map((row) => ({ ...row, seed }))]);
      report(topics.length);
    }
  };
  for (const one of seeds) {
    const own = one === news ? scores : new ContrastScores(one, { signal, onProgress });
    try {
      await measure(own, arm, one.config.seed);
    } finally {
      if (own !== scores) own.dispose();
    }
  }
  for (const control of controls) await measure(scores, control, news.config.seed);
  const compared = [arm, ...controls].flatMap((of) =>
    finalists.map(({ wording, label }) => {
      const left = values.get(`${of} ${label.id}`)!;
      const right = values.get(`${of} ${reference.id}`)!;
      const crossed = of === arm && seeds.length > 1;
      const stream = random.fork(`confirm ${of} ${wording.name}`);
      const result = crossed ? crossedResult(left, right) : pairedResult(left, right, stream);
      return { name: wording.name, arm: of, ...result };
    }),
  );
  const adjusted = holm(compared.filter((one) => one.arm === arm).map(({ p }) => p));
  return compared.map((one, at) => {
    // Those of the arm that is asked stand first.
    const pHolm = adjusted[at] ?? null;
    return { ...one, pHolm, finding: findingOf(one.difference, one.arm === arm ? pHolm : one.p, better) };
  });
}

function crossedResult(left: readonly SeedTopicValue[], right: readonly SeedTopicValue[]) {
  const difference = seedsAndTopicsDifference(left, right);
  return { difference, p: difference.p, test: 't over seeds and topics' };
}

function pairedResult(left: readonly TopicValue[], right: readonly TopicValue[], random: RandomStream) {
  const difference = pairedDifference(left, right, { random });
  const p = pairedPermutationTest(
    difference.pairs.map((pair) => pair.difference),
    { random },
  );
  return { difference, p, test: 'paired permutation over topics' };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardErrorOf(values: readonly number[]): number {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
