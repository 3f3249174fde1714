import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import { defineMagic, type Magic, progressBar } from '../../host';
import { longCallCode, notebookImport } from './code-of';
import type { LabSession } from './session';
import { ARMS } from './shared-options';
import { showChart, showTable } from './shown';

const options = z.strictObject({
  wording: z
    .array(z.string())
    .optional()
    .describe('One wording; with %%test_wording one a line of the cell.')
    .meta({ positional: 'rest', placeholder: 'TEXT' }),
  reference: z
    .string()
    .optional()
    .describe('The wording to beat; default that of the label set for the deployment label.')
    .meta({ placeholder: 'TEXT' }),
  budgetSeconds: z.number().gt(0).optional().describe('Time to aim at (seconds); default 60.').meta({ short: 'b' }),
  finalists: z.int().min(1).optional().describe('Wordings that are confirmed on fresh topics; default 2.'),
  arm: z.enum(ARMS).optional().describe('The arm that is asked; default mst.').meta({ short: 'a', complete: 'arms' }),
});

export const testWordingMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'test_wording',
    kind: 'either',
    summary:
      'Pilots wordings of the deployment label, halves them round by round, and confirms the best on fresh topics against a reference.',
    options,
    returns: "import('mstlab/experiments').WordingTest",
    examples: [
      '%test_wording gives both sides the same room',
      '%%test_wording --budget-seconds 60',
      '%%test_wording --reference "takes no side" --finalists 1',
    ],
    async run(call) {
      const lab = session.workbench;
      const { wording = [], ...how } = call.options;
      const lines = (call.body ?? '')
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
      const wordings = wording.length > 0 ? [wording.join(' '), ...lines] : lines;
      if (wordings.length === 0)
        throw new ConfigError(
          '%test_wording: it must be given a wording, got none. Write one after %test_wording, or one a line below %%test_wording.',
        );
      if (lab.settings.task !== 'news')
        throw new ConfigError(
          `%test_wording: it measures by the likelihood of slanted texts, which the news task has, got task ${lab.settings.task}. Choose it with %use --task news.`,
        );
      const { testWordings } = await import('../../../src/experiments/index.js');
      const onProgress = progressBar();
      const news = await lab.news({ signal: call.signal, onProgress });
      const found = await testWordings(news, { ...how, wordings, signal: call.signal, onProgress });
      call.print(found.words.join('\n'));
      await showChart(lab, found.figure);
      const kept = await showTable(
        lab,
        found.frame,
        `Wordings beside “${found.reference.text}”: pilot (exploratory) and confirmation, ${Math.round(found.seconds)} s`,
        found,
      );
      call.standsFor(
        `${notebookImport('showFigure', 'showFrame')}import { testWordings } from 'mstlab/experiments';\n` +
          `const found = await testWordings(await lab.news(), ${longCallCode({ wordings, ...how })});\n` +
          "console.log(found.words.join('\\n'));\nawait showFigure(found.figure);\nawait showFrame(found.frame);",
      );
      return kept;
    },
  });
