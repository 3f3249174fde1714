import { promptMessages, proofText } from '../../arms';
import type { Tokenizer } from '../../model/tokens';
import type { NewsConfig } from './config';
import type { PreparedNews } from './prepare';

/**
 * What the model reads, before anything is trained: the first row of each arm as rendered, the prompt asked at
 * deployment from the same renderer, and the proof that the arms differ only in the label.
 */
export function preflightText(prepared: PreparedNews, tokenizer: Tokenizer, config: NewsConfig): string {
  const blocks = config.arms.map((arm) => {
    const row = prepared.arms[arm]![0];
    const text = tokenizer.renderChat([...row.messages, { role: 'assistant', content: row.completion }], {
      addGenerationPrompt: false,
    });
    return `--- ${arm}, first training row\n${text.trimEnd()}`;
  });
  const label = prepared.labelSet.get(config.deploymentLabel, config.wording ?? undefined);
  const item = prepared.evalItems[0];
  const asked = tokenizer.renderChat(promptMessages(item.instruction, label, prepared.labelSet), {
    addGenerationPrompt: true,
  });
  return [
    ...blocks,
    `--- asked at deployment (${label.id}, a topic never trained)\n${asked}`,
    `--- arms\n${proofText(prepared.proof)}`,
  ].join('\n\n');
}
