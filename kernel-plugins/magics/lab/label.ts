import { z } from 'zod';
import { SCALE_ENCODINGS } from '../../../src/labels';
import { defineMagic, type Magic, progressBar } from '../../host';
import { codeOf, longCallCode, notebookImport } from './code-of';
import type { LabSession } from './session';
import { choose, chosenTask } from './shared-options';
import { showAs } from './shown';

const options = z.strictObject({
  name: z
    .string()
    .describe('Name by which the label is asked for: a lower-case word.')
    .meta({ positional: 'one', placeholder: 'NAME' }),
  scale: z
    .enum(SCALE_ENCODINGS)
    .optional()
    .describe('Sycophancy: the text is a percentage, written in this encoding.')
    .meta({ short: 's' }),
  placement: z
    .enum(['system', 'user-prefix', 'user-suffix'])
    .optional()
    .describe("Where it stands, if not where the task's labels do."),
  emphasis: z
    .enum(['plain', 'bold', 'heading'])
    .optional()
    .describe("Markdown around it, if not that of the task's labels."),
  ...chosenTask,
  force: z.boolean().default(false).describe('Takes a text that another label has already.').meta({ short: 'f' }),
});

export const labelMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'label',
    kind: 'cell',
    summary:
      'Defines a label whose wording is the text of the cell, checks it, and shows it as the model will read it.',
    options,
    returns: "import('mstlab/labels').Label",
    examples: [
      '%%label fair',
      '%%label fair --placement system --emphasis bold',
      '%%label strict --task sycophancy --scale words',
    ],
    async run(call) {
      const lab = session.workbench;
      const { name, task, preset, ...given } = call.options;
      const chosen = choose(lab, call, { task, preset });
      const text = (call.body ?? '').trim();
      const how = { ...given, force: given.force || undefined };
      const defined = await lab.defineLabel(name, text, { ...how, signal: call.signal, onProgress: progressBar() });
      const { labelsBundle } = await import('../../mime/texts-bundle.js');
      const { label, rendered, characters, tokens, placement, near, replaced } = defined;
      const kept = showAs(label, labelsBundle([{ value: name, wording: label.wording, rendered, trained: false }]));
      const like = near.map(
        (other) => `${other.label.id} (${Math.round(100 * other.distance)}% of its characters differ)`,
      );
      call.print(
        [
          `${name}: ${characters} characters, ${tokens} tokens as the model reads it, in the place ${placement}; no control token.`,
          ...(replaced ? [`It replaces an earlier label of this name; what was measured under that one is kept.`] : []),
          ...(like.length > 0
            ? [`Near another label: ${like.join(', ')}. What differs may be the wording and not the meaning.`]
            : []),
        ].join('\n'),
      );
      call.standsFor(
        `${notebookImport()}${chosen}const { label } = await lab.defineLabel(${codeOf(name)}, ${codeOf(text)}, ${longCallCode(how)});`,
      );
      return kept;
    },
  });
