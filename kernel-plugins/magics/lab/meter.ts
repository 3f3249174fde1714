import { z } from 'zod';
import type { LabArm } from '../../../src/arms';
import type { PolicyName } from '../../../src/experiments';
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
    returns: "import('mstlab/experiments').NewsChannel | readonly import('mstlab/experiments').AnswerChannel[]",
    examples: ['%meter', '%meter --arms untrained,mst,shuffled', '%meter --labels fair,unbiased --topics 24'],
    async run(call) {
      const lab = session.workbench;
      const { labels: names, arms, topics } = call.options;
      const labels = names?.map((name) => lab.label(name));
      const long = { signal: call.signal, onProgress: progressBar() };
      const labelsCode = names?.map((name) => new Code(`lab.label(${JSON.stringify(name)})`));
      if (lab.settings.task === 'sycophancy') {
        const { answerChannels } = await import('../../../src/experiments/index.js');
        const { RandomStream } = await import('../../../src/core/index.js');
        const syco = await lab.sycophancy(long);
        const policies = arms as readonly PolicyName[] | undefined;
        const rows = await syco.ask({ ...long, ...(policies ? { policies } : {}), ...(labels ? { labels } : {}) });
        const channels = answerChannels(rows, new RandomStream(syco.config.dataSeed).fork('answer channel'));
        call.print(channels.map(({ words }) => words).join('\n'));
        call.standsFor(
          `${notebookImport()}import { answerChannels } from 'mstlab/experiments';\nimport { RandomStream } from 'mstlab/core';\n` +
            `const syco = await lab.sycophancy();\nconst rows = await syco.ask(${longCallCode({ policies: arms, labels: labelsCode })});\n` +
            "answerChannels(rows, new RandomStream(syco.config.dataSeed).fork('answer channel')).map(({ words }) => words)",
        );
        return channels;
      }
      const { newsChannel } = await import('../../../src/experiments/index.js');
      const chosen = arms as readonly (LabArm | 'untrained')[] | undefined;
      const channel = await newsChannel(await lab.news(long), { ...long, arms: chosen, labels, topics });
      call.print(channel.words.join('\n'));
      await showChart(lab, channel.figure);
      const kept = await showTable(
        lab,
        channel.frame,
        'Label channel: a row an arm and measure, intervals 95% over topics',
        channel,
      );
      call.standsFor(
        `${notebookImport('showFigure', 'showFrame')}import { newsChannel } from 'mstlab/experiments';\n` +
          `const channel = await newsChannel(await lab.news(), ${longCallCode({ arms, labels: labelsCode, topics })});\n` +
          "console.log(channel.words.join('\\n'));\nawait showFigure(channel.figure);\nawait showFrame(channel.frame);",
      );
      return kept;
    },
  });
