import { z } from 'zod';
import { defineMagic, type Magic, progressBar } from '../../host';
import { longCallCode, notebookImport } from './code-of';
import type { LabSession } from './session';
import { choose, chosenTask } from './shared-options';
import { framed, showTable } from './shown';

export const armsMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'arms',
    kind: 'line',
    summary: 'Says what each arm is and whether it is trained: its run, seconds, and last loss or reward.',
    options: z.strictObject(chosenTask),
    returns: "import('mstlab/experiments').ArmStatus[]",
    examples: ['%arms', '%arms --task sycophancy --preset tiny'],
    async run(call) {
      const lab = session.workbench;
      const chosen = choose(lab, call, call.options);
      const arms = await lab.arms({ signal: call.signal, onProgress: progressBar() });
      const frame = await framed(
        arms.map((status) => ({
          arm: status.arm,
          what: status.what,
          seed: status.seed,
          state: status.state,
          run: status.runId,
          seconds: status.seconds,
          steps: status.steps,
          final_loss: status.finalLoss,
          final_eval_loss: status.finalEvalLoss,
          final_reward: status.finalReward,
        })),
      );
      const { task, preset } = lab.settings;
      const kept = await showTable(lab, frame, `Arms of ${task}, preset ${preset}`, arms);
      call.standsFor(`${notebookImport()}${chosen}const arms = await lab.arms(${longCallCode({})});`);
      return kept;
    },
  });
