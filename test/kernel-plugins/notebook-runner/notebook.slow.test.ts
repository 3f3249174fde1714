import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  checkNotebook,
  readNotebook,
  runNotebook,
  setParameters,
  writeNotebook,
} from '../../../kernel-plugins/notebook-runner';
import { packageDir } from '../kernel/support';

const dir = mkdtempSync(join(tmpdir(), 'mstlab-runner-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const code = (id: string, source: string, tags?: string[]) => ({
  cell_type: 'code',
  id,
  metadata: tags ? { tags } : {},
  source,
  execution_count: 7,
  outputs: [{ output_type: 'stream', name: 'stdout', text: 'old' }],
});

function notebook(name: string, cells: unknown[]): string {
  const path = join(dir, name);
  writeFileSync(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }));
  return path;
}

const kernel = {
  argv: [process.execPath, join(packageDir, 'dist/kernel-plugins/kernel/main.js'), '{connection_file}'],
};

describe('parameters', () => {
  const source =
    "const preset: Preset = 'quick'; // smoke or quick\nlet steps = 120\nconst shuffle = true;\nconst other = steps + 1";
  const read = () =>
    readNotebook(notebook('parameters.ipynb', [code('a', 'const steps = 1'), code('b', source, ['parameters'])]));

  test('values are replaced in the tagged cell alone, types and comments stay', () => {
    const book = read();
    setParameters(book, { preset: "smo'ke", steps: '3', shuffle: 'false' }, 'x.ipynb');
    expect(book.cells[1].source).toBe(
      "const preset: Preset = 'smo\\'ke'; // smoke or quick\nlet steps = 3\nconst shuffle = false;\nconst other = steps + 1",
    );
    expect(book.cells[0].source).toBe('const steps = 1');
  });

  test('unknown and unfit values are refused in one message that lists what there is', () => {
    expect(() => setParameters(read(), { presets: 'quick', steps: 'many' }, 'x.ipynb')).toThrow(
      /presets, which is not there.*steps \(now 120\) cannot become "many".*It has: preset, steps, shuffle, other/s,
    );
  });
});

describe('the file', () => {
  test('a broken file and an old format are refused with their path', () => {
    const broken = join(dir, 'broken.ipynb');
    writeFileSync(broken, '{');
    expect(() => readNotebook(broken)).toThrow(/readable JSON.*broken\.ipynb/s);
    writeFileSync(broken, JSON.stringify({ nbformat: 3, nbformat_minor: 0, metadata: {}, worksheets: [] }));
    expect(() => readNotebook(broken)).toThrow(/nbformat.*broken\.ipynb/s);
  });

  test('texts are written as lines, keys in order, and read back the same', () => {
    const path = join(dir, 'written.ipynb');
    writeNotebook(path, readNotebook(notebook('lines.ipynb', [code('a', 'one\ntwo')])));
    const text = readFileSync(path, 'utf8');
    expect(JSON.parse(text).cells[0]).toEqual({
      cell_type: 'code',
      execution_count: null,
      id: 'a',
      metadata: {},
      outputs: [],
      source: ['one\n', 'two'],
    });
    writeNotebook(path, readNotebook(path));
    expect(readFileSync(path, 'utf8')).toBe(text);
  });
});

test('the checks name errors, figures without a picture, stderr that is not allowed and gaps in the counts', () => {
  const book = readNotebook(
    notebook(
      'checks.ipynb',
      ['a', 'b', 'c'].map((id) => code(id, id)),
    ),
  );
  const [a, b, c] = book.cells;
  a.execution_count = 1;
  a.outputs.push({ output_type: 'stream', name: 'stderr', text: 'allowed: fine\nsurprise\n' });
  b.execution_count = 3;
  b.outputs.push({ output_type: 'display_data', data: { 'application/vnd.plotly.v1+json': {} }, metadata: {} });
  c.execution_count = 3;
  c.outputs.push({ output_type: 'error', ename: 'E', evalue: 'v', traceback: [] });
  expect(checkNotebook(book, [/^allowed:/]).map(({ cell, message }) => `${cell} ${message}`)).toEqual([
    '0 stderr must be empty or allowed, got "surprise"',
    '1 the execution count must be 2, got 3',
    '1 a Plotly figure must come with image/png for readers without scripts, got none',
    '2 E: v',
  ]);
});

describe('runNotebook', () => {
  test('runs through the kernel: parameters in, outputs merged, updates applied, ids kept, counts from 1', async () => {
    const path = notebook('story.ipynb', [
      { cell_type: 'markdown', id: 'm', metadata: {}, source: '# Story' },
      code('p', 'const steps = 5;', ['parameters']),
      code(
        'q',
        'import { display } from "mstlab/notebook";\nconst handle = display("before");\nconsole.log("one"); console.log("two");',
      ),
      code('r', 'await handle.update("after");\nsteps'),
      code('e', ''),
    ]);
    const out = join(dir, 'story.out.ipynb');
    const seen: string[] = [];
    const run = await runNotebook(path, {
      out,
      kernel,
      parameters: { steps: 2 },
      timeoutSeconds: 100,
      onProgress: ({ done, total }) => seen.push(`${done}/${total}`),
    });
    expect(run.problems).toEqual([]);
    expect(seen.at(-1)).toBe('5/5');
    const { cells, metadata, nbformat_minor } = JSON.parse(readFileSync(out, 'utf8'));
    expect(nbformat_minor).toBe(5);
    expect(metadata.kernelspec.name).toBe('mstlab');
    expect(cells.map(({ id }: { id: string }) => id)).toEqual(['m', 'p', 'q', 'r', 'e']);
    expect(cells.slice(1).map((cell: { execution_count: number }) => cell.execution_count)).toEqual([1, 2, 3, null]);
    expect(cells[2].outputs).toMatchObject([
      { data: { 'text/plain': ["'after'"] } },
      { name: 'stdout', text: ['one\n', 'two\n'] },
    ]);
    expect(cells[2].outputs[0]).not.toHaveProperty('transient');
    expect(cells[3].outputs[0].data['text/plain']).toEqual(['2']);
  });

  test('stops at the first failure, which is a problem, and keeps what ran; a tagged failure is expected', async () => {
    const path = notebook('failing.ipynb', [
      code('a', 'throw new Error("meant to")', ['raises-exception']),
      code('b', 'throw new Error("not meant to")'),
      code('c', '"never"'),
    ]);
    const out = join(dir, 'failing.out.ipynb');
    const run = await runNotebook(path, { out, kernel, timeoutSeconds: 100 });
    expect(run.problems).toEqual([{ cell: 1, message: 'Error: not meant to' }]);
    const { cells } = JSON.parse(readFileSync(out, 'utf8'));
    expect(cells[2]).toMatchObject({ execution_count: null, outputs: [] });
  });

  test('a notebook over its time is stopped with a sentence that names the cell', async () => {
    const path = notebook('slow.ipynb', [code('a', 'while (true) {}')]);
    const options = { out: join(dir, 'slow.out.ipynb'), kernel, timeoutSeconds: 3 };
    await expect(runNotebook(path, options)).rejects.toThrow(
      /slow\.ipynb must end within 3 s, got as far as cell 0 \(while \(true\) \{\}\)/,
    );
  });

  test('a stopped notebook keeps the outputs so far', async () => {
    const path = notebook('stopped.ipynb', [code('a', 'console.log("begun"); while (true) {}')]);
    const out = join(dir, 'stopped.out.ipynb');
    const controller = new AbortController();
    const onMessage = (message: { header: { msg_type: string } }) => {
      if (message.header.msg_type === 'stream') controller.abort();
    };
    await expect(runNotebook(path, { out, kernel, onMessage, signal: controller.signal })).rejects.toThrow(
      /stopped\.ipynb was stopped by request/,
    );
    expect(readFileSync(out, 'utf8')).toContain('begun\\n');
  });
});
