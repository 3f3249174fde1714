import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type NotebookFolder, startInFolder } from './notebook-folder';

describe('general magics in cells', () => {
  let at: NotebookFolder;
  beforeAll(async () => {
    at = await startInFolder();
  });
  afterAll(() => at?.stop());

  test('%lsmagic lists every general magic with kind, plugin and summary', async () => {
    const { result } = await at.runs('%lsmagic --plugin general');
    for (const name of ['lsmagic', 'who', 'env', 'npm', 'load_ext', 'unload_ext', 'reload_ext'])
      expect(result).toMatch(new RegExp(`^%${name} +line +general +\\w`, 'm'));
    expect(result).toMatch(/^%time, %%time +either +general/m);
    expect((await at.runs('const listed = %lsmagic "CPU time"\nlisted.map((row) => row.kind)')).result).toBe(
      "[ 'either' ]",
    );
  });

  test('%who lists the variables of all cells with types and short values, as they are now', async () => {
    await at.runs(
      'let count = 1; const words = ["a", "b"]; class Dial {} const dial = new Dial(); function twice() {}',
    );
    await at.runs('count = 2; const long = "x".repeat(500)');
    const { result } = await at.runs('%who');
    expect(result).toMatch(/^name +type +value$/m);
    expect(result).toMatch(/^count +number +2$/m);
    expect(result).toMatch(/^words +Array +\[ 'a', 'b' \]$/m);
    expect(result).toMatch(/^Dial +class/m);
    expect(result).toMatch(/^dial +Dial +Dial \{\}$/m);
    expect(result).toMatch(/^twice +function/m);
    await at.runs('const path = await import("node:path")');
    expect((await at.runs('%who path')).result).toMatch(/^path +(module|Object)/m);
    expect(result).toMatch(/^long +string +'x{78}…$/m);
    expect((await at.runs('%who --type array')).result).not.toContain('count');
  });

  test('%time keeps the value and prints one line of wall and CPU time; %%time at the end of the cell, also of one that fails', async () => {
    const line = /^wall [\d.]+ (ms|s), CPU [\d.]+ (ms|s) \(user [\d.]+ (ms|s), system [\d.]+ (ms|s)\)\n$/;
    const timed = await at.runs('%time 20 + 22');
    expect(timed.result).toBe('42');
    expect(timed.printed).toMatch(line);
    expect((await at.runs('%%time\nlet sum = 0; for (let i = 0; i < 1e5; i++) sum += i;')).printed).toMatch(line);
    const failed = await at.run('%%time\nthrow new Error("no");');
    expect(failed.errors).toEqual(['Error: no']);
    expect(failed.printed).toMatch(line);
    expect((await at.runs('%time -h')).printed).toContain('usage: %time [CODE...]');
  });

  test('%env sets, reads and removes; a secret is neither printed nor returned, and code still has it', async () => {
    expect((await at.runs('%env MSTLAB_TEST=one two')).printed).toBe('MSTLAB_TEST=one two\n');
    expect((await at.runs('%env MSTLAB_TEST')).result).toBe("'one two'");
    expect((await at.runs('process.env.MSTLAB_TEST')).result).toBe("'one two'");
    const secret = 'f9d1-not-for-eyes';
    const set = await at.runs(`%env SOME_API_KEY=${secret}`);
    const read = await at.runs('%env SOME_API_KEY');
    const all = await at.runs('%env');
    for (const { exchange } of [set, read, all])
      for (const { header, content } of exchange.published)
        if (header.msg_type !== 'execute_input') expect(JSON.stringify(content)).not.toContain(secret);
    expect(all.result).toMatch(/^SOME_API_KEY +\(set, not shown\)$/m);
    expect((await at.runs(`process.env.SOME_API_KEY === "${secret}"`)).result).toBe('true');
    await at.runs('%env --unset MSTLAB_TEST');
    expect((await at.runs('"MSTLAB_TEST" in process.env')).result).toBe('false');
    expect(await at.completions('%env SOME_API')).toEqual(['SOME_API_KEY']);
  });
});
