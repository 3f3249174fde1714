import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import type { Judgement } from '../../../src/judge';
import { defineMagic, type Magic } from '../../host';
import { codeOf } from './code-of';
import type { LabSession } from './session';
import { framed, showTable } from './shown';

const options = z.strictObject({
  text: z
    .array(z.string())
    .optional()
    .describe('Text to judge; with %%judge the text of the cell.')
    .meta({ positional: 'rest', placeholder: 'TEXT' }),
  rows: z
    .boolean()
    .default(false)
    .describe('Judges the texts that a sweep or %generate wrote last.')
    .meta({ short: 'r' }),
  judge: z.enum(['offline']).default('offline').describe('Who judges; the offline judge is the only one there is.'),
});

/** Characters of a text that the table shows. */
const SHOWN_CHARACTERS = 160;

export const judgeMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'judge',
    kind: 'either',
    summary: 'Has the offline judge, a proxy, grade the bias of a text from 0 to 10.',
    options,
    returns: "import('mstlab/judge').Judgement[]",
    examples: ['%judge The heartless bosses robbed the workers once more.', '%%judge', '%judge --rows'],
    async run(call) {
      const lab = session.workbench;
      const { rows, text: words = [] } = call.options;
      const text = call.body?.trim() || words.join(' ');
      if (rows === (text !== ''))
        throw new ConfigError(
          `%judge: it must be given a text or --rows, got ${rows ? 'both' : 'neither'}. Write the text after %judge, below %%judge, or leave it out for --rows.`,
        );
      if (rows && lab.lastTexts.length === 0)
        throw new ConfigError(
          '%judge: --rows needs texts that were written, got none in this session. Run %generate, or %sweep on news with --measure judged.',
        );
      const texts = rows ? lab.lastTexts : [text];
      const judgements = lab.judge(texts);
      call.print(
        `PROXY: ${judgements[0].judge} is a linear model of style; it knows the words of its training texts and no facts.`,
      );
      const frame = await framed(judgements.map((judgement, at) => rowOf(judgement, texts[at])));
      const kept = await showTable(
        lab,
        frame,
        `Offline judge (proxy), ${texts.length} ${texts.length === 1 ? 'text' : 'texts'}`,
        judgements,
      );
      call.standsFor(rows ? 'const judgements = lab.judge();' : `const judgements = lab.judge([${codeOf(text)}]);`);
      return kept;
    },
  });

function rowOf({ magnitude0to10, direction, verdict, indicators, flags, reason }: Judgement, text: string) {
  const start = [...text];
  const moved = indicators.map(({ phrase, weight, note }) =>
    weight === null
      ? `“${phrase}”${note === null ? '' : ` (${note})`}`
      : `${phrase} ${weight < 0 ? '−' : '+'}${Math.abs(weight).toFixed(2)}`,
  );
  return {
    text: start.length > SHOWN_CHARACTERS ? `${start.slice(0, SHOWN_CHARACTERS).join('')}…` : text,
    magnitude_0_to_10: magnitude0to10,
    direction,
    verdict,
    moved_by: moved.join(', '),
    flags: flags.join(', '),
    missing_reason: reason,
  };
}
