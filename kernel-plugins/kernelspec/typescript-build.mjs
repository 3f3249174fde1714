import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { SetupError, shortened } from './failures.mjs';
import { keyOf, readStamp, removeStamp, textOf, writeStamp } from './stamps.mjs';

const SOURCES = ['src', 'kernel-plugins', 'test/bench'];
// Plain Node scripts that run where they lie, and stand-in packages that npm links from where they lie.
// Of the benchmark only its own code is built: the peer's scripts and the results stay where they lie.
const NOT_BUILT =
  /^kernel-plugins\/kernelspec\/|\/shim-[a-z-]+\/|\/node_modules\/|\.test\.ts$|^test\/bench\/.*\.(py|json|txt|md|pyc)$/;
const OUTPUT_OF_SOURCE = /^(.*)\.(d\.ts|js|js\.map)$/;

/** Compiles src, kernel-plugins and test/bench into dist, if a source, a setting or the compiler has changed since. */
export const typescriptBuildStep = {
  name: 'TypeScript build (dist)',
  where: 'TypeScript build',
  isCurrent: ({ layout }) => existsSync(layout.dist) && readStamp(stampFile(layout))?.key === buildKey(layout),
  async run(context) {
    const { layout } = context;
    const key = beginBuild(layout);
    const { command, args } = compiler(layout);
    const result = await context.attempt({ command, args: [...args, '--pretty', 'false'], where: this.where });
    const errors = result.lines.filter((line) => /error TS\d+/.test(line));
    if (errors.length > 0) {
      throw new SetupError(
        `set-up, ${this.where}: the sources must compile, got ${errors.length} error${errors.length > 1 ? 's' : ''}, ` +
          `first: ${shortened(errors[0])} (log: ${result.log}). Correct the source and run the same command again.`,
      );
    }
    context.require(result, { where: this.where, tool: 'tsc' });
    endBuild(layout, key);
  },
};

/** The same for `npm run build`: the compiler prints to this terminal. Returns its exit code. */
export function buildInTerminal(layout, furtherArguments) {
  const key = beginBuild(layout);
  const { command, args } = compiler(layout);
  const { status } = spawnSync(command, [...args, ...furtherArguments], { cwd: layout.root, stdio: 'inherit' });
  if (status === 0) endBuild(layout, key);
  return status ?? 1;
}

function beginBuild(layout) {
  const key = buildKey(layout);
  removeStamp(stampFile(layout));
  removeOrphans(layout);
  return key;
}

// The key is from before the compiler ran: a source that changed meanwhile is compiled again next time.
function endBuild(layout, key) {
  copyAssets(layout);
  writeStamp(stampFile(layout), key);
}

function compiler(layout) {
  const tsc = join(layout.nodeModules, 'typescript', 'bin', 'tsc');
  return { command: process.execPath, args: [tsc, '-p', 'tsconfig.build.json'] };
}

function stampFile(layout) {
  return join(layout.dist, 'mstlab-build.json');
}

function buildKey(layout) {
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package.json'].map((name) =>
    textOf(join(layout.root, name)),
  );
  const version = JSON.parse(textOf(join(layout.nodeModules, 'typescript', 'package.json')) ?? '{}').version;
  return keyOf([
    version,
    settings,
    sourceFiles(layout).map((file) => [file, readFileSync(join(layout.root, file), 'base64')]),
  ]);
}

function sourceFiles(layout) {
  return SOURCES.flatMap((folder) => filesBelow(layout.root, folder)).filter((file) => !/\.md$|\.partial$/.test(file));
}

// Paths relative to `base`, sorted.
function filesBelow(base, folder) {
  if (!existsSync(join(base, folder))) return [];
  return readdirSync(join(base, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(base, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((file) => !NOT_BUILT.test(file))
    .sort();
}

// What tsc does not carry over: workers in plain JavaScript, tables, fonts.
function copyAssets(layout) {
  for (const file of sourceFiles(layout)) {
    if (/\.[cm]?ts$/.test(file)) continue;
    mkdirSync(dirname(join(layout.dist, file)), { recursive: true });
    copyFileSync(join(layout.root, file), join(layout.dist, file));
  }
}

// tsc never deletes: what is left of a renamed source would still be found by an import.
function removeOrphans(layout) {
  for (const folder of SOURCES) {
    for (const file of filesBelow(layout.dist, folder)) {
      const source = OUTPUT_OF_SOURCE.exec(file)?.[1];
      const kept = existsSync(join(layout.root, file)) || (source && existsSync(join(layout.root, `${source}.ts`)));
      if (!kept) rmSync(join(layout.dist, file));
    }
  }
}
