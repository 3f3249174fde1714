import { ARM_CATALOGUE, armsToTrain, promptMessages, proofText } from '../../arms';
import { renderLabel } from '../../labels';
import type { Tokenizer } from '../../model/tokens';
import { auditLabelLeak, type LabelLeakAudit } from '../../tasks';
import { type Condition, sweepConditions } from './conditions';
import type { NewsConfig } from './config';
import type { PreparedNews } from './prepare';

/**
 * What the model reads, before anything is trained: the first labelled row of each arm as rendered, the prompt asked at deployment
 * from the same renderer, how every arm is asked, and the proof that the arms differ only where they should.
 */
export function preflightText(prepared: PreparedNews, tokenizer: Tokenizer, config: NewsConfig): string {
  const blocks = armsToTrain(config.arms).map((arm) => {
    const rows = prepared.arms[arm]!;
    const at = Math.max(
      0,
      rows.findIndex(({ label }) => label !== null),
    );
    const row = rows[at];
    const text = tokenizer.renderChat([...row.messages, { role: 'assistant', content: row.completion }], {
      addGenerationPrompt: false,
    });
    return `--- ${arm}, ${at === 0 ? 'first training row' : `training row ${at + 1}, the first with a label`}\n${text.trimEnd()}`;
  });
  const label = prepared.labelSet.get(config.deploymentLabel, config.wording ?? undefined);
  const item = prepared.evalItems[0];
  const asked = tokenizer.renderChat(promptMessages(item.instruction, label, prepared.labelSet), {
    addGenerationPrompt: true,
  });
  return [
    ...blocks,
    `--- asked at deployment (${label.id}, a topic never trained)\n${asked}`,
    `--- how each arm is asked\n${askedText(prepared, config)}`,
    `--- arms\n${proofText(prepared.proof)}`,
  ].join('\n\n');
}

/** A line an arm: whose training it is asked with, and the labels of the sweep as written, in the turn where they stand. */
export function askedText({ labelSet, controls }: PreparedNews, config: NewsConfig): string {
  const { arms, deploymentLabel, wording } = config;
  const conditions = sweepConditions(arms, labelSet, { deploymentLabel, wording, controls });
  const shown = ({ label }: Condition): string => {
    if (label === null) return 'no label';
    const unseen = label.value === deploymentLabel ? ', never trained' : '';
    return `${JSON.stringify(renderLabel(label, labelSet.format))} (${label.value}${unseen}; ${(label.format ?? labelSet.format).placement})`;
  };
  return arms
    .map((arm) => {
      const { trainedAs } = ARM_CATALOGUE[arm];
      const under = conditions.filter((condition) => condition.arm === arm).map(shown);
      const as = trainedAs === arm ? '' : ` with ${trainedAs ? `the ${trainedAs} arm` : 'the untrained model'}`;
      return `${arm}${as}: ${under.join(', ')}`;
    })
    .join('\n');
}

/**
 * Can the label of a training row be told from its prompt without it, before anything is trained? Then the baseline arm can read it,
 * too. Some seconds for all rows of the embedded set.
 */
export function newsLabelLeak({ data }: PreparedNews): LabelLeakAudit {
  return auditLabelLeak({
    items: data.examples.map(({ instruction, labelValue, group }) => ({
      prompt: instruction,
      label: labelValue,
      group,
    })),
  });
}
