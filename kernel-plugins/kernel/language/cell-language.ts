import type { SideOutput } from 'tslab/dist/converter';
import { printQuickInfo } from 'tslab/dist/inspect';
import { fromUtf16, toUtf16 } from './code-points';
import { keepDeclarations } from './declarations';
import { editSource } from './source-edits';
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

  constructor(private readonly place: ConverterPlace) {
    this.tslab = loadConverter(place);
  }

  convert(source: string): ConvertedCell {
    this.pending = null;
    return this.withRecovery(() => this.convertOnce(source, new Set()));
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

  complete(code: string, cursor: number): Completion {
    const info = this.withRecovery(() => this.tslab.converter.complete(this.declarations, code, toUtf16(code, cursor)));
    return {
      matches: info.candidates,
      cursorStart: fromUtf16(code, info.start),
      cursorEnd: fromUtf16(code, info.end),
    };
  }

  /** What TypeScript knows of the name at the cursor, as plain text; null if nothing. */
  inspect(code: string, cursor: number): string | null {
    const info = this.withRecovery(() => this.tslab.converter.inspect(this.declarations, code, toUtf16(code, cursor)));
    return info ? printQuickInfo(info) : null;
  }

  isComplete(code: string): { status: 'complete' | 'incomplete'; indent: string } {
    const result = this.tslab.isCompleteCode(code);
    return { status: result.completed ? 'complete' : 'incomplete', indent: result.indent ?? '' };
  }

  private convertOnce(source: string, anyNames: Set<string>): ConvertedCell {
    const edited = editSource(this.tslab.ts, source, anyNames);
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
          : placeAt(source, edited.toOriginal(problem.start.offset));
        return { ...at, message: problem.messageText, code: problem.code, file };
      });
      return { problems, code: null, lastExpressionVar: null, sideOutputs: result.sideOutputs ?? [], sourceMaps };
    }
    this.pending = result.declOutput ?? '';
    return {
      problems: [],
      code: result.output ?? null,
      lastExpressionVar: result.lastExpressionVar ?? null,
      sideOutputs: result.sideOutputs ?? [],
      sourceMaps,
    };
  }

  /** A converter that threw is in an unknown state: a new one takes its place, and the call is made once more. */
  private withRecovery<T>(call: () => T): T {
    try {
      this.tslab.refreshFiles();
      return call();
    } catch {
      this.tslab.converter.close();
      this.tslab = loadConverter(this.place);
      return call();
    }
  }
}

function placeAt(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset).split('\n');
  return { line: before.length - 1, column: before[before.length - 1].length };
}
