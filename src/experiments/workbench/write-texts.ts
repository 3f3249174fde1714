import { promptMessages } from '../../arms';
import { ConfigError, type LongCall } from '../../core';
import { type Label, type LabelFormat, labelName } from '../../labels';
import { loadAdapter } from '../../model/adapters';
import { Generator } from '../../model/generate';
import { encodePrompt } from '../../model/tokens';
import type { ModelHost } from '../model-host';
import { Switched } from '../switched';
import type { ArmStatus } from './arm-status';

/** One text that an arm wrote. */
export interface WrittenText {
  readonly arm: string;
  readonly seed: number | null;
  /** The label's text; null without one. */
  readonly label: string | null;
  readonly prompt: string;
  readonly text: string;
  readonly tokens: number;
  /** Cut at the longest length. */
  readonly truncated: boolean;
  /** Sum over its tokens at temperature 1, nats. */
  readonly logprob: number;
  readonly temperature: number;
  readonly samplingSeed: number;
}

export interface WriteOptions extends LongCall {
  readonly prompt: string;
  readonly arms: readonly ArmStatus[];
  /** Under which labels an arm writes; null: without one. */
  readonly labelsOf: (arm: string) => readonly (Label | null)[];
  readonly format: LabelFormat;
  readonly temperature: number;
  readonly topP: number;
  readonly maxNewTokens: number;
  readonly seed: number;
}

/**
 * The same prompt answered by several arms under several labels. Random numbers depend on the seed and the label alone, so that arms differ in their weights and nothing else.
 * Throws ConfigError for an arm that is not trained, DataError for a prompt that holds a control token.
 */
export async function writeTexts(host: ModelHost, options: WriteOptions): Promise<WrittenText[]> {
  const { prompt, arms, labelsOf, format, temperature, topP, maxNewTokens, seed, signal, onProgress } = options;
  if (prompt.trim() === '') throw new ConfigError('writeTexts: a prompt must have text, got none. Write one.');
  const unready = arms.filter(({ state }) => state !== 'trained' && state !== 'as it came');
  if (unready.length > 0)
    throw new ConfigError(
      `writeTexts: an arm must be trained before it writes, got ${unready.map(({ arm, state }) => `${arm} (${state})`).join(', ')}. Train it first.`,
    );
  const { files } = host;
  // Those with an adapter first: programs that were made for one also run without it.
  const order = [...arms].sort((a, b) => Number(a.path === null) - Number(b.path === null));
  const generators = new Switched(async (adapter) => new Generator(await host.load({ signal, onProgress }), adapter));
  const written: WrittenText[] = [];
  try {
    for (const { arm, seed: trainedWith, path } of order) {
      const adapter = path === null ? null : loadAdapter(`${path}/adapter`, { config: files.config, files });
      const generator = await generators.under(adapter);
      const labels = labelsOf(arm);
      const prompts = labels.map((label) => ({
        id: label?.id ?? 'no label',
        ids: encodePrompt(files.tokenizer, promptMessages(prompt, label, { format })),
      }));
      const completions = await generator.generate(prompts, {
        temperature,
        topP,
        maxNewTokens,
        seed,
        batchSize: prompts.length,
        ...(signal ? { signal } : {}),
        onProgress: (progress) => onProgress?.({ ...progress, what: `write ${arm}`, unit: 'texts', detail: {} }),
      });
      written.push(
        ...completions.map(({ text, tokenIds, truncated, logprob }, at): WrittenText => {
          const label = labels[at];
          return {
            arm,
            seed: trainedWith,
            label: label === null ? null : labelName(label),
            prompt,
            text,
            tokens: tokenIds.length,
            truncated,
            logprob,
            temperature,
            samplingSeed: seed,
          };
        }),
      );
    }
  } finally {
    generators.dispose();
  }
  const place = new Map(arms.map((status, at) => [`${status.arm} ${status.seed}`, at]));
  return written.sort((a, b) => place.get(`${a.arm} ${a.seed}`)! - place.get(`${b.arm} ${b.seed}`)!);
}
