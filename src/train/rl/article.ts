import type { ArticleDifference } from '../sft';
import { type RlConfig, resolveRlConfig } from './config';

/** Settings of the article that are no fields of a config, or that the preset reads in one of several ways. */
const ALWAYS: readonly ArticleDifference[] = [
  { what: 'lora.dropout', article: '0.05', here: '0: with dropout no ratio is 1 before the first update' },
  {
    what: 'log-probabilities',
    article: 'not told; TRL up to 0.11 takes them at temperature 1 whatever the sampling temperature',
    here: 'at the sampling temperature, in sampling and in training',
  },
];

/**
 * What training with this config does otherwise than the article's addition experiment (preset `paper`), to be printed beside a
 * result. Seeds and how often something is saved or measured are left out.
 */
export function rlArticleDifferences(config: RlConfig): ArticleDifference[] {
  const paper = leaves(resolveRlConfig('paper').config);
  const own = leaves(config);
  return [
    ...Object.entries(paper).flatMap(([what, article]) =>
      MEASURED.has(what) || article === own[what] ? [] : [{ what, article, here: own[what] }],
    ),
    { what: 'optimiser', article: 'not told', here: config.optimiser },
    ...ALWAYS,
  ];
}

/** Fields that change no number of the policy, and those that are told in words. */
const MEASURED = new Set([
  'optimiser',
  'kl.logEvery',
  'xla',
  'probeEvery',
  'alarmBelow',
  'stopWhenCollapsed',
  'checkpointEvery',
  'lora.dropout',
]);

/** Every setting as text, `kl.coefficient` for one inside another. */
function leaves(config: RlConfig): Record<string, string> {
  const text = (value: unknown): string => (Array.isArray(value) ? [...value].sort().join(', ') : String(value));
  const isNested = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  return Object.fromEntries(
    Object.entries(config).flatMap(([field, value]) =>
      isNested(value)
        ? Object.entries(value).map(([inner, deep]) => [`${field}.${inner}`, text(deep)])
        : [[field, text(value)]],
    ),
  );
}
