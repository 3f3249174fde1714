import { z } from 'zod';
import type { LabArm } from '../../../src/arms';
import type { MeterReport, PolicyName } from '../../../src/experiments';
import { defineMagic, type Magic, progressBar } from '../../host';
import { Code, longCallCode, notebookImport } from './code-of';
import type { LabSession } from './session';
import { labelNames, policyNames } from './shared-options';
import { showChart, showTable } from './shown';

const options = z.strictObject({
  labels: labelNames,
  arms: policyNames,
  topics: z.int().min(8).optional().describe('News: calibration topics to read (topics); default 8.'),
});

export const meterMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'meter',
    kind: 'line',
    summary:
      'Does a model read its label? The same given texts, or forced answers, under every label; nothing is sampled and nobody judges.',
    options,
    returns: "import('mstlab/experiments').MeterReport",
    examples: ['%meter', '%meter --arms untrained,mst,shuffled', '%meter --labels fair,unbiased --topics 24'],
    async run(call) {
      const lab = session.workbench;
      const { labels: names, arms, topics } = call.options;
      const labels = names?.map((name) => lab.label(name));
      const long = { signal: call.signal, onProgress: progressBar() };
      const labelsCode = names?.map((name) => new Code(`lab.label(${JSON.stringify(name)})`));
      const show = async <M extends MeterReport>(meter: M, over: string): Promise<M> => {
        call.print(meter.words.join('\n'));
        await showChart(lab, meter.figure);
        return showTable(lab, meter.frame, `Label channel: a row an arm and measure, intervals 95% ${over}`, meter);
      };
      if (lab.settings.task === 'sycophancy') {
        const { sycophancyMeter } = await import('../../../src/experiments/index.js');
        const policies = arms as readonly PolicyName[] | undefined;
        const meter = await sycophancyMeter(await lab.sycophancy(long), {
          ...long,
          ...(policies ? { policies } : {}),
          ...(labels ? { labels } : {}),
        });
        call.standsFor(
          readCode(`sycophancyMeter(await lab.sycophancy(), ${longCallCode({ policies: arms, labels: labelsCode })})`),
        );
        return show(meter, 'over operand pairs');
      }
      const { newsChannel } = await import('../../../src/experiments/index.js');
      const chosen = arms as readonly (LabArm | 'untrained')[] | undefined;
      const channel = await newsChannel(await lab.news(long), { ...long, arms: chosen, labels, topics });
      call.standsFor(readCode(`newsChannel(await lab.news(), ${longCallCode({ arms, labels: labelsCode, topics })})`));
      return show(channel, 'over topics');
    },
  });

/** The cell that stands for the magic. */
function readCode(meter: string): string {
  const reader = meter.slice(0, meter.indexOf('('));
  return (
    `${notebookImport('showFigure', 'showFrame')}import { ${reader} } from 'mstlab/experiments';\n` +
    `const meter = await ${meter};\n` +
    "console.log(meter.words.join('\\n'));\nawait showFigure(meter.figure);\nawait showFrame(meter.frame);"
  );
}
