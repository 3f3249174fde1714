import { z } from 'zod';
import type { UseOptions, Workbench } from '../../../src/experiments';
import type { MagicCall } from '../../host';
import { codeOf } from './code-of';

/** Names that schemas list without loading the experiments; a test holds them to the library's own. */
export const TASKS = ['news', 'sycophancy'] as const;
export const ARMS = ['baseline', 'mst', 'shuffled'] as const;
export const POLICIES = [...ARMS, 'warm-start', 'untrained'] as const;
export const MEASURES = ['both', 'contrast', 'judged'] as const;

export const chosenTask = {
  task: z
    .enum(TASKS)
    .optional()
    .describe('Task of this and of the following magics.')
    .meta({ short: 't', complete: 'tasks' }),
  preset: z
    .string()
    .optional()
    .describe('Preset of this and of the following magics.')
    .meta({ short: 'p', complete: 'presets', placeholder: 'PRESET' }),
};

export const policyNames = z
  .array(z.enum(POLICIES))
  .min(1)
  .optional()
  .describe('Arms to ask, separated by commas; default: those that are trained.')
  .meta({ short: 'a', complete: 'arms' });

export const labelNames = z
  .array(z.string())
  .min(1)
  .optional()
  .describe('Labels by name, separated by commas; default: the label sweep.')
  .meta({ short: 'l', complete: 'labels', placeholder: 'LABELS' });

export const newsMeasure = z
  .enum(MEASURES)
  .optional()
  .describe('News: likelihood of given texts (contrast), texts written and judged, or both (default).')
  .meta({ short: 'm' });

/** Makes the choices that a line holds and says so; gives the code that does the same, empty where nothing is chosen. */
export function choose(lab: Workbench, call: Pick<MagicCall<never>, 'print'>, change: UseOptions): string {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as UseOptions;
  if (Object.keys(given).length === 0) return '';
  const { task, preset } = lab.use(given);
  call.print(`In use: ${task}, preset ${preset}.`);
  return `lab.use(${codeOf(given)});\n`;
}
