import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import type { PolicyName } from '../../../src/experiments';
import { defineMagic, type Magic, progressBar } from '../../host';
import { Code, longCallCode, notebookImport } from './code-of';
import type { LabSession } from './session';
import { choose, chosenTask, labelNames, POLICIES } from './shared-options';
import { showChart, showTable } from './shown';

const options = z.strictObject({
  arms: z
    .array(z.enum(POLICIES))
    .default(['mst'])
    .describe('Arms to read, one after another; default mst.')
    .meta({ positional: 'rest', placeholder: 'ARM', complete: 'arms' }),
  labels: labelNames,
  ...chosenTask,
});

export const doseMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'dose',
    kind: 'line',
    summary:
      'The dose-response of arms over the numeric scale of labels: trend, steps against it, shape, turn at the lowest label, with a band that holds the whole curve.',
    options,
    returns: "readonly import('mstlab/experiments').DoseResponse[]",
    examples: ['%dose', 'const doses = %dose mst shuffled', '%dose --labels 0,10,20,33,50,75,100'],
    async run(call) {
      const lab = session.workbench;
      const { task, preset, labels, ...given } = call.options;
      const arms = (given.arms.length === 0 ? ['mst'] : given.arms) as PolicyName[];
      const chosen = choose(lab, call, { task, preset });
      if (lab.settings.task !== 'sycophancy')
        throw new ConfigError(
          `%dose: a dose-response needs labels on a numeric scale, which the sycophancy task has, got task ${lab.settings.task}. Use %dose --task sycophancy, or %sweep here.`,
        );
      const { doseFrame, sycophancyDose } = await import('../../../src/experiments/index.js');
      const long = { signal: call.signal, onProgress: progressBar() };
      const sweep = await lab.sweep({ ...long, arms, ...(labels ? { labels } : {}) });
      if (sweep.task !== 'sycophancy') return [];
      const syco = await lab.sycophancy(long);
      const doses = arms.map((arm) => sycophancyDose(syco, sweep.rows, { arm }));
      call.print(doses.flatMap(({ words }) => words).join('\n'));
      for (const { figure } of doses) await showChart(lab, figure);
      const kept = await showTable(
        lab,
        doseFrame(doses),
        'Dose-response: a row an arm and label, simultaneous 95% band over operand pairs',
        doses,
      );
      const armsCode = arms.map((arm) => new Code(`sycophancyDose(syco, sweep.rows, { arm: ${JSON.stringify(arm)} })`));
      call.standsFor(
        `${notebookImport('showFigure', 'showFrame')}import { doseFrame, sycophancyDose } from 'mstlab/experiments';\n${chosen}` +
          `const sweep = await lab.sweep(${longCallCode({ arms, labels })});\nconst syco = await lab.sycophancy();\n` +
          `const doses = sweep.task === 'sycophancy' ? [${armsCode.map(({ text }) => text).join(', ')}] : [];\n` +
          "for (const { words, figure } of doses) {\n  console.log(words.join('\\n'));\n  await showFigure(figure);\n}\nawait showFrame(doseFrame(doses));",
      );
      return kept;
    },
  });
