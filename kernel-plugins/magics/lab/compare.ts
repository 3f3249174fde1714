import { z } from 'zod';
import { defineMagic, type Magic, progressBar } from '../../host';
import { codeOf, longCallCode, notebookImport } from './code-of';
import type { LabSession } from './session';
import { choose, chosenTask, LAB_ARM_NAMES, newsMeasure } from './shared-options';
import { showTable } from './shown';

const options = z.strictObject({
  label: z
    .string()
    .describe('Label of the left side.')
    .meta({ positional: 'one', placeholder: 'LABEL', complete: 'labels' }),
  arm: z.enum(LAB_ARM_NAMES).default('mst').describe('Arm of the left side.').meta({ short: 'a', complete: 'arms' }),
  against: z
    .enum(LAB_ARM_NAMES)
    .optional()
    .describe('Arm of the right side; default baseline, which has no label; others stand under the same label.'),
  at: z
    .string()
    .optional()
    .describe('Label of the right side; without --against the arm stays the same.')
    .meta({ complete: 'labels', placeholder: 'LABEL' }),
  measure: newsMeasure,
  ...chosenTask,
});

export const compareMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'compare',
    kind: 'line',
    summary: 'Compares an arm under a label with a control on the same items: paired difference, 95% interval, n.',
    options,
    returns: "import('mstlab/experiments').LabelComparison",
    examples: ['%compare unbiased', '%compare 0 --against shuffled', '%compare fair --at unbiased'],
    async run(call) {
      const lab = session.workbench;
      const { task, preset, label, ...what } = call.options;
      const chosen = choose(lab, call, { task, preset });
      const comparison = await lab.compare(label, { ...what, signal: call.signal, onProgress: progressBar() });
      call.print(
        [
          `${comparison.left} − ${comparison.right}, paired ${comparison.pairing}.`,
          ...comparison.words,
          'p is of this comparison alone: adjust it if you make several.',
        ].join('\n'),
      );
      const kept = await showTable(lab, comparison.frame, `${comparison.left} − ${comparison.right}`, comparison);
      call.standsFor(
        `${notebookImport('showFrame')}${chosen}const comparison = await lab.compare(${codeOf(label)}, ${longCallCode(what)});\n` +
          "console.log(comparison.words.join('\\n'));\nawait showFrame(comparison.frame);",
      );
      return kept;
    },
  });
