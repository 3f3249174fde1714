import { contentHash } from '../../core';
import { newsSamples } from './inspect-news';
import { type InspectParts, modelName } from './inspect-sample';
import type { InspectLog, InspectSample } from './inspect-schema';
import { sycophancySamples } from './inspect-sycophancy';
import { labVersion } from './lab-version';
import type { NewsRun, SycophancyRun } from './run-source';

/**
 * A run as an evaluation log of Inspect (UK AISI's inspect_ai), one sample a text or answer: the prompt as the model read it, label
 * included; the completion; a score a judge (judged bias, 0 to 10) or a measure (a probability). A verdict that is missing is
 * unscored, with its reason, and enters no mean. Metadata name arm, label, topic and temperature. The contrast-set likelihood has no
 * completion and is not in the log. Rows of several judges on the same texts become several scores of one sample.
 */
export function inspectLog(run: NewsRun | SycophancyRun, { createdAt }: { readonly createdAt: string }): InspectLog {
  const { host } = run.experiment;
  const parts = run.task === 'news' ? newsSamples(run) : sycophancySamples(run);
  const { samples, generation } = parts;
  const hash = contentHash({ task: run.task, identity: host.identity, samples: samples.map(({ id }) => id) });
  return {
    version: 2,
    status: 'success',
    eval: {
      eval_id: hash.slice(0, 22),
      run_id: contentHash({ hash, createdAt }).slice(0, 22),
      created: createdAt,
      task: `mstlab/${run.task}`,
      task_id: `${run.task}-${hash.slice(0, 16)}`,
      task_version: 1,
      task_args: parts.taskArgs,
      dataset: {
        name: parts.dataset,
        samples: samples.length,
        sample_ids: samples.map(({ id }) => id),
        shuffled: false,
      },
      model: modelName(host.files.id),
      model_generate_config: generation,
      config: { epochs: 1, fail_on_error: true },
      packages: { mstlab: labVersion() },
      metadata: { ...host.identity },
    },
    plan: { name: 'plan', steps: [{ solver: 'generate', params: {} }], config: generation },
    results: {
      total_samples: samples.length,
      completed_samples: samples.length,
      scores: Object.entries(parts.scorers).map(([name, what]) => resultsOf(name, what, parts)),
    },
    stats: { started_at: createdAt, completed_at: createdAt },
    samples,
  };
}

/**
 * The log as the text of its file. It is JSON but for one thing that Inspect has of its own: the value of an unscored score is the
 * bare word NaN.
 */
export function inspectLogText(log: InspectLog): string {
  const plain = JSON.stringify(log);
  let mark = 'NaN';
  // A mark that no text of the log holds, so that only numbers are replaced.
  while (plain.includes(mark)) mark = `<${mark}>`;
  const json = JSON.stringify(log, (_, value) => (Number.isNaN(value) ? mark : value), 2);
  return `${json.replaceAll(JSON.stringify(mark), 'NaN')}\n`;
}

function resultsOf(name: string, what: string, { samples, conditionOf }: InspectParts) {
  const own = samples.filter((sample) => name in sample.scores);
  const scored = own.filter((sample) => !Number.isNaN(sample.scores[name].value));
  const groups = new Map<string, InspectSample[]>();
  for (const sample of scored) {
    const condition = conditionOf(sample);
    groups.set(condition, [...(groups.get(condition) ?? []), sample]);
  }
  const mean = (of: readonly InspectSample[]) =>
    of.reduce((sum, { scores }) => sum + scores[name].value, 0) / of.length;
  const metrics = [['mean', scored] as const, ...[...groups].map(([key, of]) => [`mean ${key}`, of] as const)];
  return {
    name,
    scorer: name,
    scored_samples: scored.length,
    unscored_samples: own.length - scored.length,
    params: {},
    metrics: Object.fromEntries(
      metrics
        .filter(([, of]) => of.length > 0)
        .map(([metric, of]) => [metric, { name: metric, value: mean(of), params: {} }]),
    ),
    metadata: { what },
  };
}
