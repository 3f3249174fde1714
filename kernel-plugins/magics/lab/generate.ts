import { z } from 'zod';
import type { WrittenText } from '../../../src/experiments';
import { defineMagic, type Magic, progressBar } from '../../host';
import { showTexts } from '../../host/show';
import { longCallCode, notebookImport } from './code-of';
import type { LabSession } from './session';
import { choose, chosenTask, labelNames, policyNames } from './shared-options';
import { framed, shownHere } from './shown';

const options = z.strictObject({
  prompt: z
    .array(z.string())
    .optional()
    .describe(
      'What the model is asked; with %%generate the text of the cell. Default: the first item that is asked after training.',
    )
    .meta({ positional: 'rest', placeholder: 'PROMPT' }),
  arms: policyNames,
  labels: labelNames.describe(
    'Labels of the arms that were trained with labels; default: the deployment label, or 0%.',
  ),
  temperature: z
    .number()
    .min(0)
    .optional()
    .describe('0 takes the likeliest token; default: that of the preset.')
    .meta({ short: 'T' }),
  maxTokens: z.int().min(1).optional().describe('Longest text (tokens).').meta({ short: 'n' }),
  seed: z.int().min(0).optional().describe('Seed of the sampling.').meta({ short: 's' }),
  ...chosenTask,
});

/** Columns of one row of texts: more would be too narrow to read. */
const ACROSS = 3;

export const generateMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'generate',
    kind: 'either',
    summary: 'Has several arms, under several labels, answer one prompt, side by side.',
    options,
    returns: "readonly import('mstlab/experiments').WrittenText[]",
    examples: [
      '%generate',
      '%generate "Write a brief about a strike." --arms baseline,mst --labels unbiased,strong_left',
      '%%generate --arms mst',
    ],
    async run(call) {
      const lab = session.workbench;
      const { task, preset, prompt: words = [], ...what } = call.options;
      const chosen = choose(lab, call, { task, preset });
      const prompt = call.body?.trim() || words.join(' ') || undefined;
      const texts = await lab.generate({ prompt, ...what, signal: call.signal, onProgress: progressBar() });
      for (let from = 0; from < texts.length; from += ACROSS)
        await showTexts(texts.slice(from, from + ACROSS).map(shownText), {
          caption: from === 0 ? texts[0].prompt : undefined,
        });
      lab.remember(await framed(texts.map(rowOf)));
      call.standsFor(
        `${notebookImport('showTexts')}${chosen}const texts = await lab.generate(${longCallCode({ prompt, ...what })});\n` +
          "await showTexts(texts.map(({ arm, label, text }) => ({ heading: `${arm} under ${label ?? 'no label'}`, text })));",
      );
      return shownHere([...texts], async (value) => {
        const { textsBundle } = await import('../../mime/texts-bundle.js');
        return textsBundle(value.map(shownText), { caption: value[0]?.prompt });
      });
    },
  });

function shownText({ arm, seed, label, text, tokens, truncated, logprob, temperature, samplingSeed }: WrittenText) {
  const name = arm === 'mst' ? 'MST' : arm;
  return {
    heading: `${name}${seed ? `, seed ${seed},` : ''} ${label === null ? 'without label' : `under ${label}`}`,
    text,
    note: `${tokens} tokens${truncated ? ', cut at the longest length' : ''}; log p ${logprob.toFixed(1)} nats; temperature ${temperature}, sampling seed ${samplingSeed}`,
  };
}

function rowOf(written: WrittenText) {
  const { logprob, samplingSeed, ...rest } = written;
  return { ...rest, logprob_nats: logprob, sampling_seed: samplingSeed };
}
