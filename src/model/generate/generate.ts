import type { Adapter } from '../adapters';
import type { LoadedModel } from '../families';
import { Generator } from './generator';
import type { Completion, GenerateOptions, Prompt } from './types';

/** `generator.generate` for one call. For several calls keep a Generator: making its programs takes seconds. */
export async function generate(
  model: LoadedModel,
  adapter: Adapter | null,
  prompts: readonly Prompt[],
  options: GenerateOptions,
): Promise<Completion[]> {
  const generator = new Generator(model, adapter);
  try {
    return await generator.generate(prompts, options);
  } finally {
    generator.dispose();
  }
}
