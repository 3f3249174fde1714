import type { LongCall } from '../../core';
import type { AdditionOverrides, AdditionPreset } from './config';
import type { RiseVariant } from './rise';
import { SycophancyExperiment } from './sycophancy-experiment';

/** An MST policy that is trained anew with something changed, to see whether the rise at the edge stays. */
export interface TrainedVariant {
  readonly name: string;
  readonly what: string;
  readonly overrides: AdditionOverrides;
}

/**
 * Guesses about the rise, each a training: the label's digits (other encodings), too few strict labels (density), how far the edge lies
 * from training (range), an optimum without a slope (graded reward). `percent-padded` is not among them: from 33% on it is the
 * plain percentage, so that asking that policy under `00%` is the same test for nothing.
 */
export const TRAINED_VARIANTS: readonly TrainedVariant[] = [
  {
    name: 'plain percent',
    what: 'trained with labels of two or three digits, 100% among them',
    overrides: { encoding: 'percent' },
  },
  { name: 'one decimal', what: 'trained with labels such as 66.7%', overrides: { encoding: 'percent-decimal' } },
  { name: 'fraction', what: 'trained with labels such as 0.67', overrides: { encoding: 'fraction' } },
  { name: 'words', what: 'trained with seven words, none to total', overrides: { encoding: 'words' } },
  { name: 'dense at the edge', what: 'half of the draws in the strictest quarter', overrides: { density: 'edge' } },
  { name: 'trained from 20%', what: 's in [0.3, 1.5]', overrides: { trainRange: [0.3, 1.5] } },
  { name: 'trained from 50%', what: 's in [0.75, 1.5]', overrides: { trainRange: [0.75, 1.5] } },
  { name: 'graded reward', what: 'the best answer changes by degrees', overrides: { scheme: 'graded' } },
];

/**
 * Trains the MST arm of each variant, or reads it from disk, and asks it under the labels of the rise alone. `overrides` hold for all
 * of them, a variant's own come on top. Models are opened one after the other. Throws what `train` and `ask` throw.
 */
export async function trainRiseVariants(
  preset: AdditionPreset,
  options: LongCall & {
    readonly variants?: readonly TrainedVariant[];
    readonly overrides?: AdditionOverrides;
    readonly runs?: string;
  } = {},
): Promise<RiseVariant[]> {
  const { variants = TRAINED_VARIANTS, overrides = {}, runs, signal, onProgress } = options;
  const found: RiseVariant[] = [];
  for (const { name, what, overrides: own } of variants) {
    const call: LongCall = {
      signal,
      onProgress: (progress) => onProgress?.({ ...progress, what: `${name}: ${progress.what}` }),
    };
    const changed = { ...overrides, ...own, arms: ['mst' as const] };
    const syco = await SycophancyExperiment.open(preset, changed, { ...call, ...(runs ? { runs } : {}) });
    try {
      await syco.train(call);
      const { edge, inside } = syco.riseVariant(name, what, []);
      const labels = syco.sweep().filter(({ text }) => text === edge || inside.includes(text));
      found.push(syco.riseVariant(name, what, await syco.ask({ ...call, labels, policies: ['mst'] })));
    } finally {
      await syco.dispose();
    }
  }
  return found;
}
