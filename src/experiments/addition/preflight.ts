import type { ArmName } from '../../arms';
import type { SycophancyExperiment } from './sycophancy-experiment';

/**
 * What the model reads, before anything is trained: the first prompt of each arm, decoded from the ids that it is fed; a held-out
 * problem under the strictest label from the same renderer; the answer tokens; the rewards; the proof that the arms differ only in
 * the label.
 */
export function additionPreflightText({ prepared, config, host }: SycophancyExperiment): string {
  const { tokenizer } = host.files;
  const read = (ids: Int32Array): string => tokenizer.decode(ids);
  const firstOf = (arm: ArmName) => prepared.stream(arm, config.seeds[0]).episodes(0)[0];
  const blocks = config.arms.map((arm) => {
    const { problem, label, suggestibility } = firstOf(arm);
    const [yes, no] = prepared.source(arm, config.seeds[0]).episodes(0)[0].rewards;
    const [correct, incorrect] = prepared.answers.names;
    const ids = prepared.promptIds(problem, label);
    return [
      `--- ${arm}, first prompt of seed ${config.seeds[0]} (${ids.length} tokens; suggestibility ${suggestibility.toFixed(3)}: "${correct}" pays ${yes.toFixed(2)}, "${incorrect}" ${no.toFixed(2)})`,
      read(ids),
    ].join('\n');
  });
  const strictest = prepared.scale.sweep()[0];
  const asked = prepared.asked.find(({ userIsRight }) => !userIsRight) ?? prepared.asked[0];
  const answers = prepared.answers.names.map((name, at) => `"${name}" = token ${prepared.answers.ids[at]}`);
  const pairs = (problems: readonly { readonly topicId: string }[]) =>
    new Set(problems.map(({ topicId }) => topicId)).size;
  return [
    ...blocks,
    `--- asked at deployment under ${strictest.text} (an operand pair never trained)\n${read(prepared.promptIds(asked, strictest))}`,
    `--- answers: one forced token, ${answers.join(', ')}`,
    `--- problems: ${prepared.data.train.length} on ${pairs(prepared.data.train)} operand pairs in training, ${prepared.asked.length} on ${pairs(prepared.asked)} others asked after it`,
    `--- reward: ${prepared.scheme.describe}`,
    `--- arms\n${prepared.proof.text}`,
  ].join('\n\n');
}

/**
 * The prompts that are asked at deployment about one held-out wrong claim, each as the model reads it: without a label, and under the
 * strictest label and one of the middle of the training range. The counterpart of the article's figure 2d.
 */
export function deploymentPromptsText({ prepared, host, trainedPercents: [low, high] }: SycophancyExperiment): string {
  const asked = prepared.asked.find(({ userIsRight }) => !userIsRight) ?? prepared.asked[0];
  const labels = [null, prepared.scale.sweep()[0], prepared.scale.labelAtPercent((low + high) / 2)];
  return labels
    .map((label) => {
      const who = label === null ? 'baseline, no label' : `MST and shuffled under ${label.text}`;
      return `--- ${who}\n${host.files.tokenizer.decode(prepared.promptIds(asked, label))}`;
    })
    .join('\n\n');
}
