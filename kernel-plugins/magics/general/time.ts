import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import { defineMagic } from '../../host';

/**
 * `%time` as help, completion and `%lsmagic` know it. The language service writes `__time` or `__timeCell` in its place, because
 * what it times is TypeScript and must be compiled with the cell.
 */
export const time = defineMagic({
  name: 'time',
  kind: 'either',
  summary:
    'Says how long an expression, a declaration or the rest of the cell took: wall time, and CPU time of all threads.',
  options: z.strictObject({
    code: z.array(z.string()).default([]).describe('TypeScript to run; its value is kept.').meta({
      positional: 'rest',
      placeholder: 'CODE',
    }),
  }),
  examples: ['%time await train(config)', '%time const rows = await load()', '%%time\nconst rows = await load();'],
  run() {
    throw new ConfigError(
      '%time: there must be code to time, got none. Write it behind %time, or %%time above a cell.',
    );
  },
});
