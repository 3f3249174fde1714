import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, executed, resultText, startKernel } from './support';

describe('a variable is one, in the cell that declared it and in those after', () => {
  let kernel: LaunchedKernel;
  beforeAll(async () => {
    kernel = await startKernel();
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });
  const run = async (code: string) => resultText(await executed(kernel, code));

  test('a function sees what a later cell assigned to a variable it captured', async () => {
    await run('let rate = 1; function twice() { return 2 * rate; } const arrow = () => rate');
    await run('rate = 5');
    expect(await run('[twice(), arrow(), rate]')).toBe('[ 10, 5, 5 ]');
  });

  test('a later cell sees what a function assigned', async () => {
    await run('let count = 0; const up = () => { count++; }');
    expect(await run('up(); up(); count')).toBe('2');
    expect(await run('count += 10; up(); count')).toBe('13');
  });

  test('variables of a pattern, and one without a value at first, are linked too', async () => {
    await run(
      'let [first, { second }] = [1, { second: 2 }]; let third: number | undefined; const sum = () => first + second + (third ?? 0)',
    );
    await run('first = 10; second = 20; third = 30');
    expect(await run('sum()')).toBe('60');
    await run('[first, second] = [second, first]');
    expect(await run('`${first} ${second} ${sum()}`')).toBe("'20 10 60'");
  });

  test('declaring a name again makes a new variable: older functions keep theirs', async () => {
    await run('let mode = "old"; const read = () => mode');
    await run('let mode = 7');
    expect(await run('[read(), mode]')).toBe("[ 'old', 7 ]");
    await run('mode = 8');
    expect(await run('[read(), mode]')).toBe("[ 'old', 8 ]");
  });

  test('a cell that fails before it declares a name takes nothing from the cells before', async () => {
    await run('let kept = "here"; const readKept = () => kept');
    const failed = await kernel.client.execute('throw new Error("early"); let unused = 1; export let kept = "never"');
    expect(contents(failed, 'error')[0].evalue).toBe('early');
    expect(await run('[kept, readKept()]')).toBe("[ 'here', 'here' ]");
  });

  test('an awaiting callback goes on with the variable that later cells assign', async () => {
    await run(
      'let go = false; let seen = ""; const waiting = (async () => { while (!go) await new Promise((r) => setTimeout(r, 5)); seen = "gone on"; })()',
    );
    await run('go = true; await waiting');
    expect(await run('seen')).toBe("'gone on'");
  });

  test('a class and an enum are usable later, and `_` is the last value', async () => {
    await run('enum Arm { Mst, Shuffled } class Dial { static turns = 0; turn() { return ++Dial.turns; } }');
    expect(await run('new Dial().turn(); new Dial().turn() + Arm.Shuffled')).toBe('3');
    expect(await run('_ * 2')).toBe('6');
    await run('const quiet = 1;');
    expect(await run('_')).toBe('6');
  });
});
