import { z } from 'zod';
import { defineMagic, type Magic } from '../../host';
import { codeOf } from './code-of';
import type { LabSession } from './session';
import { ARMS, CONTROLS, chosenTask, judgeChoiceOf, judgeOptions } from './shared-options';
import { shownHere } from './shown';

const options = z.strictObject({
  ...chosenTask,
  model: z
    .string()
    .optional()
    .describe('Base model: smollm2-135m, tiny (sycophancy), a .gguf file, a Hugging Face folder or hub id.')
    .meta({ placeholder: 'MODEL' }),
  device: z
    .enum(['auto', 'cpu', 'gpu'])
    .optional()
    .describe('Where it computes; gpu is an error where none is usable.'),
  seeds: z
    .array(z.int().min(0))
    .min(1)
    .optional()
    .describe('Training seeds (news: one).')
    .meta({ placeholder: 'SEEDS' }),
  steps: z.int().min(1).optional().describe('Training steps of each arm (steps).'),
  controls: z
    .array(z.enum(CONTROLS))
    .min(1)
    .optional()
    .describe('News: controls beside baseline, MST and shuffled, separated by commas; %arms says what each rules out.')
    .meta({ placeholder: 'CONTROLS' }),
  judge: judgeOptions.judge,
  rubric: judgeOptions.rubric,
  judgeModel: judgeOptions.model,
  batch: judgeOptions.batch,
  budget: judgeOptions.budget,
  repeats: judgeOptions.repeats,
});

export const useMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'use',
    kind: 'line',
    summary: 'Chooses task, preset and settings for the magics that follow; without options says what is in use.',
    options,
    returns: "import('mstlab/experiments').WorkbenchSettings",
    examples: [
      '%use --task sycophancy --preset tiny',
      '%use --seeds 0,1,2',
      '%use --controls irrelevant,inoculation',
      '%use --judge claude --rubric news-bias --budget 2',
      '%use',
    ],
    async run(call) {
      const lab = session.workbench;
      const { presetsOf, settingsText } = await import('../../../src/experiments/index.js');
      const { judge, rubric, judgeModel, batch, budget, repeats, controls, ...experiment } = call.options;
      const choice = judgeChoiceOf({ judge, rubric, model: judgeModel, batch, budget, repeats });
      const change = {
        ...experiment,
        ...(Object.keys(choice).length > 0 ? { judge: choice } : {}),
        ...(controls ? { overrides: { arms: [...ARMS, ...controls] } } : {}),
      };
      const given = Object.values(change).some((value) => value !== undefined);
      const settings = given ? lab.use(change) : lab.settings;
      call.print(`In use: ${settingsText(settings)}. Presets of this task: ${presetsOf(settings.task).join(', ')}.`);
      call.standsFor(given ? `lab.use(${codeOf(change)});` : 'lab.settings');
      return shownHere({ ...settings }, (value) => ({ 'text/plain': settingsText(value) }));
    },
  });
