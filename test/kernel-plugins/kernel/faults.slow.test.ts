import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LaunchedKernel } from '../../../kernel-plugins/notebook-runner';
import { contents, printed, resultText, startKernel, types } from './support';

/** Laws that a stock tslab kernel breaks and that no other file of this folder holds. */
describe('a cell is dependable', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-faults-'));
  let kernel: LaunchedKernel;
  beforeAll(async () => {
    kernel = await startKernel({ cwd: dir });
  });
  afterAll(async () => {
    await kernel?.shutdown();
    rmSync(dir, { recursive: true, force: true });
  });
  const traceback = (exchange: Parameters<typeof contents>[0]) =>
    contents(exchange, 'error')
      .flatMap((error) => error.traceback)
      .join('\n');

  test('2,000 displays and lines in turn in one tick all arrive, in order, and idle after them', async () => {
    const exchange = await kernel.client.execute(
      'import { display } from "mstlab/notebook"; for (let i = 0; i < 1000; i++) { console.log(i); display({ i }) }',
    );
    const shown = exchange.published.filter(({ header }) => /^(stream|display_data)$/.test(header.msg_type));
    expect(shown.length).toBe(2_000);
    shown.forEach(({ content }, index) => {
      const i = index >> 1;
      expect(content.text ?? content.data['text/plain']).toBe(index % 2 === 0 ? `${i}\n` : `{ i: ${i} }`);
    });
    expect(types(exchange).at(-1)).toBe('status');
  });

  test('pipelined cells that print are all answered, past the 600th, 1,100th and 1,600th message', async () => {
    const exchanges = await Promise.all(
      Array.from({ length: 330 }, (_, index) => kernel.client.execute(`console.log(${index})`)),
    );
    const messages = exchanges.flatMap(({ published }) => published);
    expect(messages.length).toBe(330 * 4);
    exchanges.forEach((exchange, index) => {
      expect(types(exchange)).toEqual(['status', 'execute_input', 'stream', 'status']);
      expect(printed(exchange)).toBe(`${index}\n`);
      expect(exchange.reply.content.status).toBe('ok');
    });
    const more = await Promise.all(Array.from({ length: 200 }, () => kernel.client.execute('1')));
    expect(more.every((exchange) => resultText(exchange) === '1')).toBe(true);
  });

  test('a package installed after its import failed is found', async () => {
    const code = 'import { size } from "came-later"; size';
    expect(traceback(await kernel.client.execute(code))).toContain('TS2307');
    const at = join(dir, 'node_modules', 'came-later');
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'package.json'), '{ "name": "came-later", "main": "index.js", "types": "index.d.ts" }');
    writeFileSync(join(at, 'index.js'), 'exports.size = 3;');
    writeFileSync(join(at, 'index.d.ts'), 'export declare const size: number;');
    const exchange = await kernel.client.execute(code);
    expect(traceback(exchange)).toBe('');
    expect(resultText(exchange)).toBe('3');
  });

  test('a cell sent in the very moment in which an error is answered runs', async () => {
    for (let round = 0; round < 5; round++) {
      await kernel.client.execute('throw new Error("stop")');
      expect(resultText(await kernel.client.execute(`${round}`))).toBe(String(round));
    }
  });

  test('a cell that fails before its variables have values can be followed by others', async () => {
    const failed = await kernel.client.execute('let early = 1;\nthrow new Error("now");\nlet late = 2; class Late {}');
    expect(traceback(failed)).toContain('cell [');
    expect(resultText(await kernel.client.execute('early'))).toBe('1');
    expect(traceback(await kernel.client.execute('late'))).toContain("'late'");
  });

  test('a stack passes from the cell into a local file by that file’s own lines, without frames of the kernel', async () => {
    writeFileSync(
      join(dir, 'thrower.ts'),
      'interface Options {\n  readonly limit: number;\n}\n\nexport function check(n: number, { limit }: Options): void {\n  if (n > limit) throw new RangeError("too big");\n}\n',
    );
    const exchange = await kernel.client.execute('import { check } from "./thrower";\n\ncheck(3, { limit: 2 });');
    const text = traceback(exchange);
    expect(text).toMatch(/thrower\.ts:6:\d+/);
    expect(text).toMatch(/cell \[\d+\]:3:\d+/);
    expect(text).not.toMatch(/node:internal|kernel-plugins|mstlab_cell|__tslab__/);
  });

  test('completion and inspection count an emoji as one character', async () => {
    await kernel.client.execute('const thermometer = { degrees: 20 }');
    const code = '/* 🙂🙂🙂 */ thermometer.degrees';
    const at = Array.from(code).length;
    const inspected = await kernel.client.request('inspect_request', { code, cursor_pos: at - 1, detail_level: 0 });
    expect(inspected.reply.content.data['text/plain']).toContain('number');
    const completed = await kernel.client.request('complete_request', { code, cursor_pos: at });
    expect(completed.reply.content).toMatchObject({ matches: ['degrees'], cursor_start: at - 7, cursor_end: at });
  });

  test('the language’s version is that of the TypeScript which reads the cells', async () => {
    const { reply } = await kernel.client.request('kernel_info_request');
    const { version } = reply.content.language_info;
    // `const` type parameters came with 5.0, so an older one could not read this.
    const exchange = await kernel.client.execute('function kept<const T>(value: T): T { return value }\nkept("x")');
    expect(resultText(exchange)).toBe("'x'");
    expect(version).toBe('5.0.4');
  });
});
