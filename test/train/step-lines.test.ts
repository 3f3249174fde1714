import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendStepLine, rewindStepLines } from '../../src/train/step-lines';

describe('lines of steps', () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mstlab-lines-'));
    path = join(dir, 'deeper', 'steps.jsonl');
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const write = (...steps: number[]) => {
    for (const step of steps) appendStepLine(path, { step });
  };

  it('later than the checkpoint are cut off, in the file too, and the next line continues it', () => {
    write(1, 2, 3, 4);
    expect(rewindStepLines(path, 2)).toEqual([{ step: 1 }, { step: 2 }]);
    write(3);
    expect(readFileSync(path, 'utf8')).toBe('{"step":1}\n{"step":2}\n{"step":3}\n');
    expect(readdirSync(join(dir, 'deeper'))).toEqual(['steps.jsonl']);
  });

  it('cut in half by a kill are left out, and the next line does not grow into them', () => {
    write(1, 2);
    appendFileSync(path, '{"step":3,"lo');
    expect(rewindStepLines(path, 2)).toEqual([{ step: 1 }, { step: 2 }]);
    write(3);
    expect(rewindStepLines(path, 9)).toEqual([{ step: 1 }, { step: 2 }, { step: 3 }]);
  });

  it('of step 0 survive a return to step 0, and none survives a return to before it', () => {
    write(0, 1);
    expect(rewindStepLines(path, 0)).toEqual([{ step: 0 }]);
    expect(rewindStepLines(path, -1)).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('where there is no file there are none, and none is made', () => {
    expect(rewindStepLines(path, 3)).toEqual([]);
    expect(existsSync(path)).toBe(false);
  });
});
