import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tensorflowBackend } from '../../src/compute/backends';
import { type RlOverrides, trainRl } from '../../src/train';
import { PROBE, rlRun } from './rl-runs';
import { loadTiny } from './tiny-models';

/** Two passes over the rollout, a value head, KL and probes: everything that a checkpoint has to carry. */
export const KILLED_RUN: RlOverrides & { readonly steps: number; readonly probeEvery: number } = {
  ...{ estimator: 'ppo', epochs: 2, miniBatch: 4, steps: 24, warmupSteps: 2, valueCoefficient: 0.5 },
  ...{ kl: { logEvery: 1 }, probeEvery: 3 },
};

/** Moments of writing the checkpoint of a step: in the middle of its tensors, and before what the name says. */
export type KillPoint = 'tensors' | 'manifest' | 'rename' | 'removal of the old';

/** Where the process kills itself, or nothing. */
export interface KillPlan {
  readonly step: number;
  readonly point: KillPoint;
}

/**
 * A process that trains into the directory of its first argument, prints each step, and kills itself with SIGKILL where
 * the plan in its second argument says.
 */
async function main(dir: string, plan: KillPlan | null): Promise<void> {
  if (plan) killWhileWriting(plan);
  const model = await loadTiny('tiny-llama', tensorflowBackend());
  const config = { ...KILLED_RUN, checkpointEvery: 2 };
  const { steps } = await trainRl(
    rlRun(model, config, { probe: PROBE, dir, onStep: ({ step }) => console.log(`step ${step}`) }),
  );
  console.log(`ended at ${steps}`);
}

/** Lets calls of node:fs on the checkpoint of that step end in the death of the process. */
function killWhileWriting({ step, point }: KillPlan): void {
  const folder = `step-${String(step).padStart(8, '0')}`;
  const die = () => process.kill(process.pid, 'SIGKILL');
  const { openSync, writeSync, writeFileSync, renameSync, rmSync } = fs;
  let [tensors, writes, renamed] = [-1, 0, false];
  Object.assign(fs, {
    openSync(path: string, flags: string) {
      const descriptor = openSync(path, flags);
      if (flags === 'w' && path.includes(folder)) tensors = descriptor;
      return descriptor;
    },
    writeSync(descriptor: number, ...rest: [NodeJS.ArrayBufferView, number, number]) {
      if (point === 'tensors' && descriptor === tensors && ++writes === 3) die();
      return writeSync(descriptor, ...rest);
    },
    // appendFileSync comes here too.
    writeFileSync(...call: Parameters<typeof writeFileSync>) {
      if (point === 'manifest' && String(call[0]).includes(folder)) die();
      writeFileSync(...call);
    },
    renameSync(from: string, to: string) {
      const whole = to.endsWith(folder);
      if (point === 'rename' && whole) die();
      renameSync(from, to);
      renamed ||= whole;
    },
    rmSync(path: string, options: fs.RmOptions) {
      if (point === 'removal of the old' && renamed) die();
      rmSync(path, options);
    },
  });
  syncBuiltinESMExports();
}

if (process.argv[2]?.startsWith('train:')) {
  const plan = process.argv[3] ? (JSON.parse(process.argv[3]) as KillPlan) : null;
  main(process.argv[2].slice('train:'.length), plan).then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}
