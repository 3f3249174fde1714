import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { executeUntil } from '../../kernel/support';
import { type NotebookFolder, startInFolder } from './notebook-folder';

describe('%npm', () => {
  let at: NotebookFolder;
  const writePackage = (version: string, size: number, scripts: Record<string, string> = {}) => {
    const folder = join(at.dir, 'local-size');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'local-size', version, main: 'index.js', types: 'index.d.ts', scripts }),
    );
    writeFileSync(join(folder, 'index.js'), `exports.size = ${size};`);
    writeFileSync(join(folder, 'index.d.ts'), 'export declare const size: number;');
  };
  beforeAll(async () => {
    at = await startInFolder();
  });
  afterAll(() => at?.stop());

  test('without a package.json above the notebook it says so and runs nothing', async () => {
    expect((await at.run('%npm list')).errors.join()).toMatch(/must lie in a folder with a package\.json/);
  });

  test('a package that an import failed to find is there, with types, in the cell after its install', async () => {
    at.write('package.json', JSON.stringify({ name: 'notebook-project', version: '1.0.0' }));
    writePackage('1.0.0', 3);
    const code = 'import { size } from "local-size"; size + 1';
    expect((await at.run(code)).errors.join()).toContain('local-size');
    const { printed } = await at.runs('%npm install --offline ./local-size');
    expect(printed).toMatch(/added 1 package/);
    expect(JSON.parse(readFileSync(join(at.dir, 'package.json'), 'utf8')).dependencies).toEqual({
      'local-size': 'file:local-size',
    });
    expect((await at.runs(code)).result).toBe('4');
    expect((await at.run('size.toUpperCase()')).errors.join()).toContain("does not exist on type 'number'");
  });

  test('a package that was loaded before its install is the new one after it', async () => {
    writePackage('2.0.0', 30);
    await at.runs('%npm install --offline ./local-size');
    expect((await at.runs('import { size } from "local-size"; size + 1')).result).toBe('31');
  });

  test('list shows what is installed; uninstall takes it away', async () => {
    expect((await at.runs('%npm list')).printed).toContain('local-size@2.0.0');
    await at.runs('%npm uninstall --offline local-size');
    expect((await at.runs('%npm list')).printed).not.toContain('local-size');
  });

  test('npm’s own failure is an error that names the command, its lines printed above', async () => {
    const { errors, printed } = await at.run('%npm install --offline ./not-there');
    expect(errors.join()).toMatch(
      /MachineError: %npm: npm must end with code 0, got \d+ \(from npm install .*not-there/,
    );
    expect(printed).toMatch(/ENOENT|not-there/);
  });

  test('an interrupt ends npm', async () => {
    const done = join(at.dir, 'finished');
    writeFileSync(
      join(at.dir, 'package.json'),
      JSON.stringify({
        name: 'notebook-project',
        version: '1.0.0',
        scripts: { preinstall: `echo ran > started; sleep 20; echo ran > ${done}` },
      }),
    );
    await at.runs('import { existsSync } from "node:fs";');
    const { exchange } = await executeUntil(
      at.client,
      'begun',
      'const watch = setInterval(() => { if (existsSync("started")) { console.log("begun"); clearInterval(watch); } }, 50);\n%npm install --offline',
    );
    await at.client.request('interrupt_request', {}, { channel: 'control' });
    const { reply } = await exchange;
    expect(reply.content.status).toBe('error');
    expect(`${reply.content.ename}: ${reply.content.evalue}`).toMatch(/Abort|[Ii]nterrupt/);
    expect((await at.runs(`existsSync(${JSON.stringify(done)})`)).result).toBe('false');
  });
});
