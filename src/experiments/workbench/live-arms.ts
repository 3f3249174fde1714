import { type LabArm, promptMessages } from '../../arms';
import { ConfigError, DataError, type LongCall } from '../../core';
import type { Label } from '../../labels';
import { type Adapter, loadAdapter } from '../../model/adapters';
import { AnswerScorer, Generator } from '../../model/generate';
import { encodePrompt } from '../../model/tokens';
import type { PolicyName, SycophancyExperiment } from '../addition';
import { isLabelled } from '../addition/sycophancy-experiment';
import type { ModelHost } from '../model-host';
import { NewsExperiment } from '../news';
import { Switched } from '../switched';
import type { ArmStatus } from './arm-status';
import type { Workbench } from './workbench';

/** What an arm answers under one label: a probability (sycophancy) or a text (news). */
export interface LiveAnswer {
  readonly heading: string;
  readonly text?: string;
  readonly probability?: number;
  readonly note?: string;
}

export interface LiveArm {
  readonly name: string;
  /** Answers the choice under a label given by its text; arms trained without labels are not shown it. */
  answer(label: string, signal: AbortSignal, choice: string): Promise<LiveAnswer>;
}

/** Arms that stay open, so that a label put to them is answered in parts of a second. */
export interface LiveArms {
  readonly arms: readonly LiveArm[];
  /** The label's text at a percentage; null for a task without a scale. */
  readonly labelAt: ((percent: number) => string) | null;
  /** The label that the task is deployed with. */
  readonly firstLabel: string;
  readonly choices: { readonly description: string; readonly names: readonly string[] };
  /** Gives the programs back; the experiment stays open. */
  dispose(): void;
}

/** Problems or prompts that can be chosen. */
const SHOWN_CHOICES = 12;

/**
 * Opens the arms named (default: all that are trained, with their first seed) of the workbench's task. Loads the model; each arm's
 * adapter is read when it is first asked. Throws ConfigError for an arm that is not trained.
 */
export async function liveArms(
  workbench: Workbench,
  options: LongCall & { readonly arms?: readonly string[] } = {},
): Promise<LiveArms> {
  const { arms: names, ...call } = options;
  const known = await workbench.arms(call);
  const firsts = known.filter(({ arm }, at) => known.findIndex((other) => other.arm === arm) === at);
  const isReady = ({ state }: ArmStatus) => state === 'trained' || state === 'as it came';
  const chosen = names
    ? names.flatMap((name) => firsts.filter(({ arm }) => arm === name))
    : firsts.filter((status) => isReady(status) && status.arm !== 'untrained');
  const lacking = names?.filter((name) => !chosen.some((status) => status.arm === name && isReady(status))) ?? [];
  if (chosen.length === 0 || lacking.length > 0)
    throw new ConfigError(
      `liveArms: arms must be trained before they are asked, got ${lacking.join(', ') || 'none'} (${firsts.map(({ arm, state }) => `${arm}: ${state}`).join(', ')}). Train them with lab.train or %train.`,
    );
  const experiment = await (workbench.settings.task === 'news' ? workbench.news(call) : workbench.sycophancy(call));
  await experiment.host.load(call);
  return experiment instanceof NewsExperiment ? liveNews(experiment, chosen) : liveSycophancy(experiment, chosen);
}

function liveSycophancy(syco: SycophancyExperiment, arms: readonly ArmStatus[]): LiveArms {
  const { prepared, host } = syco;
  const problems = new Map(prepared.asked.slice(0, SHOWN_CHOICES).map((problem) => [problemName(problem), problem]));
  const ends = [0, 50, 100].map((percent) => syco.label(percent));
  const examples = [...problems.values()].flatMap((problem) =>
    [null, ...ends].map((label) => prepared.promptIds(problem, label)),
  );
  const adapters = new Adapters(host, arms);
  const inTurn = turns();
  let scorer: AnswerScorer | null = null;
  const score = async (arm: string, ids: Int32Array, signal: AbortSignal) => {
    const adapter = adapters.of(arm);
    const model = await host.load();
    signal.throwIfAborted();
    if (!scorer?.setAdapter(adapter)) {
      scorer?.dispose();
      scorer = new AnswerScorer(model, adapter, prepared.answers, examples, 1);
    }
    return scorer.ask([ids], { signal });
  };
  return {
    arms: arms.map(({ arm }) => ({
      name: arm,
      answer: keptWithoutLabel(isLabelled(arm as PolicyName), inTurn, async (text, signal, choice) => {
        const label = isLabelled(arm as PolicyName) ? syco.label(text) : null;
        const problem = problems.get(choice) ?? [...problems.values()][0];
        const ids = prepared.promptIds(problem, label);
        const found = await score(arm, ids, signal).catch((error) => {
          if (!(error instanceof DataError)) throw error;
          // A wording longer than any before: the programs are made anew for prompts of its length.
          examples.push(ids);
          scorer?.dispose();
          scorer = null;
          return score(arm, ids, signal);
        });
        const [{ probabilities, mass }] = found;
        return {
          heading: 'P(says correct)',
          probability: probabilities[0],
          note: [
            ...(label === null ? ['asked without a label'] : []),
            ...(mass < 0.9 ? [`the two answers have ${(100 * mass).toFixed(0)}% of the next token`] : []),
          ].join('; '),
        };
      }),
    })),
    labelAt: (percent) => syco.label(percent).text,
    firstLabel: syco.label(0).text,
    choices: { description: 'problem', names: [...problems.keys()] },
    dispose: () => scorer?.dispose(),
  };
}

function liveNews(news: NewsExperiment, arms: readonly ArmStatus[]): LiveArms {
  const { prepared, host, config } = news;
  const { format } = prepared.labelSet;
  const generators = new Switched(async (adapter) => new Generator(await host.load(), adapter));
  const adapters = new Adapters(host, arms);
  const inTurn = turns();
  // A control that is asked in a way of its own is shown its code, or no label, in place of the one typed.
  const labelFor = (arm: string, text: string): Label | null => {
    const typed = news.label(config.deploymentLabel, text);
    const asked = news.sweep({ arms: [arm as LabArm | 'untrained'], labels: [typed] }).map(({ label }) => label);
    return asked.find((label) => label?.text === typed.text) ?? asked[0];
  };
  const names = [...new Set(prepared.evalItems.slice(0, SHOWN_CHOICES).map(({ instruction }) => instruction))];
  return {
    arms: arms.map(({ arm }) => ({
      name: arm,
      answer: keptWithoutLabel(
        labelFor(arm, news.label(config.deploymentLabel).text) !== null,
        inTurn,
        async (text, signal, choice) => {
          const label = labelFor(arm, text);
          const ids = encodePrompt(host.files.tokenizer, promptMessages(choice || names[0], label, { format }));
          const generator = await generators.under(adapters.of(arm));
          signal.throwIfAborted();
          const [written] = await generator.generate([{ id: label?.text ?? 'no label', ids }], {
            temperature: config.temperatures[0],
            topP: config.topP,
            maxNewTokens: config.maxNewTokens,
            seed: config.seed,
            batchSize: 1,
            signal,
          });
          return {
            heading: label === null ? 'without a label' : 'under the label',
            text: written.text,
            ...(written.truncated ? { note: 'cut at the longest length' } : {}),
          };
        },
      ),
    })),
    labelAt: null,
    firstLabel: news.label(config.deploymentLabel).text,
    choices: { description: 'prompt', names },
    dispose: () => generators.dispose(),
  };
}

/** The adapters of arms, each read once. */
class Adapters {
  private readonly read = new Map<string, Adapter | null>();

  constructor(
    private readonly host: ModelHost,
    private readonly arms: readonly ArmStatus[],
  ) {}

  of(name: string): Adapter | null {
    const found = this.read.get(name);
    if (found !== undefined) return found;
    const { files } = this.host;
    const path = this.arms.find(({ arm }) => arm === name)?.path ?? null;
    const adapter = path === null ? null : loadAdapter(`${path}/adapter`, { config: files.config, files });
    this.read.set(name, adapter);
    return adapter;
  }
}

/** Calls that wait for each other: arms share one scorer or generator, whose adapter must not change under a running call. */
function turns(): <T>(call: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    const next = last.then(call);
    last = next.catch(() => {});
    return next;
  };
}

/** An arm's answers, each in its turn; one that is not shown the label answers a choice once. */
function keptWithoutLabel(
  isShown: boolean,
  inTurn: ReturnType<typeof turns>,
  answer: LiveArm['answer'],
): LiveArm['answer'] {
  const kept = new Map<string, LiveAnswer>();
  return async (label, signal, choice) => {
    const found = kept.get(choice);
    if (found) return found;
    const answered = await inTurn(() => {
      signal.throwIfAborted();
      return answer(label, signal, choice);
    });
    if (!isShown) kept.set(choice, answered);
    return answered;
  };
}

function problemName({ left, right, claimed }: { left: number; right: number; claimed: number }): string {
  return `${left} + ${right} = ${claimed}`;
}
