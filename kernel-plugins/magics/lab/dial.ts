import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import type { LiveArms } from '../../../src/experiments';
import { defineMagic, displaySymbol, type Magic, progressBar } from '../../host';
import { displayBundle } from '../../host/display';
import { type LabelDial, type LabelDialOptions, labelDial } from '../../host/widgets';
import { codeOf, longCallCode } from './code-of';
import type { LabSession } from './session';
import { choose, chosenTask, policyNames } from './shared-options';
import { shownHere } from './shown';

const options = z.strictObject({
  wording: z
    .string()
    .optional()
    .describe(
      'Begins a field for a wording of your own with this one, in the place of the slider; news has only the field.',
    )
    .meta({ short: 'w', placeholder: 'TEXT' }),
  arms: policyNames,
  ...chosenTask,
});

/** Percentages of the slider that the saved table holds: never trained, the ends of training, the most suggestible. */
const EXAMPLES = [0, 33, 67, 100];

export const dialMagic = (session: LabSession): Magic => {
  let open: { readonly dial: LabelDial; readonly live: LiveArms } | null = null;
  return defineMagic({
    name: 'dial',
    kind: 'line',
    summary:
      'Shows a label dial: turn the suggestibility, or word a label, and see what each trained arm answers under it, at once.',
    options,
    returns: "import('mstlab/notebook').widgets.LabelDial",
    examples: ['%dial --task sycophancy', '%dial --arms mst,baseline', "%dial --wording 'no one reads this'"],
    async run(call) {
      const lab = session.workbench;
      const { task, preset, wording, arms } = call.options;
      const chosen = choose(lab, call, { task, preset });
      const { liveArms } = await import('../../../src/experiments/index.js');
      const live = await liveArms(lab, { arms, signal: call.signal, onProgress: progressBar() });
      // One dial at a time: the programs of an arm that stays open take memory.
      open?.dial.close();
      open?.live.dispose();
      const dial = labelDial(dialOptions(live, wording));
      open = { dial, live };
      displayBundle({ data: await dial[displaySymbol]() });
      const show = dial[displaySymbol].bind(dial);
      call.standsFor(
        "import { liveArms } from 'mstlab/experiments';\nimport { progressBar, widgets } from 'mstlab/notebook';\n" +
          `${chosen}const live = await liveArms(lab, ${longCallCode({ arms })});\n` +
          `widgets.labelDial({ arms: live.arms, label: ${labelCode(live, wording)}, choices: live.choices })`,
      );
      return shownHere(dial, show);
    },
  });
};

/** A dial over open arms: a slider where the task has a scale and no wording is given, else a field. */
export function dialOptions(live: LiveArms, wording?: string): LabelDialOptions {
  const { arms, choices, labelAt, firstLabel } = live;
  if (wording !== undefined && wording.trim() === '')
    throw new ConfigError('%dial: a wording must have text, got none. Write one, or leave --wording out.');
  const label =
    labelAt && wording === undefined
      ? { description: 'suggestibility in %', min: 0, max: 100, value: 50, labelAt, examples: EXAMPLES }
      : { description: 'label', value: wording ?? firstLabel };
  return { arms, label, choices };
}

function labelCode({ labelAt, firstLabel }: LiveArms, wording?: string): string {
  return labelAt && wording === undefined
    ? `{ description: 'suggestibility in %', min: 0, max: 100, value: 50, labelAt: live.labelAt!, examples: ${codeOf(EXAMPLES)} }`
    : codeOf({ description: 'label', value: wording ?? firstLabel });
}
