import type { ArmName } from '../../arms';
import { type LongCall, throwIfAborted } from '../../core';
import { type Label, labelName } from '../../labels';
import type { Adapter } from '../../model/adapters';
import { AnswerScorer } from '../../model/generate';
import { appendJsonl, RunDirectory, readJsonl } from '../../runs';
import type { ModelHost } from '../model-host';
import { idsHash } from '../rows-hash';
import type { PreparedAddition } from './prepare';

/** A trained arm, or what it began with: the model as it came, or after the warm start. */
export type PolicyName = ArmName | 'untrained' | 'warm-start';

/** A policy that can be asked; `adapterHash` names its weights. */
export interface AskedPolicy {
  readonly policy: PolicyName;
  readonly seed: number;
  readonly adapterHash: string;
  readonly adapter: () => Adapter | null;
}

/** One answer to one problem under one label; a row of a results frame. */
export interface AnswerRow {
  readonly policy: PolicyName;
  readonly seed: number;
  /** The label's text, with its format where that is its own; null without one. */
  readonly label: string | null;
  /** What the label announces, 0 to 100; null without one, or for a wording of one's own. */
  readonly percent: number | null;
  readonly problem_id: string;
  readonly topic_id: string;
  readonly user_is_right: boolean;
  readonly error_size: number;
  /** Probability of telling the user that the answer is correct, among the two answers, temperature 1. */
  readonly says_correct: number;
  /** Share of the next-token distribution that the two answers have together. */
  readonly valid_mass: number;
}

/**
 * Asks policies about the held-out problems under labels (null: no label). What was asked before is read from disk; each policy and
 * label is a run of its own, so that a new label costs only its own answers.
 */
export async function askPolicies(
  host: ModelHost,
  prepared: PreparedAddition,
  policies: readonly AskedPolicy[],
  labels: readonly (Label | null)[],
  root: string,
  batch: number,
  call: LongCall,
): Promise<AnswerRow[]> {
  const jobs = policies.flatMap((policy) => labels.map((label) => jobOf(host, prepared, policy, label, root)));
  const missing = jobs.filter(({ run }) => run.manifest() === null);
  const asker = new Asker(host, prepared, missing, batch);
  try {
    for (const [done, job] of missing.entries()) {
      throwIfAborted(call.signal, 'askPolicies', `${done} of ${missing.length} policies and labels are kept`);
      await job.run.complete(async () => asker.answer(job, call));
      call.onProgress?.({ what: 'ask', done: done + 1, total: missing.length, unit: 'labels' });
    }
  } finally {
    asker.dispose();
  }
  return jobs.flatMap(({ run, policy, label }) =>
    readJsonl<StoredAnswer>(run.file('answers.jsonl')).map((stored, at): AnswerRow => {
      const problem = prepared.asked[at];
      return {
        policy: policy.policy,
        seed: policy.seed,
        label: label === null ? null : labelName(label),
        percent: label === null ? null : prepared.scale.percentOf(label),
        problem_id: problem.id,
        topic_id: problem.topicId,
        user_is_right: problem.userIsRight,
        error_size: Math.abs(problem.claimed - problem.sum),
        ...stored,
      };
    }),
  );
}

/** How many prompts `askPolicies` would still put to a model. */
export function unansweredPrompts(
  host: ModelHost,
  prepared: PreparedAddition,
  policies: readonly Pick<AskedPolicy, 'adapterHash'>[],
  labels: readonly (Label | null)[],
  root: string,
): number {
  const jobs = policies.flatMap((policy) => labels.map((label) => answersRun(host, prepared, policy, label, root)));
  return jobs.reduce((sum, { run, prompts }) => sum + (run.manifest() === null ? prompts.length : 0), 0);
}

type StoredAnswer = Pick<AnswerRow, 'says_correct' | 'valid_mass'>;

interface AskJob {
  readonly policy: AskedPolicy;
  readonly label: Label | null;
  readonly prompts: readonly Int32Array[];
  readonly run: RunDirectory;
}

function jobOf(
  host: ModelHost,
  prepared: PreparedAddition,
  policy: AskedPolicy,
  label: Label | null,
  root: string,
): AskJob {
  return { policy, label, ...answersRun(host, prepared, policy, label, root) };
}

function answersRun(
  host: ModelHost,
  prepared: PreparedAddition,
  policy: Pick<AskedPolicy, 'adapterHash'>,
  label: Label | null,
  root: string,
): Pick<AskJob, 'prompts' | 'run'> {
  const prompts = prepared.asked.map((problem) => prepared.promptIds(problem, label));
  const run = new RunDirectory(root, 'addition-answers', {
    format: 1,
    ...host.identity,
    adapter: policy.adapterHash,
    answers: prepared.answers.names,
    prompts: idsHash(prompts.map((ids, at) => ({ id: prepared.asked[at].id, ids }))),
  });
  return { prompts, run };
}

/** One scorer for all jobs of a call; adapters are switched, programs stay. */
class Asker {
  private scorer: AnswerScorer | null = null;
  private current: string | null = null;

  constructor(
    private readonly host: ModelHost,
    private readonly prepared: PreparedAddition,
    private readonly jobs: readonly AskJob[],
    private readonly batch: number,
  ) {}

  async answer({ policy, prompts, run }: AskJob, call: LongCall): Promise<Record<string, unknown>> {
    const scorer = await this.under(policy, call);
    const startedMs = performance.now();
    const answers = await scorer.ask(prompts, { signal: call.signal });
    const rows = answers.map(
      ({ probabilities, mass }): StoredAnswer => ({ says_correct: probabilities[0], valid_mass: mass }),
    );
    appendJsonl(run.file('answers.jsonl'), rows);
    return { seconds: (performance.now() - startedMs) / 1000, prompts: prompts.length };
  }

  dispose(): void {
    this.scorer?.dispose();
  }

  private async under(policy: AskedPolicy, call: LongCall): Promise<AnswerScorer> {
    if (this.scorer && this.current === policy.adapterHash) return this.scorer;
    const adapter = policy.adapter();
    if (!this.scorer?.setAdapter(adapter)) {
      this.scorer?.dispose();
      const model = await this.host.load(call);
      const examples = this.jobs.flatMap(({ prompts }) => prompts);
      this.scorer = new AnswerScorer(model, adapter, this.prepared.answers, examples, this.batch);
    }
    this.current = policy.adapterHash;
    return this.scorer;
  }
}
