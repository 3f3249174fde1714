import { z } from 'zod';
import { defineMagic, type Magic, progressBar } from '../../host';
import { longCallCode, notebookImport } from './code-of';
import type { LabSession } from './session';
import { choose, chosenTask, labelNames, newsMeasure, policyNames } from './shared-options';
import { showChart, showTable } from './shown';

const options = z.strictObject({ labels: labelNames, arms: policyNames, measure: newsMeasure, ...chosenTask });

export const sweepMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'sweep',
    kind: 'line',
    summary:
      'Asks trained arms under labels and shows how behaviour moves with the label; what was asked before is read from disk.',
    options,
    returns: "import('mstlab/experiments').Sweep",
    examples: [
      '%sweep',
      'const sweep = %sweep --labels 0,10,25 --arms mst,shuffled',
      '%sweep --labels fair,unbiased --measure contrast',
    ],
    async run(call) {
      const lab = session.workbench;
      const { task, preset, ...what } = call.options;
      const chosen = choose(lab, call, { task, preset });
      const sweep = await lab.sweep({ ...what, signal: call.signal, onProgress: progressBar() });
      for (const figure of sweep.figures) await showChart(lab, figure);
      if (sweep.figures.length === 0)
        call.print(
          'No chart: a wording of one’s own has no place on the scale, or there is no baseline to differ from. The table has the numbers.',
        );
      if (sweep.task === 'news' && sweep.rows.length > 0)
        call.print(
          lab.settings.judge.judge === 'claude'
            ? `Judged by ${sweep.rows[0].judge}, which saw the texts and no label.`
            : 'Judged bias is a PROXY: the offline judge, a linear model of style.',
        );
      const unit =
        sweep.task === 'news'
          ? 'a row a condition, intervals 95% over topics'
          : 'a row a policy and label, intervals 95% over operand pairs';
      const kept = await showTable(lab, sweep.frame, `Label sweep, ${lab.settings.task}: ${unit}`, sweep);
      call.standsFor(
        `${notebookImport('showFigure', 'showFrame')}${chosen}const sweep = await lab.sweep(${longCallCode(what)});\n` +
          'for (const figure of sweep.figures) await showFigure(figure);\nawait showFrame(sweep.frame);',
      );
      return kept;
    },
  });
