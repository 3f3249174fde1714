import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Set in every program that set-up starts, so that a later set-up finds those a killed one left behind. */
export const CHILD_MARK = 'MSTLAB_SETUP_CHILD';

const KEPT_LINES = 400;

/**
 * Runs a program to its end with its output in a log file. Resolves, never rejects, with
 * `{ code, signal, missing, lines }`, `lines` being the last it printed. The program gets its own process group, so
 * that `stopAll` ends it with everything it started.
 */
export function runCommand({ command, args, cwd, env, log, mark, onLine = () => {}, started = new Set() }) {
  return new Promise((resolve) => {
    mkdirSync(dirname(log), { recursive: true });
    const file = createWriteStream(log);
    // A full disk must not hide the program's own message behind an error of the log.
    file.on('error', () => {});
    file.write(`${command} ${args.join(' ')}\n`);
    const lines = [];
    const keep = (line) => {
      if (line.trim() === '') return;
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      onLine(line);
    };
    const child = spawn(command, args, {
      cwd,
      env: { ...env, [CHILD_MARK]: mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    started.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (chunk) => {
        file.write(chunk);
        const parts = (rest + chunk).split(/[\r\n]/);
        rest = parts.pop();
        parts.forEach(keep);
      });
      stream.on('end', () => keep(rest));
    }
    let failed = null;
    child.on('error', (error) => {
      failed = error;
      if (child.pid === undefined) finish(null, null);
    });
    child.on('close', finish);
    function finish(code, signal) {
      started.delete(child);
      file.end();
      const missing = failed !== null && failed.code === 'ENOENT';
      if (failed !== null && !missing) lines.push(String(failed.message));
      resolve({ code, signal, missing, lines });
    }
  });
}

/** Ends every program in `started`, each with its process group. */
export function stopAll(started, signal = 'SIGTERM') {
  for (const child of started) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It ended in the meantime.
    }
  }
}

/**
 * Ends what a killed set-up of the same folder left running: a pip that still unpacks into the environment would
 * fight with the next one. Found by the mark in their environment, so no list has to survive the kill.
 * Call only while holding the set-up lock. Returns the process ids.
 */
export async function endLeftovers(mark) {
  const ended = [];
  for (let round = 0; round < 50; round++) {
    const found = processesMarked(mark);
    if (found.length === 0) return ended;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
        if (!ended.includes(pid)) ended.push(pid);
      } catch {
        // It ended in the meantime.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return ended;
}

function processesMarked(mark) {
  const wanted = `${CHILD_MARK}=${mark}`;
  const found = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const marked = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(wanted);
      if (marked && !isZombie(name)) found.push(Number(name));
    } catch {
      // Another user's process, or one that just ended.
    }
  }
  return found;
}

function isZombie(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}
