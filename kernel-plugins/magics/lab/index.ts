import type { RegisterPlugin } from '../../host';
import { armsMagic } from './arms';
import { compareMagic } from './compare';
import { labCompletions } from './completions';
import { costMagic } from './cost';
import { dialMagic } from './dial';
import { doseMagic } from './dose';
import { exportMagic } from './export';
import { generateMagic } from './generate';
import { gpuMagic } from './gpu';
import { judgeMagic } from './judge';
import { labelMagic } from './label';
import { labelsMagic } from './labels';
import { meterMagic } from './meter';
import { runsMagic } from './runs';
import { LabSession } from './session';
import { sweepMagic } from './sweep';
import { testWordingMagic } from './test-wording';
import { trainMagic } from './train';
import { useMagic } from './use';

/** The magics of a session's work, the name `lab` for what they share, and their completions. */
export function labPlugin(session: LabSession): RegisterPlugin {
  return ({ magics, preludes, completions }) => {
    const makers = [
      useMagic,
      labelMagic,
      labelsMagic,
      armsMagic,
      trainMagic,
      sweepMagic,
      compareMagic,
      generateMagic,
      dialMagic,
      doseMagic,
      meterMagic,
      testWordingMagic,
      judgeMagic,
      runsMagic,
      gpuMagic,
      costMagic,
      exportMagic,
    ];
    for (const make of makers) magics.add(make(session));
    for (const source of labCompletions(session)) completions.add(source);
    preludes.add({
      declarations:
        "/** Task, labels, arms and last results of this session: what the magics work with. */\ndeclare const lab: import('mstlab/experiments').Workbench;",
      values: {
        get lab() {
          return session.workbench;
        },
      },
    });
  };
}

/** The same for a kernel: one session a process. Nothing of the library is loaded before a magic runs or a cell reads `lab`. */
export const registerLabMagics: RegisterPlugin = (context) => labPlugin(new LabSession())(context);
