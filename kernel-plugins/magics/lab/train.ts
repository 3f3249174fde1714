import { z } from 'zod';
import type { LongCall } from '../../../src/core';
import type { TrainedArm, TrainedPolicy, TrainingListener, Workbench } from '../../../src/experiments';
import { defineMagic, type Magic, progressBar } from '../../host';
import { liveFigure, type ShowLiveFigure } from '../../host/show';
import { longCallCode, notebookImport } from './code-of';
import type { LabSession } from './session';
import { choose, chosenTask, LAB_ARM_NAMES } from './shared-options';
import { framed, showTable } from './shown';

type Trained = TrainedArm | TrainedPolicy;

const options = z.strictObject({
  arms: z
    .array(z.enum(LAB_ARM_NAMES))
    .optional()
    .describe('Arms to train; default: all.')
    .meta({ positional: 'rest', placeholder: 'ARMS', complete: 'arms' }),
  ...chosenTask,
  seeds: z
    .array(z.int().min(0))
    .min(1)
    .optional()
    .describe('Training seeds, kept for the following magics (news: one).')
    .meta({ placeholder: 'SEEDS' }),
  steps: z.int().min(1).optional().describe('Training steps of each arm, kept for the following magics (steps).'),
});

export const trainMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'train',
    kind: 'line',
    summary: 'Trains the arms that are not trained yet and reads the others; an interrupted one goes on where it was.',
    options,
    returns: "readonly (import('mstlab/experiments').TrainedArm | import('mstlab/experiments').TrainedPolicy)[]",
    examples: [
      '%train',
      '%train mst shuffled --preset smoke',
      'const trained = %train --task sycophancy --seeds 0,1,2',
    ],
    async run(call) {
      const lab = session.workbench;
      const { arms: named, ...settings } = call.options;
      const chosen = choose(lab, call, settings);
      const arms = named && named.length > 0 ? named : undefined;
      const place = liveFigure();
      const trained = await withLiveChart(lab, place, { signal: call.signal, onProgress: progressBar() }, (long) =>
        lab.train({ ...long, arms }),
      );
      const figure = await trainingChart(trained);
      lab.remember(null, figure);
      await place(figure, { last: true });
      const rows = trained.map(({ arm, manifest, trainedNow, run, ...own }) => ({
        arm,
        seed: 'seed' in own ? own.seed : null,
        trained: trainedNow ? 'now' : 'before',
        seconds: Number(manifest.record.seconds),
        steps: own.metrics.length,
        final_loss: 'probes' in own ? null : (own.metrics.at(-1)?.loss ?? null),
        final_reward: 'probes' in own ? (own.metrics.at(-1)?.expectedReward ?? null) : null,
        stopped: 'stopped' in own ? own.stopped : null,
        run: run.id,
      }));
      const kept = await showTable(lab, await framed(rows), 'Trained arms', [...trained]);
      call.standsFor(`${notebookImport()}${chosen}const trained = await lab.train(${longCallCode({ arms })});`);
      return kept;
    },
  });

/** Runs a training with the chart that grows beside it where the task has one; the chart is finished also when it is stopped. */
async function withLiveChart<T>(
  lab: Workbench,
  place: ShowLiveFigure,
  call: LongCall,
  train: (call: LongCall & TrainingListener) => Promise<T>,
): Promise<T> {
  if (lab.settings.task === 'news') return train(call);
  const { liveTraining } = await import('../../../src/experiments/index.js');
  const syco = await lab.sycophancy(call);
  const live = liveTraining({ show: place, totalSteps: syco.resolved.rl.config.steps });
  try {
    return await train({ ...call, onStep: live.onStep, onProbe: live.onProbe });
  } finally {
    // A chart that cannot be drawn must not hide how the training ended.
    await live.finish().catch(() => {});
  }
}

async function trainingChart(trained: readonly Trained[]) {
  const { lossFigure, trainingFigure } = await import('../../../src/experiments/index.js');
  const policies = trained.filter((one): one is TrainedPolicy => 'probes' in one);
  return policies.length > 0 ? trainingFigure(policies) : lossFigure(trained as readonly TrainedArm[]);
}
