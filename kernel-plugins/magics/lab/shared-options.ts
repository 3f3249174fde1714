import { z } from 'zod';
import { CONTROL_NAMES } from '../../../src/arms/types';
import type { JudgeChoice, UseOptions, Workbench } from '../../../src/experiments';
import type { MagicCall } from '../../host';
import { codeOf } from './code-of';

/** Names that schemas list without loading the experiments; a test holds them to the library's own. */
export const TASKS = ['news', 'sycophancy'] as const;
export const ARMS = ['baseline', 'mst', 'shuffled'] as const;
export const CONTROLS = CONTROL_NAMES;
/** Arms, and the controls of the news task. */
export const LAB_ARM_NAMES = [...ARMS, ...CONTROLS] as const;
export const POLICIES = [...LAB_ARM_NAMES, 'warm-start', 'untrained'] as const;
export const MEASURES = ['both', 'contrast', 'judged'] as const;

export const JUDGES = ['offline', 'claude'] as const;

/** Who judges, and what that may cost. */
export const judgeOptions = {
  judge: z
    .enum(JUDGES)
    .optional()
    .describe('Who judges: the offline judge, a proxy that is free, or claude, which needs a key and costs money.')
    .meta({ short: 'j' }),
  rubric: z
    .string()
    .optional()
    .describe('Rubric of the Claude judge: an id or a file; default news-bias.')
    .meta({ placeholder: 'RUBRIC', complete: 'rubrics' }),
  model: z
    .string()
    .optional()
    .describe('Claude model of the judge; default that of the models file.')
    .meta({ placeholder: 'MODEL', complete: 'models' }),
  batch: z
    .boolean()
    .default(false)
    .describe('Half the price, within 24 hours; run the line again to collect what has come.'),
  budget: z
    .number()
    .gt(0)
    .optional()
    .describe('The most that one call may spend, US dollars; default 1.')
    .meta({ placeholder: 'USD' }),
  repeats: z.int().min(1).optional().describe('Independent judgements of each text, averaged.'),
};

/** The choice of a judge that a line holds. Options of the Claude judge choose it. */
export function judgeChoiceOf(given: {
  readonly judge?: 'offline' | 'claude';
  readonly rubric?: string;
  readonly model?: string;
  readonly batch: boolean;
  readonly budget?: number;
  readonly repeats?: number;
}): JudgeChoice {
  const { judge, rubric, model, batch, budget, repeats } = given;
  const choice = {
    judge,
    rubric,
    model,
    ...(batch ? { mode: 'batch' as const } : {}),
    budgetUsd: budget,
    repeats,
  };
  return Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== undefined)) as JudgeChoice;
}

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
