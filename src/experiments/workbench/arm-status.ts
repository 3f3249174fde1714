import { existsSync, readdirSync } from 'node:fs';
import { ARM_CATALOGUE, trainedAs } from '../../arms';
import { type RunDirectory, readJsonl } from '../../runs';
import type { RlStepMetrics, StepMetrics } from '../../train';
import type { SycophancyExperiment } from '../addition';
import { policyRun } from '../addition/train-arm';
import { warmStartRun } from '../addition/warm-start';
import type { NewsExperiment } from '../news';
import { trainingRun } from '../news/train-arm';
import type { TaskName } from './settings';

/** `begun`: a checkpoint lies there, and training goes on from it. `as it came`: the base model, which nobody trains. */
export type ArmState = 'trained' | 'begun' | 'not trained' | 'broken' | 'as it came';

/** An arm as it lies on disk. */
export interface ArmStatus {
  readonly task: TaskName;
  readonly arm: string;
  readonly what: string;
  /** Null where an arm has none of its own. */
  readonly seed: number | null;
  readonly state: ArmState;
  /** The name of its run's folder; null for the base model. */
  readonly runId: string | null;
  readonly path: string | null;
  readonly seconds: number | null;
  readonly steps: number | null;
  /** Of the last step, nats a token; null in RL. */
  readonly finalLoss: number | null;
  /** On held-out rows after the last step, nats a token; null in RL. */
  readonly finalEvalLoss: number | null;
  /** Expected reward of the last step; null without RL. */
  readonly finalReward: number | null;
}

const WHAT: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(ARM_CATALOGUE).map(([arm, { what }]) => [arm, what])),
  'warm-start': 'the supervised start of all arms, without labels',
  untrained: 'the model as it came',
};

/** The arms of the news experiment; one without training of its own has the run that it is asked with. Loads no weights. */
export function newsArms(news: NewsExperiment, root: string): ArmStatus[] {
  const { host, prepared, resolved, config } = news;
  const arms = config.arms.map((arm) => {
    const trained = trainedAs(arm);
    if (trained === null) return untrained('news', arm);
    const run = trainingRun(root, host, trained, prepared.encoded[trained]!, resolved.sft, config.seed);
    return statusOf('news', arm, config.seed, run);
  });
  return [...arms, untrained('news')];
}

/** The arms and seeds of the sycophancy experiment, the warm start first where there is one. Loads no weights. */
export function sycophancyArms(syco: SycophancyExperiment, root: string): ArmStatus[] {
  const { host, prepared, resolved, config } = syco;
  const warm = warmStartRun(host, resolved, prepared, root);
  const arms = config.seeds.flatMap((seed) =>
    config.arms.map((arm) =>
      statusOf('sycophancy', arm, seed, policyRun(root, host, resolved, prepared, warm, arm, seed)),
    ),
  );
  return [...(warm ? [statusOf('sycophancy', 'warm-start', null, warm)] : []), ...arms, untrained('sycophancy')];
}

function untrained(task: TaskName, arm = 'untrained'): ArmStatus {
  return {
    task,
    arm,
    what: WHAT[arm],
    seed: null,
    state: 'as it came',
    runId: null,
    path: null,
    ...NOTHING,
  };
}

const NOTHING = { seconds: null, steps: null, finalLoss: null, finalEvalLoss: null, finalReward: null };

function statusOf(task: TaskName, arm: string, seed: number | null, run: RunDirectory): ArmStatus {
  const facts = { task, arm, what: WHAT[arm] ?? arm, seed, runId: run.id, path: run.path };
  try {
    const manifest = run.manifest();
    if (!manifest) return { ...facts, ...NOTHING, state: hasCheckpoint(run) ? 'begun' : 'not trained' };
    const { seconds, steps } = manifest.record;
    return {
      ...facts,
      state: 'trained',
      seconds: typeof seconds === 'number' ? seconds : null,
      steps: typeof steps === 'number' ? steps : null,
      ...finalFigures(run),
    };
  } catch {
    return { ...facts, ...NOTHING, state: 'broken' };
  }
}

function hasCheckpoint(run: RunDirectory): boolean {
  const folder = run.file('checkpoint');
  return existsSync(folder) && readdirSync(folder).length > 0;
}

function finalFigures(run: RunDirectory): Pick<ArmStatus, 'finalLoss' | 'finalEvalLoss' | 'finalReward'> {
  const sft = readJsonl<StepMetrics>(run.file('metrics.jsonl'));
  const rl = readJsonl<RlStepMetrics>(run.file('steps.jsonl'));
  return {
    finalLoss: sft.at(-1)?.loss ?? null,
    finalEvalLoss: sft.findLast(({ evalLoss }) => evalLoss !== null)?.evalLoss ?? null,
    finalReward: rl.at(-1)?.expectedReward ?? null,
  };
}
