import { join } from 'node:path';
import { projectRoot } from '../core';

/** Where runs are kept: MSTLAB_RUNS if set, else `runs/` in the project. */
export function runsRoot(): string {
  return process.env.MSTLAB_RUNS || join(projectRoot(), 'runs');
}
