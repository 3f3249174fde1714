import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, executed, printed, resultText, startKernel } from './support';

describe('magics on the wire', () => {
  let kernel: LaunchedKernel;
  beforeAll(async () => {
    kernel = await startKernel();
  });
  afterAll(async () => {
    await kernel?.shutdown();
  });
  const run = (code: string) => executed(kernel, code);
  const complete = async (code: string, cursor = code.length) =>
    (await kernel.client.request('complete_request', { code, cursor_pos: cursor })).reply.content;
  const inspect = async (code: string, cursor = code.length) =>
    (await kernel.client.request('inspect_request', { code, cursor_pos: cursor, detail_level: 0 })).reply.content;

  test('a line magic runs between statements, and its value is the cell’s', async () => {
    const listed = await run('const before = 1\n%lsmagic');
    const [{ data }] = contents(listed, 'execute_result');
    expect(data['text/plain']).toContain('%lsmagic');
  });

  test('its value can be kept', async () => {
    await run('const all = %lsmagic');
    expect(resultText(await run('typeof all'))).toBe("'object'");
  });

  test('-h prints help made from the schema, ? shows it, inspection too', async () => {
    const help = printed(await run('%env -h'));
    expect(help).toContain('%env');
    expect((await inspect('%env')).data['text/plain']).toBe(help.trimEnd());
    const asked = await run('%env?');
    expect(JSON.stringify(contents(asked, 'display_data').concat(contents(asked, 'execute_result')))).toContain('%env');
    const before = await run('?%env');
    expect(JSON.stringify(contents(before, 'display_data').concat(contents(before, 'execute_result')))).toContain(
      '%env',
    );
  });

  test('a name with a question mark shows what TypeScript knows of it', async () => {
    await run('/** Turns per minute. */ const speed: number = 33');
    expect(resultText(await run('speed?'))).toMatch(/const speed: number[\s\S]*Turns per minute/);
    expect(resultText(await run('?nobodyKnows'))).toContain('No variable');
  });

  test('names complete after a percent sign, options after a dash', async () => {
    const names = await complete('%lsm');
    expect(names).toMatchObject({ matches: ['%lsmagic'], cursor_start: 0, cursor_end: 4 });
    expect((await complete('const x = %lsm')).matches).toEqual(['%lsmagic']);
    expect((await complete('%env --')).matches).toContain('--unset');
  });

  test('TypeScript beside a magic completes as ever', async () => {
    const code = '%lsmagic\nconst text = "a";\ntext.toUpp';
    expect((await complete(code)).matches).toContain('toUpperCase');
    expect((await complete('cons', 4)).matches.filter((name: string) => name.startsWith('__'))).toEqual([]);
  });

  test('an unknown magic names a near one, an unknown option too', async () => {
    const wrong = await kernel.client.execute('%lsmagik');
    expect(contents(wrong, 'error')[0].evalue).toMatch(/%lsmagik.*%lsmagic/s);
    const option = await kernel.client.execute('%env --unsett X');
    expect(contents(option, 'error')[0].evalue).toContain('--unset');
  });

  test('an error of TypeScript below a magic points to the line that was typed', async () => {
    const wrong = await kernel.client.execute('%lsmagic\nconst n: number = "x"');
    expect(contents(wrong, 'error')[0].traceback[0]).toMatch(/:2:7 /);
  });

  test('time is told of a line, whose value stays, and of a cell', async () => {
    const line = await run('%time const six = await Promise.resolve(6)');
    expect(printed(line)).toMatch(/wall|s\b/);
    expect(resultText(await run('six'))).toBe('6');
    const cell = await run('%%time\nconst seven = 7;\nseven');
    expect(resultText(cell)).toBe('7');
    expect(printed(cell)).toMatch(/wall|s\b/);
    expect(resultText(await run('seven'))).toBe('7');
  });

  test('a variable stands in a magic’s words', async () => {
    await run('const variable = "MSTLAB_TEST_WORD"; const value = "two words"');
    await run('%env {variable} {value}');
    expect(resultText(await run('process.env.MSTLAB_TEST_WORD'))).toBe("'two words'");
  });

  test('a remainder that runs over a line is arithmetic', async () => {
    expect(resultText(await run('const seventeen = 17, five = 5\nseventeen\n  % five'))).toBe('2');
  });

  test('a cell magic is incomplete until an empty line', async () => {
    const status = async (code: string) =>
      (await kernel.client.request('is_complete_request', { code })).reply.content.status;
    expect(await status('%%label strict')).toBe('incomplete');
    expect(await status('%%label strict\nwording\n')).toBe('complete');
    expect(await status('%lsmagic')).toBe('complete');
  });
});
