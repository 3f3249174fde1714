import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { filesBelow, ROOT, textOf } from './source-files';

const code = ['src', 'kernel-plugins', 'test'].flatMap((folder) => filesBelow(folder, /\.(ts|mts|mjs|cjs|js)$/));
const sources = filesBelow('src', /\.ts$/);
const texts = filesBelow(
  '.',
  /(\.(ts|mts|mjs|cjs|js|json|md|ipynb|py|txt|yml|yaml)|\/run|\.npmrc|\.gitignore)$/,
).filter((path) => path !== 'test/architecture/house-rules.test.ts' && statSync(join(ROOT, path)).size < 4e6);

// What belongs to one machine or to the way the project was made, never to the project.
const FORBIDDEN = [
  { what: 'a path of one machine', words: /(?<![\w.])\/(work|root|home)\/[A-Za-z]/ },
  { what: 'a folder beside the project', words: /\.\.\/shared\b/ },
  {
    what: 'a host of a package registry',
    words: /registry\.npmjs\.org|pypi\.org\/simple|files\.pythonhosted\.org|deb\.debian\.org/,
  },
  { what: 'an issue by number', words: /\bissues? (#\d|\d+\b)(?! of)/i },
  { what: 'a key or a token', words: /sk-ant-[\w-]{8}|ghp_\w{20}|npm_[A-Za-z0-9]{30}|BEGIN [A-Z ]*PRIVATE KEY/ },
];

// Kept for the life of a process on purpose, without any effect on a result.
const PROCESS_WIDE = new Map([['src/analysis/charts/figure-png.ts', 'one drawing thread']]);

// Files that node starts: doing work is what they are for.
const ENTRIES = /\/(cli|main|worker)\.ts$/;

describe('house rules', () => {
  it('look at all the files there are', () => {
    expect(code.length).toBeGreaterThanOrEqual(120);
    expect(sources.length).toBeGreaterThanOrEqual(60);
    expect(texts.length).toBeGreaterThanOrEqual(120);
  });

  it.each(FORBIDDEN)('no file holds $what', ({ words }) => {
    const found = texts.flatMap((path) =>
      textOf(path)
        .split('\n')
        .flatMap((line, i) => (words.test(line) ? [`${path}:${i + 1}: ${words.exec(line)?.[0]}`] : [])),
    );
    expect(found).toEqual([]);
  });

  it('file names are kebab-case', () => {
    const kebab = /^[a-z0-9+]+(-[a-z0-9+]+)*(\.[a-z]+)*$/;
    expect(code.filter((path) => !kebab.test(basename(path)))).toEqual([]);
  });

  it('no file or folder is a drawer for anything', () => {
    const drawer = /(^|\/)(utils?|helpers?|common|misc)(\/|\.|$)/;
    expect(code.filter((path) => drawer.test(path))).toEqual([]);
  });

  it('there is no root barrel, and each folder that others import has a short index', () => {
    expect(sources).not.toContain('src/index.ts');
    const top = sources.map((path) => path.split('/').slice(0, 2).join('/'));
    for (const folder of new Set(top)) {
      const indexes = sources.filter((path) => path.startsWith(`${folder}/`) && basename(path) === 'index.ts');
      expect(indexes, folder).not.toEqual([]);
    }
    const long = sources.filter((path) => basename(path) === 'index.ts' && textOf(path).split('\n').length > 80);
    expect(long).toEqual([]);
  });

  it('no module keeps state: nothing at top level is reassigned', () => {
    const candidates = sources.filter((path) => !PROCESS_WIDE.has(path));
    const wrong = candidates.filter((path) =>
      parsed(path).statements.some(
        (item) => ts.isVariableStatement(item) && (item.declarationList.flags & ts.NodeFlags.Const) === 0,
      ),
    );
    expect(wrong).toEqual([]);
  });

  it('no module does work at import: no bare call, loop or condition at top level but `if (require.main === module)`', () => {
    const wrong = sources.filter((path) =>
      parsed(path).statements.some(
        (item) =>
          (ts.isExpressionStatement(item) && !/^'use strict'/.test(item.getText())) ||
          ts.isIterationStatement(item, false) ||
          (ts.isIfStatement(item) && item.expression.getText() !== 'require.main === module'),
      ),
    );
    expect(wrong.filter((path) => !ENTRIES.test(path))).toEqual([]);
  });

  it('a source has one subject: at most 400 lines', () => {
    const long = sources.filter((path) => textOf(path).split('\n').length > 400);
    expect(long.map((path) => `${dirname(path)}/${basename(path)}`)).toEqual([]);
  });
});

function parsed(path: string): ts.SourceFile {
  return ts.createSourceFile(path, textOf(path), ts.ScriptTarget.ES2022, true);
}
