import { type Figure, leaderboard } from '../../analysis/charts';
import type { WordingTest } from './types';

/** Every candidate by its shrunk pilot, finalists with their confirmation beside it. */
export function wordingFigure(
  { wordings, pilot, confirmed, reference }: Pick<WordingTest, 'wordings' | 'pilot' | 'confirmed' | 'reference'>,
  arm: string,
  better: 'lower' | 'higher',
): Figure {
  const textOf = new Map(wordings.map(({ name, text }) => [name, text]));
  const own = confirmed.filter((one) => one.arm === arm);
  const found = own.filter(({ finding }) => finding === 'better');
  return leaderboard({
    rows: pilot.map(({ name, mean, shrunk, topics }) => ({
      name: `${name}: ${textOf.get(name)}`,
      pilot: topics === 0 ? null : mean,
      shrunk,
      confirmed: own.find((one) => one.name === name)?.difference ?? null,
    })),
    better,
    title:
      found.length > 0
        ? `${found.map(({ name }) => name).join(' and ')} ${found.length === 1 ? 'beats' : 'beat'} the reference on fresh topics`
        : 'No wording is shown to beat the reference',
    measure: `contrast log-odds minus those of the reference (nats), arm ${arm}`,
    note: `reference: “${reference.text}”; open circles are pilots, small dots the pilots drawn toward their mean, diamonds the confirmation on fresh topics`,
  });
}
