import type { FamilySpec } from './family-spec';
import { llama } from './llama';
import { qwen2 } from './qwen2';
import { qwen3 } from './qwen3';

export type { FamilySpec, HuggingFaceFacts } from './family-spec';

export const FAMILY_NAMES = ['llama', 'qwen2', 'qwen3'] as const;
export type FamilyName = (typeof FAMILY_NAMES)[number];

/** Every family there is: a name without a file of its own, or a file without a name, does not compile. */
export const FAMILY_SPECS: Readonly<Record<FamilyName, FamilySpec>> = { llama, qwen2, qwen3 };
