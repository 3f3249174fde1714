import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InternalError } from '../core';

/** The folder of the project: the nearest one above this file whose package.json is named mstlab. */
export function projectRoot(): string {
  let folder = __dirname;
  for (;;) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'mstlab') return folder;
    const parent = dirname(folder);
    if (parent === folder) throw new InternalError(`projectRoot: no package.json named mstlab above ${__dirname}.`);
    folder = parent;
  }
}

/** Where runs are kept: MSTLAB_RUNS if set, else `runs/` in the project. */
export function runsRoot(): string {
  return process.env.MSTLAB_RUNS || join(projectRoot(), 'runs');
}
