import { existsSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { dirname, extname, isAbsolute, join, resolve, sep } from 'node:path';
import { constants, Script } from 'node:vm';
import type { SideOutput } from 'tslab/dist/converter';

type Require = (id: string) => unknown;

interface LocalModule {
  readonly module: Module;
  readonly importers: Set<string>;
}

/**
 * What `require` means in a cell: local TypeScript as the language service compiled it, `mstlab/...` from this package, other
 * packages as seen from the notebook's folder, ESM-only ones included.
 */
export class CellModules {
  private readonly compiled = new Map<string, string>();
  private readonly loaded = new Map<string, LocalModule>();
  private readonly imported = new Map<string, unknown>();
  private readonly requireFromNotebook: NodeJS.Require;
  private readonly requireFromPackage: NodeJS.Require;
  private readonly importFromNotebook: (id: string) => Promise<unknown>;

  constructor(
    private readonly notebookDir: string,
    packageDir: string,
  ) {
    this.requireFromNotebook = createRequire(join(notebookDir, '__cell__.js'));
    this.requireFromPackage = createRequire(join(packageDir, '__cell__.js'));
    this.importFromNotebook = new Script('(id) => import(id)', {
      filename: join(notebookDir, '__cell__.js'),
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    }).runInThisContext();
  }

  /** Takes newly compiled local files; they and everything that imported them load anew on the next import. */
  update(outputs: readonly SideOutput[]): void {
    for (const { path, data } of outputs) {
      this.compiled.set(path, data);
      this.forget(path);
    }
  }

  /** Loads packages that only `import` can load (exports maps without a `require` condition), before a cell asks for them. */
  async prepare(code: string): Promise<void> {
    for (const [, id] of code.matchAll(/\brequire\("([^"]+)"\)/g)) {
      if (this.imported.has(id) || id.startsWith('.') || /^mstlab(\/|$)/.test(id)) continue;
      try {
        this.requireFromNotebook.resolve(id);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') continue;
        this.imported.set(id, await this.importFromNotebook(id));
      }
    }
  }

  readonly require: Require = (id) => this.load(id, this.notebookDir, this.requireFromNotebook, null);

  /** Imports a module as a cell would. */
  async import(id: string): Promise<unknown> {
    await this.prepare(`require(${JSON.stringify(id)})`);
    return this.require(id);
  }

  /**
   * Makes the next import of a JavaScript file or package load it anew, with those of its files that it requires; other packages
   * stay. False for what only `import` can load: Node keeps it for the life of the process.
   */
  forgetModule(id: string): boolean {
    if (this.imported.has(id)) return false;
    let entry: string;
    try {
      entry = this.requireFromNotebook.resolve(id);
    } catch {
      return true;
    }
    const folder = id.startsWith('.') || isAbsolute(id) ? dirname(entry) : packageFolder(entry);
    const forget = (path: string) => {
      const module = require.cache[path];
      if (!module || !path.startsWith(folder + sep) || path.slice(folder.length).includes(`${sep}node_modules${sep}`))
        return;
      delete require.cache[path];
      for (const child of module.children) forget(child.filename);
    };
    forget(entry);
    return true;
  }

  private load(id: string, fromDir: string, fallback: Require, importer: string | null): unknown {
    if (/^mstlab(\/|$)/.test(id)) return this.requireFromPackage(id);
    if (this.imported.has(id)) return this.imported.get(id);
    const local = id.startsWith('.') || isAbsolute(id) ? this.compiledPath(resolve(fromDir, id)) : null;
    return local ? this.loadLocal(local, importer) : fallback(id);
  }

  private compiledPath(path: string): string | null {
    const stem = path.replace(/\.(ts|tsx|mts|js)$/, '');
    const candidates = [path, `${stem}.js`, `${path}.js`, join(path, 'index.js')];
    return candidates.find((candidate) => extname(candidate) === '.js' && this.compiled.has(candidate)) ?? null;
  }

  private loadLocal(path: string, importer: string | null): unknown {
    const existing = this.loaded.get(path);
    if (existing) {
      if (importer) existing.importers.add(importer);
      return existing.module.exports;
    }
    const module = new Module(path) as Module & { _compile(code: string, path: string): void };
    module.filename = path;
    // biome-ignore lint/suspicious/noExplicitAny: Node has no public name for the lookup paths of a module made by hand.
    module.paths = (Module as any)._nodeModulePaths(dirname(path));
    const fallback = module.require.bind(module);
    module.require = ((id: string) => this.load(id, dirname(path), fallback, path)) as NodeJS.Require;
    this.loaded.set(path, { module, importers: new Set(importer ? [importer] : []) });
    try {
      module._compile(this.compiled.get(path)!, path);
    } catch (error) {
      this.loaded.delete(path);
      throw error;
    }
    return module.exports;
  }

  private forget(path: string): void {
    const entry = this.loaded.get(path);
    if (!entry) return;
    this.loaded.delete(path);
    for (const importer of entry.importers) this.forget(importer);
  }
}

/** The folder of the package that a file belongs to. */
function packageFolder(file: string): string {
  let folder = dirname(file);
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
