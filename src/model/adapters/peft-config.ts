import { z } from 'zod';
import { FileFormatError } from '../../core';
import { PROJECTIONS } from '../families';
import type { LoraConfig } from './lora-config';

/** The text of `adapter_config.json` as PEFT writes it: indent 2, keys sorted. `baseModel` is a name or path. */
export function peftConfigText(config: LoraConfig, baseModel: string): string {
  const fields: Record<string, unknown> = {
    alpha_pattern: {},
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    modules_to_save: null,
    peft_type: 'LORA',
    r: config.rank,
    rank_pattern: {},
    revision: null,
    target_modules: [...config.targets].sort(),
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: config.rsLora,
  };
  const sorted = Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify(sorted, null, 2)}`;
}

const empty = z.record(z.string(), z.unknown()).refine((value) => Object.keys(value).length === 0, 'must be empty');

/** What we support of PEFT's config; other keys are let through, since each PEFT version adds some. */
const peftConfigSchema = z.object({
  peft_type: z.literal('LORA'),
  target_modules: z.union([z.array(z.string()).min(1), z.string()]),
  r: z.int().min(1).default(8),
  lora_alpha: z.number().positive().default(8),
  lora_dropout: z.number().min(0).default(0),
  use_rslora: z.boolean().nullish(),
  use_dora: z.literal(false, { error: 'DoRA is not supported' }).nullish(),
  fan_in_fan_out: z.literal(false, { error: 'transposed weights are not supported' }).nullish(),
  bias: z.literal('none', { error: 'trained biases are not supported' }).nullish(),
  modules_to_save: z.union([z.null(), z.array(z.string()).max(0, 'modules saved whole are not supported')]).optional(),
  layers_to_transform: z.null({ error: 'adapters on some layers only are not supported' }).optional(),
  rank_pattern: empty.nullish(),
  alpha_pattern: empty.nullish(),
  base_model_name_or_path: z.string().nullish(),
});

/** Reads `adapter_config.json`. Throws FileFormatError naming every field that is missing or not supported. */
export function parsePeftConfig(text: string, path: string): { config: LoraConfig; baseModel: string | null } {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new FileFormatError(
      `loadAdapter: the adapter's config must be JSON, got ${(cause as Error).message} (${path}). Save the adapter again.`,
      { cause },
    );
  }
  const parsed = peftConfigSchema.safeParse(raw);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`)
      .join('; ');
    throw new FileFormatError(
      `loadAdapter: adapter_config.json must be that of a plain LoRA adapter, got ${problems} (${path}). Use an adapter of that kind.`,
    );
  }
  const fields = parsed.data;
  const named = typeof fields.target_modules === 'string' ? [fields.target_modules] : fields.target_modules;
  const names = named.includes('all-linear') ? [...PROJECTIONS] : named;
  const unknown = names.filter((name) => !(PROJECTIONS as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new FileFormatError(
      `loadAdapter: target_modules must be among ${PROJECTIONS.join(', ')}, got ${unknown.join(', ')} (${path}). ` +
        'Use an adapter on these projections.',
    );
  const config: LoraConfig = {
    rank: fields.r,
    alpha: fields.lora_alpha,
    dropout: fields.lora_dropout,
    targets: PROJECTIONS.filter((name) => names.includes(name)),
    rsLora: fields.use_rslora ?? false,
  };
  return { config, baseModel: fields.base_model_name_or_path ?? null };
}
