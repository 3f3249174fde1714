import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { SetupError } from './failures.mjs';
import { keyOf, readStamp, removeStamp, textOf, writeStamp } from './stamps.mjs';

const SOURCES = ['src', 'kernel-plugins'];

/** Compiles src and kernel-plugins into dist, if a source, a setting or the compiler has changed since. */
export const typescriptBuildStep = {
  name: 'TypeScript build (dist)',
  where: 'TypeScript build',
  isCurrent: ({ layout }) => existsSync(layout.dist) && readStamp(stampFile(layout))?.key === buildKey(layout),
  async run(context) {
    const { layout } = context;
    const key = buildKey(layout);
    removeStamp(stampFile(layout));
    removeOrphans(layout);
    const compiler = join(layout.nodeModules, 'typescript', 'bin', 'tsc');
    const result = await context.attempt({
      command: process.execPath,
      args: [compiler, '-p', 'tsconfig.build.json', '--pretty', 'false'],
    });
    const errors = result.lines.filter((line) => /error TS\d+/.test(line));
    if (errors.length > 0) {
      throw new SetupError(
        `set-up, ${this.where}: the sources must compile, got ${errors.length} error${errors.length > 1 ? 's' : ''}, ` +
          `first: ${errors[0].trim()} (log: ${result.log}). Correct the source and run the same command again.`,
      );
    }
    context.require(result, { where: this.where, tool: 'tsc' });
    writeStamp(stampFile(layout), key);
  },
};

function stampFile(layout) {
  return join(layout.dist, 'mstlab-build.json');
}

function buildKey(layout) {
  const files = sourceFiles(layout);
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package.json'].map((name) =>
    textOf(join(layout.root, name)),
  );
  const compiler = JSON.parse(textOf(join(layout.nodeModules, 'typescript', 'package.json')) ?? '{}').version;
  return keyOf([compiler, settings, files.map((file) => [relative(layout.root, file), readFileSync(file, 'utf8')])]);
}

function sourceFiles(layout) {
  return SOURCES.flatMap((folder) => filesBelow(join(layout.root, folder))).filter((file) => /\.(ts|json)$/.test(file));
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes('/node_modules/'))
    .sort();
}

// tsc never deletes: what is left of a renamed source would still be found by an import.
function removeOrphans(layout) {
  for (const folder of SOURCES) {
    for (const file of filesBelow(join(layout.dist, folder))) {
      const match = /^(.*)\.(d\.ts|js|js\.map)$/.exec(relative(layout.dist, file));
      if (match !== null && !existsSync(join(layout.root, `${match[1]}.ts`))) rmSync(file);
    }
  }
}
