import { mkdirSync, mkdtempSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { acquireLock, costsByKind, findRun, inspectRuns, RunDirectory } from '../../src/runs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mstlab-inspect-'));
});

async function finished(kind: string, config: object, record: Record<string, unknown>): Promise<RunDirectory> {
  const run = new RunDirectory(root, kind, config);
  await run.complete(async () => {
    writeFileSync(run.file('rows.jsonl'), '{"a":1}\n');
    return record;
  });
  return run;
}

const stateOf = (run: RunDirectory) => findRun(root, run.hash.slice(0, 16));

describe('inspecting runs', () => {
  test('a finished run says its kind, seconds and size on disk, manifest included', async () => {
    const run = await finished('train', { a: 1 }, { seconds: 2.5 });
    const facts = stateOf(run);
    expect([facts.kind, facts.state, facts.seconds, facts.problem]).toEqual(['train', 'finished', 2.5, null]);
    expect(facts.bytes).toBeGreaterThan(8 + JSON.stringify(facts.manifest).length);
    expect(facts.when).toBe(facts.manifest!.finishedAt);
  });

  test('a truncated manifest is a broken run, not an exception, and hides no other run', async () => {
    const [good, cut] = [await finished('train', { a: 1 }, {}), await finished('train', { a: 2 }, {})];
    truncateSync(cut.file('manifest.json'), 40);
    expect(stateOf(cut)).toMatchObject({ state: 'broken', manifest: null });
    expect(stateOf(cut).problem).toMatch(/^manifest.json is not JSON/);
    expect(stateOf(good).state).toBe('finished');
  });

  test.each(['null', '[]', '{"files":{}}', '{"files":1,"record":{},"finishedAt":"x"}'])(
    'a manifest of %s is broken',
    async (text) => {
      const run = await finished('train', {}, {});
      writeFileSync(run.file('manifest.json'), text);
      expect(stateOf(run)).toMatchObject({
        state: 'broken',
        problem: 'manifest.json lacks files, record or finishedAt',
      });
    },
  );

  test('a file that is shorter than its manifest says, or gone, breaks the run and is named', async () => {
    const run = await finished('train', {}, {});
    truncateSync(run.file('rows.jsonl'), 3);
    expect(stateOf(run).problem).toBe('rows.jsonl must hold 8 bytes, got 3');
  });

  test('a folder without a manifest is unfinished, or at work while a live process holds its lock', () => {
    const run = new RunDirectory(root, 'train', {});
    mkdirSync(run.path, { recursive: true });
    expect(stateOf(run).state).toBe('unfinished');
    const release = acquireLock(run.file('lock'));
    expect(stateOf(run).state).toBe('working');
    release();
    writeFileSync(run.file('lock'), '{"pid": 4194304999}');
    expect(stateOf(run).state).toBe('unfinished');
  });

  test('runs come newest first; a root that is not there has none', async () => {
    const [first, second] = [await finished('a', {}, {}), await finished('b', {}, {})];
    expect(inspectRuns(root).map(({ id }) => id)).toEqual([second, first].map(({ hash }) => hash.slice(0, 16)));
    expect(inspectRuns(join(root, 'none'))).toEqual([]);
  });

  test('an id is found by its first digits, and one that fits none or several is refused', async () => {
    const run = await finished('train', { a: 1 }, {});
    expect(findRun(root, run.hash.slice(0, 6)).id).toBe(run.hash.slice(0, 16));
    expect(() => findRun(root, 'zz')).toThrow(
      /beginning of one run's folder name, got "zz", which fits none of 1 runs/,
    );
    expect(() => findRun(root, '')).toThrow(/fits none/);
  });

  test('costs add up by kind, and a run that records no seconds is unknown, not free', async () => {
    await finished('train', { a: 1 }, { seconds: 2 });
    await finished('train', { a: 2 }, { seconds: 3 });
    await finished('ask', { a: 1 }, {});
    const [train, ask] = costsByKind(inspectRuns(root));
    expect(train).toMatchObject({ kind: 'train', runs: 2, finished: 2, seconds: 5, runsWithoutSeconds: 0 });
    expect(ask).toMatchObject({ kind: 'ask', runs: 1, seconds: 0, runsWithoutSeconds: 1 });
  });
});
