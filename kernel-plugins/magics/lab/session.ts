import type { Workbench } from '../../../src/experiments';
import { runsRoot } from '../../../src/runs';

/** The workbench that the magics and the name `lab` share; made when the first of them needs it. */
export class LabSession {
  private made: Workbench | null = null;

  constructor(private readonly make: () => Workbench = loadedWorkbench) {}

  get workbench(): Workbench {
    this.made ??= this.make();
    return this.made;
  }

  /** The folder of runs, known without loading anything. */
  get runs(): string {
    return this.made?.runs ?? runsRoot();
  }
}

/** Experiments bring the whole library with them, so they load here and not with the kernel; `lab` is read without an await. */
function loadedWorkbench(): Workbench {
  const { Workbench } = require('../../../src/experiments') as typeof import('../../../src/experiments');
  return new Workbench();
}
