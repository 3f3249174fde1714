import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { MachineError } from '../core';

interface LockHolder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

function isAlive(holder: LockHolder): boolean {
  if (holder.host !== hostname()) return true; // another machine's process cannot be asked
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readHolder(path: string): LockHolder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LockHolder;
  } catch {
    return null; // gone meanwhile, or a writer was killed between creating and filling it
  }
}

/**
 * Takes the lock file at `path` and gives back the function that releases it. A lock left by a killed process of this
 * machine is taken over. Throws MachineError naming the holder if it is alive.
 */
export function acquireLock(path: string): () => void {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = openSync(path, 'wx');
      const holder: LockHolder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
      writeSync(file, JSON.stringify(holder));
      closeSync(file);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = readHolder(path);
      if (holder && isAlive(holder)) {
        throw new MachineError(
          `acquireLock: one process at a time may make a run, got a second while process ${holder.pid} on ${holder.host} works on it since ${holder.since} (${path}). Wait for it, or stop it and run again.`,
        );
      }
      rmSync(path, { force: true });
    }
  }
  throw new MachineError(`acquireLock: the lock could not be taken in 3 tries (${path}). Run again.`);
}
