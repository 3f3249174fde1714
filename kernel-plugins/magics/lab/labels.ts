import { z } from 'zod';
import { defineMagic, type Magic } from '../../host';
import type { LabSession } from './session';
import { choose, chosenTask } from './shared-options';
import { framed, showTable } from './shown';

export const labelsMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'labels',
    kind: 'line',
    summary: "Lists the task's labels and those of this session, as the model reads them.",
    options: z.strictObject(chosenTask),
    returns: "import('mstlab/experiments').ListedLabel[]",
    examples: ['%labels', '%labels --task sycophancy'],
    async run(call) {
      const lab = session.workbench;
      const chosen = choose(lab, call, call.options);
      const labels = lab.listLabels();
      const rows = labels.map(({ name, rendered, format, origin, trained }) => ({
        name,
        as_the_model_reads_it: rendered,
        placement: format.placement,
        in_training: trained ? 'trained' : 'never trained',
        from: origin,
      }));
      const frame = await framed(rows);
      const kept = await showTable(lab, frame, `Labels of ${lab.settings.task}, ${labels.length}`, labels);
      call.standsFor(`${chosen}lab.listLabels()`);
      return kept;
    },
  });
