import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock, appendJsonl, listRuns, RunDirectory, readJsonl } from '../../src/runs';

const folder = () => mkdtempSync(join(tmpdir(), 'mstlab-runs-'));

describe('a run directory', () => {
  it('has the same path for the same config whatever the order of its keys, and another for another value', () => {
    const a = new RunDirectory('/r', 'train', { rows: 3, seed: 1 });
    const b = new RunDirectory('/r', 'train', { seed: 1, rows: 3 });
    const c = new RunDirectory('/r', 'train', { seed: 2, rows: 3 });
    expect(a.path).toBe(b.path);
    expect(c.path).not.toBe(a.path);
  });

  it('is made once: the second call finds the manifest and does not run', async () => {
    const root = folder();
    let made = 0;
    for (let i = 0; i < 2; i++) {
      const run = new RunDirectory(root, 'train', { seed: 1 });
      const manifest = await run.complete(async () => {
        made++;
        writeFileSync(run.file('rows.jsonl'), '{"a":1}\n');
        return { seconds: 2 };
      });
      expect(manifest.files['rows.jsonl'].bytes).toBe(8);
      expect(manifest.record.seconds).toBe(2);
    }
    expect(made).toBe(1);
    expect(listRuns(root).runs).toHaveLength(1);
  });

  it('is unfinished after a failure, keeps its files, and is finished by the next try', async () => {
    const run = new RunDirectory(folder(), 'train', { seed: 1 });
    await expect(
      run.complete(async () => {
        appendJsonl(run.file('rows.jsonl'), [{ row: 1 }]);
        throw new Error('killed');
      }),
    ).rejects.toThrow('killed');
    expect(run.manifest()).toBeNull();
    expect(existsSync(run.file('lock'))).toBe(false);
    await run.complete(async () => {
      appendJsonl(run.file('rows.jsonl'), [{ row: 2 }]);
      return {};
    });
    expect(readJsonl(run.file('rows.jsonl'))).toEqual([{ row: 1 }, { row: 2 }]);
  });

  it('refuses a file shorter than its manifest says and names it', async () => {
    const run = new RunDirectory(folder(), 'train', { seed: 1 });
    await run.complete(async () => {
      writeFileSync(run.file('adapter.bin'), 'abcdef');
      return {};
    });
    truncateSync(run.file('adapter.bin'), 3);
    expect(() => run.manifest()).toThrow(/adapter\.bin must hold 6 bytes .* got 3 bytes/);
  });
});

describe('a JSON-lines file', () => {
  it('loses only the line that a kill cut off, and takes the next row on a line of its own', () => {
    const path = join(folder(), 'rows.jsonl');
    appendJsonl(path, [{ text: 'ä' }, { text: 'b' }]);
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"text":"ü`);
    expect(readJsonl(path)).toEqual([{ text: 'ä' }, { text: 'b' }]);
    appendJsonl(path, [{ text: 'c' }]);
    expect(readJsonl(path)).toEqual([{ text: 'ä' }, { text: 'b' }, { text: 'c' }]);
  });

  it('refuses a broken line in the middle and says which', () => {
    const path = join(folder(), 'rows.jsonl');
    writeFileSync(path, '{"a":1}\nnot json\n{"a":2}\n');
    expect(() => readJsonl(path)).toThrow(/line 2/);
  });
});

describe('a lock', () => {
  it('is refused while its holder lives, and names the holder', () => {
    const path = join(folder(), 'lock');
    const release = acquireLock(path);
    expect(() => acquireLock(path)).toThrow(new RegExp(`process ${process.pid} on`));
    release();
    acquireLock(path)();
  });

  it('left by a killed process is taken over', () => {
    const path = join(folder(), 'lock');
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(path, JSON.stringify({ pid: dead, host: hostname(), since: '' }));
    acquireLock(path)();
    expect(existsSync(path)).toBe(false);
  });
});
