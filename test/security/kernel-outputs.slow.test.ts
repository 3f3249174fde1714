import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Exchange, type LaunchedKernel, runNotebook } from '../../kernel-plugins/notebook-runner';
import { contents, kernelArguments, printed, resultText, startKernel } from '../kernel-plugins/kernel/support';
import { filedKey, filesBelow, filesWith, lateKey, piecesIn, plantedKey } from './planted-key';

const keys = { plantedKey, filedKey, lateKey };
const home = mkdtempSync(join(tmpdir(), 'mstlab-planted-'));
const env = { HOME: home, XDG_CONFIG_HOME: '', ANTHROPIC_API_KEY: plantedKey, MSTLAB_KEY_FILE: '' };

/** A key as code writes it without holding it. */
const inCode = (key: string) => JSON.stringify([...key]).replace(/$/, '.join("")');
const setLate = `process.env.LATE_TOKEN = ${inCode(lateKey)};`;

function expectClean(said: unknown): void {
  const text =
    typeof said === 'string'
      ? said
      : `${inspect(said, { depth: null, maxStringLength: null, maxArrayLength: null })}\n${JSON.stringify(said)}`;
  for (const [name, key] of Object.entries(keys))
    expect({ name, pieces: piecesIn(text, key) }).toEqual({ name, pieces: [] });
}

const said = ({ reply, published }: Exchange) => [
  reply.content,
  ...published.map(({ content, metadata, buffers }) => [
    content,
    metadata,
    buffers.map((bytes) => Buffer.from(bytes).toString('latin1')),
  ]),
];

/** Cells that show keys in every way there is. */
const showing: Readonly<Record<string, string>> = {
  'the environment': 'console.log(process.env); process.env',
  'the key and the file': `import { readFileSync } from 'node:fs';
console.log(process.env.ANTHROPIC_API_KEY, readFileSync(process.env.HOME + '/.config/mstlab/anthropic-key', 'utf8'));`,
  'a result': 'process.env.ANTHROPIC_API_KEY',
  'in JSON, base64, hexadecimal and an address': `const bytes = Buffer.from('Bearer ' + process.env.ANTHROPIC_API_KEY);
console.log(JSON.stringify({ key: process.env.ANTHROPIC_API_KEY }), bytes.toString('base64'), bytes.toString('hex'), encodeURIComponent(process.env.ANTHROPIC_API_KEY!));`,
  'an error with causes': `throw new Error('refused ' + process.env.ANTHROPIC_API_KEY, { cause: new Error(process.env.ANTHROPIC_API_KEY) });`,
  'an error named so': `const odd = new Error('x'); odd.name = process.env.ANTHROPIC_API_KEY!; throw odd;`,
  'a thrown object': 'throw { headers: { authorization: "Bearer " + process.env.ANTHROPIC_API_KEY } };',
  'stderr and warnings':
    'console.error(process.env.ANTHROPIC_API_KEY); process.emitWarning(process.env.ANTHROPIC_API_KEY!);',
  'two writes': `process.stdout.write(process.env.ANTHROPIC_API_KEY!.slice(0, 30));
await new Promise((done) => setTimeout(done, 120));
process.stdout.write(process.env.ANTHROPIC_API_KEY!.slice(30) + '\\n');`,
  'many writes': `for (const letter of process.env.ANTHROPIC_API_KEY!) process.stdout.write(letter);`,
  displays: `import { display, displayBundle, progressBar, widgets } from 'mstlab/notebook';
const shown = display({ key: process.env.ANTHROPIC_API_KEY });
await shown.update('now ' + process.env.ANTHROPIC_API_KEY);
displayBundle({ data: { 'text/html': '<b>' + process.env.ANTHROPIC_API_KEY + '</b>', 'application/json': { [process.env.ANTHROPIC_API_KEY!]: 1 } } });`,
  widgets: `const field = widgets.text({ value: process.env.ANTHROPIC_API_KEY, description: 'key' });
field.value = 'x' + process.env.ANTHROPIC_API_KEY;
widgets.vbox([field, widgets.html(process.env.ANTHROPIC_API_KEY!)])`,
  'a comm with bytes': `import { openComm } from 'mstlab/notebook';
openComm('some.target', { key: process.env.ANTHROPIC_API_KEY }, { buffers: [Buffer.from(process.env.ANTHROPIC_API_KEY!)] });`,
  'a variable’s list': `const copied = process.env.ANTHROPIC_API_KEY; const nested = { deep: [copied] };
%who`,
  '%env': '%env ANTHROPIC_API_KEY',
  'a key set in code': `${setLate} console.log(process.env.LATE_TOKEN); process.env.LATE_TOKEN`,
  'a key set by %env': `%env OTHER_TOKEN=${plantedKey.replace('Planted', 'Another')}
console.log(process.env.OTHER_TOKEN);`,
  'a key that is gone again': `${setLate} console.log(1); const gone = process.env.LATE_TOKEN; delete process.env.LATE_TOKEN; console.log(gone);`,
  'a child that inherits it': `import { execFileSync } from 'node:child_process';
console.log(execFileSync('env', { encoding: 'utf8' }));`,
};

describe('a planted key in the kernel', () => {
  let kernel: LaunchedKernel;
  let log = '';
  const onLog = (text: string) => {
    log += text;
  };

  beforeAll(async () => {
    mkdirSync(join(home, '.config', 'mstlab'), { recursive: true });
    writeFileSync(join(home, '.config', 'mstlab', 'anthropic-key'), `${filedKey}\n`, { mode: 0o600 });
    kernel = await startKernel({ env, onLog });
  }, 120_000);
  afterAll(async () => {
    await kernel?.shutdown();
    rmSync(home, { recursive: true, force: true });
    expectClean(log);
  });

  test.each(Object.entries(showing))('is in no message of a cell that shows %s', async (_, code) => {
    const exchange = await kernel.client.execute(code);
    expectClean(said(exchange));
    expect(JSON.stringify(said(exchange))).toMatch(/••••|not shown|\*{20}/);
    expect(inspect(said(exchange), { depth: null })).not.toContain('AnotherInTests');
  });

  test('is in no answer about a variable, a completion or a type error, though its type is its text', async () => {
    const declared = `const typed = '${plantedKey}';`;
    expectClean(said(await kernel.client.execute(declared)));
    const hover = await kernel.client.request('inspect_request', { code: 'typed', cursor_pos: 3, detail_level: 0 });
    expect(hover.reply.content.found).toBe(true);
    expectClean(said(hover));
    expectClean(
      said(await kernel.client.request('complete_request', { code: 'const x: typeof typed = "', cursor_pos: 25 })),
    );
    const wrong = await kernel.client.execute('const n: number = typed;');
    expect(contents(wrong, 'error')[0].traceback.join('\n')).toContain('TS2322');
    expectClean(said(wrong));
    expectClean(said(await kernel.client.execute('typed?')));
  });

  test('is in no history, though it was typed', async () => {
    const history = await kernel.client.request('history_request', {
      hist_access_type: 'range',
      output: true,
      raw: true,
      session: 0,
      start: 1,
    });
    expect(history.reply.content.history.length).toBeGreaterThan(10);
    expectClean(said(history));
  });

  test('other text is not touched', async () => {
    const exchange = await kernel.client.execute(`console.log('sk and sk-an, ~/ada, 0123456789'); 'a key: value'`);
    expect(printed(exchange)).toBe('sk and sk-an, ~/ada, 0123456789\n');
    expect(resultText(exchange)).toBe("'a key: value'");
  });

  test('is in no message of a process that ends at once, and none of its last words', async () => {
    const exchange = await kernel.client.execute(
      `require('node:fs').writeSync(2, 'native: ' + process.env.ANTHROPIC_API_KEY + '\\n'); process.abort();`,
    );
    expect(contents(exchange, 'error')[0].ename).toBe('ExecutionProcessEnded');
    expectClean(said(exchange));
  });

  test('is in no file of a notebook that was run', async () => {
    const path = join(home, 'showing.ipynb');
    const cells = Object.values(showing).map((source, index) => ({
      cell_type: 'code',
      id: `cell-${index}`,
      metadata: { tags: ['raises-exception'] },
      execution_count: null,
      outputs: [],
      // The source is the reader's own; only what is shown is ours.
      source: source.replaceAll(plantedKey.replace('Planted', 'Another'), 'short'),
    }));
    writeFileSync(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }));
    const out = join(home, 'out', 'showing.ipynb');
    mkdirSync(join(home, 'out'));
    const run = await runNotebook(path, {
      out,
      kernel: { argv: [process.execPath, ...kernelArguments('{connection_file}')], env },
      onLog,
    });
    expect(run.cellSeconds).toHaveLength(cells.length);
    for (const key of Object.values(keys)) expect(filesWith(filesBelow(join(home, 'out')), key)).toEqual([]);
  }, 120_000);
});
