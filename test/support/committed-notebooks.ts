import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ParameterValue } from '../../kernel-plugins/notebook-runner';

const ROOT = join(__dirname, '../../notebooks');

/** Every notebook of the repository, by its path below `notebooks/`, in order. */
export function committedNotebooks(): string[] {
  const below = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name.startsWith('.') ? [] : below(path);
      return entry.name.endsWith('.ipynb') ? [relative(ROOT, path)] : [];
    });
  return below(ROOT).sort();
}

export const notebookPath = (name: string): string => join(ROOT, name);

/** Parameters with which a notebook runs through in a minute or so; those without an entry do as they are. */
export const SMOKE_PARAMETERS: Readonly<Record<string, Readonly<Record<string, ParameterValue>>>> = {
  'experiments/01-news.ipynb': { preset: 'smoke', seedList: '0', controlList: '' },
  'experiments/02-sycophancy.ipynb': { preset: 'smoke', smallPreset: 'smoke', seeds: '1,2,3' },
  'guide/01-quickstart.ipynb': { preset: 'smoke' },
  'guide/02-what-a-label-is.ipynb': { preset: 'smoke' },
  'guide/04-reading-a-dose-response.ipynb': { preset: 'smoke', simulations: 60 },
  'guide/05-judging-blind.ipynb': { topics: 12 },
  'guide/06-your-own-wording.ipynb': { preset: 'smoke', budgetSeconds: 2 },
  'guide/07-your-own-task.ipynb': { preset: 'smoke' },
  'guide/09-a-collapse.ipynb': { preset: 'smoke' },
  'internals/05-where-the-time-goes.ipynb': { layers: 2, rowsPerStep: 2 },
};
