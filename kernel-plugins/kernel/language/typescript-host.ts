import { statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { isAbsolute, join, sep } from 'node:path';
import type { Converter, isCompleteCode } from 'tslab/dist/converter';
import { cellGlobals } from './cell-globals';
import { joinSourceMaps } from './joined-source-map';

// biome-ignore lint/suspicious/noExplicitAny: tslab's fork of TypeScript 5.0.4 has no declarations that agree with the ones we compile against.
type TypeScript = any;

export interface ConverterPlace {
  /** The folder that TypeScript sees as its working directory and root; local files outside it cannot be imported. */
  readonly rootDir: string;
  /** The folder against which a cell's relative imports are read. */
  readonly notebookDir: string;
  /** The folder of this package, which `mstlab/...` means also for notebooks outside it. */
  readonly packageDir: string;
}

export interface TslabConverter {
  readonly ts: TypeScript;
  readonly converter: Converter;
  readonly isCompleteCode: typeof isCompleteCode;
  /** Source maps of the two passes of the last conversion: cell → ES module → CommonJS; version 3 JSON texts. */
  takeSourceMaps(): { toModule: string | null; toCommonJs: string | null };
  /** Declarations that every cell has, in place of those so far. */
  setGlobals(declarations: string): void;
  /** Tells TypeScript about local files that changed on disk; call it before each use. */
  refreshFiles(): void;
}

const fileChanged = 1;
const fileDeleted = 2;

/**
 * tslab's converter on a patched copy of its TypeScript: strict, resolving as a bundler does (exports maps, ESM-only
 * packages), top-level await as the language defines it, source maps, and file changes noticed when we ask instead of by
 * timers. Stock tslab's timers brick the kernel when a file appears after its import failed.
 * Must run in a thread of its own, with `rootDir` as the working directory: tslab fixes both at creation.
 */
export function loadConverter(place: ConverterPlace): TslabConverter {
  const { ts, takeSourceMaps, setGlobals, refreshFiles } = patchTypeScript(place);
  // Loaded only here: the converter binds to the TypeScript that it finds at its first load.
  const path = require.resolve('tslab/dist/converter');
  delete require.cache[path];
  const tslab = require(path) as typeof import('tslab/dist/converter');
  const converter = tslab.createConverter({ isJS: false, isBrowser: false });
  return { ts, converter, isCompleteCode: tslab.isCompleteCode, takeSourceMaps, setGlobals, refreshFiles };
}

/** Finds the unpatched TypeScript again when a second converter is made. */
const originalSymbol = Symbol('mstlab.original-typescript');

function patchTypeScript(place: ConverterPlace) {
  const id = require.resolve('@tslab/typescript-for-tslab', { paths: [require.resolve('tslab/package.json')] });
  const original: TypeScript = require.cache[id]?.exports[originalSymbol] ?? require(id);
  const ts: TypeScript = { ...original, sys: Object.create(original.sys), [originalSymbol]: original };
  const watched = new Map<string, { callback: (path: string, kind: number) => void; stamp: number }>();
  const globalsPath = join(place.rootDir, '__mstlab_globals__.d.ts').replaceAll(sep, '/');
  let globals = cellGlobals;
  let globalsChanged = () => {};
  let moduleMap: string | null = null;
  let commonJsMap: string | null = null;

  ts.sys.watchDirectory = () => ({ close() {} });
  ts.sys.watchFile = (path: string, callback: (path: string, kind: number) => void) => {
    if (path === globalsPath) globalsChanged = () => callback(path, fileChanged);
    const local = isAbsolute(path) && !path.includes('/node_modules/') && !path.includes('/dist/');
    if (local) watched.set(path, { callback, stamp: stampOf(path) });
    // A file stays watched when no cell imports it any more: tslab would hold an edit made meanwhile for compiled already.
    return { close() {} };
  };
  ts.sys.readFile = (path: string, encoding?: string) =>
    path === globalsPath ? globals : original.sys.readFile(path, encoding);
  ts.sys.fileExists = (path: string) => path === globalsPath || original.sys.fileExists(path);

  ts.createWatchCompilerHost = (roots: string[], options: TypeScript, system: TypeScript, ...rest: unknown[]) => {
    const host = original.createWatchCompilerHost(
      [...roots, globalsPath],
      {
        ...options,
        strict: true,
        lib: ['lib.es2023.d.ts'],
        moduleResolution: original.ModuleResolutionKind.Bundler,
        disableTopLevelAwait: false,
        inlineSourceMap: true,
        // By default TypeScript reads every `@types` package that is installed: a second of the first cell for names nobody uses.
        types: ['node'],
        typeRoots: [place.rootDir, place.packageDir].map((folder) => join(folder, 'node_modules', '@types')),
      },
      system,
      ...rest,
    );
    resolveForCells(original, host, system, place);
    return host;
  };
  ts.transpileModule = (source: string, options: TypeScript) => {
    const innerMap = inlineMapOf(source);
    const result = original.transpileModule(stripMapComment(source), {
      ...options,
      compilerOptions: { ...options.compilerOptions, sourceMap: true },
    });
    const outerMap: string | null = result.sourceMapText ?? null;
    const outputText = stripMapComment(result.outputText);
    // A local file that the cell imports: Node maps its frames by the map that it carries.
    if (innerMap && outerMap && !isCellMap(innerMap)) {
      const map = Buffer.from(joinSourceMaps(original, innerMap, outerMap)).toString('base64');
      return { ...result, outputText: `${outputText}\n//# sourceMappingURL=data:application/json;base64,${map}\n` };
    }
    moduleMap = innerMap;
    commonJsMap = outerMap;
    return { ...result, outputText };
  };
  require.cache[id]!.exports = ts;

  return {
    ts,
    takeSourceMaps() {
      const maps = { toModule: moduleMap, toCommonJs: commonJsMap };
      moduleMap = null;
      commonJsMap = null;
      return maps;
    },
    setGlobals(declarations: string) {
      const next = cellGlobals + declarations;
      if (next === globals) return;
      globals = next;
      globalsChanged();
    },
    refreshFiles() {
      for (const [path, entry] of watched) {
        const stamp = stampOf(path);
        if (stamp === entry.stamp) continue;
        entry.stamp = stamp;
        entry.callback(path, stamp === 0 ? fileDeleted : fileChanged);
      }
    },
  };
}

/** Cells and the declarations of earlier cells are files in `rootDir` to tslab; their relative imports mean the notebook's folder. */
function resolveForCells(ts: TypeScript, host: TypeScript, system: TypeScript, place: ConverterPlace): void {
  const cellFiles = new Set(
    ['__tslab__.ts', '__prev__.d.ts'].map((name) => join(place.rootDir, name).replaceAll(sep, '/')),
  );
  const asInNotebook = join(place.notebookDir, '__cell__.ts');
  const asInPackage = join(place.packageDir, '__cell__.ts');
  const unresolved = new Set<string>();
  host.resolveModuleNameLiterals = (
    literals: { text: string }[],
    containingFile: string,
    redirected: unknown,
    options: unknown,
  ) => {
    const inCell = cellFiles.has(containingFile);
    if (!inCell) unresolved.delete(containingFile);
    return literals.map(({ text }) => {
      // Node's own modules are declared, not found; looking for each of them in every folder took a quarter of a second.
      if (isBuiltin(text)) return { resolvedModule: undefined };
      const ours = /^mstlab(\/|$)/.test(text) && !containingFile.includes('/node_modules/');
      const from = ours ? asInPackage : inCell ? asInNotebook : containingFile;
      const resolution = ts.resolveModuleName(text, from, options, system, undefined, redirected);
      if (!resolution.resolvedModule && !inCell && !containingFile.includes('/node_modules/'))
        unresolved.add(containingFile);
      return resolution;
    });
  };
  host.hasInvalidatedResolutions = (path: string) => cellFiles.has(path) || unresolved.has(path);
}

function stampOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

const mapComment = /\n?\/\/# sourceMappingURL=\S+\s*$/;

function stripMapComment(source: string): string {
  return source.replace(mapComment, '\n');
}

function inlineMapOf(source: string): string | null {
  const match = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(source);
  return match ? Buffer.from(match[1], 'base64').toString('utf8') : null;
}

function isCellMap(map: string): boolean {
  return /(^|\/)__tslab__\.ts$/.test(JSON.parse(map).sources[0] ?? '');
}
