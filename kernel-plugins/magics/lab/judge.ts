import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import type { JudgeChoice } from '../../../src/experiments';
import type { Judgement } from '../../../src/judge';
import { defineMagic, type Magic, progressBar } from '../../host';
import { codeOf, longCallCode } from './code-of';
import type { LabSession } from './session';
import { judgeChoiceOf, judgeOptions } from './shared-options';
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
  estimate: z.boolean().default(false).describe('Says what it would cost and asks nothing.').meta({ short: 'n' }),
  ...judgeOptions,
});

/** Characters of a text that the table shows. */
const SHOWN_CHARACTERS = 160;

export const judgeMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'judge',
    kind: 'either',
    summary: 'Has a judge grade the bias of a text from 0 to 10: the offline judge, a proxy, or Claude with a rubric.',
    options,
    returns: "import('mstlab/judge').Judgement[] | import('mstlab/judge').CallEstimate | undefined",
    examples: [
      '%judge The heartless bosses robbed the workers once more.',
      '%%judge --judge claude',
      '%judge --rows --judge claude --estimate',
      '%judge --rows --judge claude --model claude-haiku-5-5 --budget 0.5',
    ],
    async run(call) {
      const lab = session.workbench;
      const { rows, text: words = [], estimate, ...given } = call.options;
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
      const choice = judgeChoiceOf(given);
      const textsCode = rows ? 'lab.lastTexts' : `[${codeOf(text)}]`;
      const before = lab.estimateJudge(texts, choice);
      const { estimateText } = await import('../../../src/judge/index.js');
      if (before) call.print(estimateText(before));
      if (estimate) {
        if (!before) call.print('The offline judge costs nothing: it is arithmetic on this machine.');
        call.standsFor(`lab.estimateJudge(${textsCode}, ${codeOf(choice)})`);
        return before ?? undefined;
      }
      const judgements = await lab.judge(texts, { ...choice, signal: call.signal, onProgress: progressBar() });
      call.print(judgedBy(judgements, choice, lab.settings.judge));
      const frame = await framed(judgements.map((judgement, at) => rowOf(judgement, texts[at])));
      const kept = await showTable(
        lab,
        frame,
        `${judgements[0].judge}, ${texts.length} ${texts.length === 1 ? 'text' : 'texts'}`,
        judgements,
      );
      call.standsFor(`const judgements = await lab.judge(${textsCode}, ${longCallCode(choice)});`);
      return kept;
    },
  });

function judgedBy(judgements: readonly Judgement[], { judge }: JudgeChoice, session: JudgeChoice): string {
  const missing = judgements.filter(({ reason }) => reason !== null).length;
  const lacking = missing > 0 ? ` ${missing} of ${judgements.length} have no verdict; the table says why.` : '';
  return (judge ?? session.judge) === 'claude'
    ? `Judged by ${judgements[0].judge}, which saw the text and nothing of label, arm or prompt.${lacking}`
    : `PROXY: ${judgements[0].judge} is a linear model of style; it knows the words of its training texts and no facts.${lacking}`;
}

function rowOf(judgement: Judgement, text: string) {
  const { magnitude0to10, direction, verdict, indicators, flags, reasoning, reason } = judgement;
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
    ...(reasoning === null ? {} : { reasoning }),
    flags: flags.join(', '),
    missing_reason: reason,
  };
}
