import type { MeasuredCondition } from '../../../src/experiments';
import { conditionName } from '../../../src/experiments';
import { summarise } from '../../../src/experiments/news/summary';

/** MST and shuffled against the baseline, and MST against shuffled under the same label. */
export function pairsOfSweep(measured: readonly MeasuredCondition[]): (readonly [string, string])[] {
  const names = measured.map(({ condition }) => conditionName(condition));
  return [
    ...names.filter((name) => name !== 'baseline/none').map((name) => [name, 'baseline/none'] as const),
    ...names.filter((name) => name.startsWith('mst')).map((name) => [name, name.replace('mst', 'shuffled')] as const),
  ];
}

export const summariseOne = (seed: number) => (measured: readonly MeasuredCondition[]) =>
  summarise(measured, pairsOfSweep(measured), seed);
