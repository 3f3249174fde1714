import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SideOutput } from 'tslab/dist/converter';
import { printQuickInfo } from 'tslab/dist/inspect';
import type { MagicInfo } from '../../host/magic';
import { fromUtf16, toUtf16 } from './code-points';
import { keepDeclarations } from './declarations';
import { linkVariables, mutableNames } from './live-variables';
import { completeMagic, inspectMagic } from './magic-completion';
import { findMagics, magicEdits, withoutMagics } from './magic-lines';
import { PreludeDeclarations } from './prelude-declarations';
import { editSource } from './source-edits';
import { applyEdits } from './text-edits';
import { type ConverterPlace, loadConverter, type TslabConverter } from './typescript-host';

export interface CellProblem {
  /** Zero-based place in the cell, or in `file`. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly code: number;
  /** A local file that the cell imports, relative to the root; null for the cell itself. */
  readonly file: string | null;
}

export interface ConvertedCell {
  readonly problems: readonly CellProblem[];
  /** CommonJS to run as the body of an async function; null if there is nothing to run. */
  readonly code: string | null;
  readonly lastExpressionVar: string | null;
  readonly sideOutputs: readonly SideOutput[];
  readonly sourceMaps: { readonly toModule: string | null; readonly toCommonJs: string | null };
}

export interface Completion {
  readonly matches: readonly string[];
  /** Both in Unicode characters, as the protocol counts. */
  readonly cursorStart: number;
  readonly cursorEnd: number;
  /** A source of further values that start with `prefix`, to be asked of the execution process; null if `matches` is all. */
  readonly source: string | null;
  readonly prefix: string;
}

/** TypeScript reports these for an inferred type that a declaration file cannot name. */
const isUnnameable = (code: number) => (code >= 4000 && code < 4100) || code === 2742 || code === 7056;

/**
 * The language of one notebook: converts cells, completes, explains. It remembers the declarations of earlier cells; a cell
 * counts as earlier only after `commit`.
 */
export class CellLanguage {
  private tslab: TslabConverter;
  private declarations = '';
  private pending: string | null = null;
  private magics: readonly MagicInfo[] = [];
  private readonly prelude: PreludeDeclarations;

  constructor(private readonly place: ConverterPlace) {
    this.tslab = loadConverter(place);
    this.prelude = new PreludeDeclarations(this.tslab.ts);
  }

  convert(source: string): ConvertedCell {
    this.pending = null;
    return this.withRecovery(source, () => this.convertOnce(source, new Set()));
  }

  /** The cell ran. `exported` names what it had defined when it failed; null if it ran to its end. */
  commit(exported: readonly string[] | null): void {
    if (this.pending === null) return;
    this.declarations =
      exported === null
        ? this.pending
        : keepDeclarations(this.tslab.ts, this.pending, this.declarations, new Set(exported));
    this.pending = null;
  }

  /** Forgets every cell: the execution process was started anew. */
  reset(): void {
    this.declarations = '';
    this.pending = null;
  }

  /** What plugins registered: their magics, and declarations that every cell has. */
  setRegistry(magics: readonly MagicInfo[], declarations: string): void {
    this.magics = magics;
    this.prelude.set(declarations);
  }

  complete(code: string, cursor: number): Completion {
    const at = toUtf16(code, cursor);
    const lineStart = code.lastIndexOf('\n', at - 1) + 1;
    const magic = completeMagic(code.slice(lineStart, at), code.slice(0, lineStart).trim() === '', this.magics);
    if (magic) {
      const { matches, replaces, source, prefix } = magic;
      return { matches, cursorStart: fromUtf16(code, at - replaces), cursorEnd: cursor, source, prefix };
    }
    const info = this.withRecovery(code, () =>
      this.tslab.converter.complete(this.declarations, this.typeScriptOf(code), at),
    );
    return {
      matches: info.candidates.filter((name) => !name.startsWith('__') || code.slice(info.start, at).startsWith('__')),
      cursorStart: fromUtf16(code, info.start),
      cursorEnd: fromUtf16(code, info.end),
      source: null,
      prefix: '',
    };
  }

  /** What TypeScript knows of the name at the cursor, or the help of the magic there, as plain text; null if nothing. */
  inspect(code: string, cursor: number): string | null {
    const at = toUtf16(code, cursor);
    const lineStart = code.lastIndexOf('\n', at - 1) + 1;
    const line = code.slice(lineStart).split('\n', 1)[0];
    const help = inspectMagic(line, at - lineStart, this.magics);
    if (help !== null) return help;
    const info = this.withRecovery(code, () =>
      this.tslab.converter.inspect(this.declarations, this.typeScriptOf(code), at),
    );
    return info ? printQuickInfo(info) : null;
  }

  /** The answer to a cell that is `name?` or `?name`, TypeScript's or a magic's; null for any other cell. */
  question(code: string): string | null {
    const match = /^\s*(?:\?([A-Za-z_$][\w$.]*)|([A-Za-z_$][\w$.]*)\?)\s*;?\s*$/.exec(code);
    if (!match) return null;
    const name = match[1] ?? match[2];
    const magic = this.magics.find((known) => known.name === name);
    // TypeScript says `any` of a name that it has never seen.
    const known = this.inspect(name, Array.from(name).length);
    return (known?.trim() === 'any' ? null : known) ?? magic?.help ?? `No variable, type or magic is called ${name}.`;
  }

  /** A `%%` cell ends with an empty line, as in other notebooks' consoles; everything else is TypeScript's to say. */
  isComplete(code: string): { status: 'complete' | 'incomplete'; indent: string } {
    const [magic] = findMagics(this.tslab.ts, code, this.magics);
    if (magic?.body !== null && magic !== undefined && !magic.asksHelp && magic.name !== 'time')
      return { status: /\n\s*$/.test(code) ? 'complete' : 'incomplete', indent: '' };
    const result = this.tslab.isCompleteCode(this.typeScriptOf(code));
    return { status: result.completed ? 'complete' : 'incomplete', indent: result.indent ?? '' };
  }

  private typeScriptOf(code: string): string {
    return withoutMagics(this.tslab.ts, code, this.magics);
  }

  private convertOnce(source: string, anyNames: Set<string>): ConvertedCell {
    const { notebookDir } = this.place;
    const magics = magicEdits(this.tslab.ts, source, this.magics, (path) => existsSync(resolve(notebookDir, path)));
    const plain = applyEdits(source, magics);
    const edited = editSource(this.tslab.ts, plain.text, anyNames);
    this.tslab.takeSourceMaps();
    const result = this.tslab.converter.convert(this.declarations, edited.text);
    const sourceMaps = this.tslab.takeSourceMaps();
    const diagnostics = result.diagnostics ?? [];
    const unnameable = diagnostics.filter((problem) => isUnnameable(problem.code) && !problem.fileName);
    const names = unnameable.map((problem) => edited.text.slice(problem.start.offset, problem.end.offset));
    if (names.some((name) => !anyNames.has(name))) return this.convertOnce(source, new Set([...anyNames, ...names]));

    if (diagnostics.length > 0) {
      const problems = diagnostics.map((problem) => {
        const file = problem.fileName ?? null;
        const at = file
          ? { line: problem.start.line, column: problem.start.character }
          : placeAt(source, plain.toOriginal(edited.toOriginal(problem.start.offset)));
        return { ...at, message: problem.messageText, code: problem.code, file };
      });
      return { problems, code: null, lastExpressionVar: null, sideOutputs: result.sideOutputs ?? [], sourceMaps };
    }
    this.pending = result.declOutput ?? '';
    return {
      problems: [],
      code: result.output ? this.linked(result.output, edited.text) : null,
      lastExpressionVar: result.lastExpressionVar ?? null,
      sideOutputs: result.sideOutputs ?? [],
      sourceMaps,
    };
  }

  private linked(output: string, source: string): string {
    const { ts } = this.tslab;
    return linkVariables(ts, output, mutableNames(ts, source));
  }

  /** A converter that threw is in an unknown state: a new one takes its place, and the call is made once more. */
  private withRecovery<T>(code: string, call: () => T): T {
    try {
      this.tslab.setGlobals(this.prelude.neededFor(code));
      this.tslab.refreshFiles();
      return call();
    } catch {
      this.tslab.converter.close();
      this.tslab = loadConverter(this.place);
      this.tslab.setGlobals(this.prelude.neededFor(code));
      return call();
    }
  }
}

function placeAt(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset).split('\n');
  return { line: before.length - 1, column: before[before.length - 1].length };
}
