import { z } from 'zod';
import { ConfigError } from '../../core';
import { PROJECTIONS } from '../families';

/** The form of a low-rank adapter: y = x·Wᵀ + s·dropout(x)·Aᵀ·Bᵀ, s = alpha/rank, or alpha/√rank with rsLora. */
export const loraConfigSchema = z.strictObject({
  rank: z.int().min(1).describe('Rank R of the update of each projection (count).'),
  alpha: z
    .number()
    .positive()
    .describe('Strength of the update: scale = alpha / rank, or alpha / √rank with rsLora (number).'),
  dropout: z
    .number()
    .min(0)
    .max(0.95)
    .default(0)
    .describe("Share of the adapter path's inputs zeroed in training (0 to 0.95)."),
  targets: z
    .array(z.enum(PROJECTIONS))
    .min(1)
    .refine((targets) => new Set(targets).size === targets.length, 'each projection may stand once')
    .describe('Projections that carry an adapter, in every layer (names).'),
  rsLora: z.boolean().default(false).describe('Rank-stabilised scale alpha/√rank (yes or no).'),
});

export type LoraConfig = Readonly<z.output<typeof loraConfigSchema>>;
export type LoraConfigInput = z.input<typeof loraConfigSchema>;

/** Checks a config and fills in defaults. Throws ConfigError with every problem in one message. */
export function resolveLoraConfig(config: LoraConfigInput): LoraConfig {
  const parsed = loraConfigSchema.safeParse(config);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`)
    .join('; ');
  throw new ConfigError(
    `resolveLoraConfig: the adapter's config must be valid, got ${problems}. Correct these fields.`,
  );
}

/** The factor s of the update. Source: Hu et al. 2021; with rsLora, Kalajdzievski 2023, arXiv:2312.03732. */
export function loraScale(config: Pick<LoraConfig, 'rank' | 'alpha' | 'rsLora'>): number {
  return config.alpha / (config.rsLora ? Math.sqrt(config.rank) : config.rank);
}
