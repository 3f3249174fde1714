import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../core';

/** The version of this project, by its package.json. */
export function labVersion(): string {
  return (JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}
