import { cellFramePattern, type RawError } from './execution/ipc';
import type { CellProblem, ConvertedCell } from './language/cell-language';
import { type LineMap, lineMap } from './language/line-map';

export interface ErrorContent {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

interface CellText {
  /** The number that the user sees. */
  readonly count: number;
  readonly source: string;
  readonly map: LineMap | null;
}

/** tslab puts `export {};` on a line of its own before every cell. */
const linesBeforeCell = 1;
const red = (text: string) => `\u001b[31m${text}\u001b[39m`;

/** Turns errors into the protocol's form, with the kernel's own frames left out and cell frames in the cell's own lines. */
export class Tracebacks {
  private readonly cells = new Map<number, CellText>();

  remember(cell: number, count: number, source: string, maps: ConvertedCell['sourceMaps']): void {
    this.cells.set(cell, { count, source, map: lineMap(maps, linesBeforeCell) });
  }

  ofProblems(count: number, source: string, problems: readonly CellProblem[]): ErrorContent {
    const lines = source.split('\n');
    const traceback = problems.flatMap((problem) => {
      const where = `${problem.file ?? `cell [${count}]`}:${problem.line + 1}:${problem.column + 1}`;
      const head = `${where} - ${red('error')} TS${problem.code}: ${problem.message}`;
      return problem.file === null ? [head, ...pointer(lines, problem.line, problem.column)] : [head];
    });
    return { ename: 'TypeScript', evalue: problems[0]?.message ?? '', traceback };
  }

  ofError(error: RawError): ErrorContent {
    return { ename: error.name, evalue: error.message, traceback: this.lines(error) };
  }

  private lines(error: RawError): string[] {
    const frames = error.stack === null ? [] : this.frames(error.stack);
    const own = [`${red(error.name)}: ${error.message}`, ...frames];
    return error.cause === null ? own : [...own, '', 'Caused by:', ...this.lines(error.cause)];
  }

  private frames(stack: string): string[] {
    const out: string[] = [];
    for (const line of stack.split('\n')) {
      if (!/^\s+at /.test(line)) continue;
      const match = cellFramePattern.exec(line);
      if (!match) {
        if (!isKernelFrame(line)) out.push(line);
        continue;
      }
      const text = this.cells.get(Number(match[1]));
      const place = text?.map?.({ line: Number(match[2]) - 1, column: Number(match[3]) - 1 });
      if (!text || !place) continue;
      const name = /at (?:async )?(?!exports\b|Object\.|eval)([\w$.<>]+) \(/.exec(line)?.[1];
      const first = !out.some((earlier) => earlier.startsWith('    at') && earlier.includes('cell ['));
      out.push(`    at ${name ? `${name}, ` : ''}cell [${text.count}]:${place.line + 1}:${place.column + 1}`);
      if (first) out.push(...pointer(text.source.split('\n'), place.line, place.column));
    }
    return out;
  }
}

function isKernelFrame(line: string): boolean {
  return (
    /\(?node:/.test(line) ||
    /[\\/]kernel-plugins[\\/](kernel[\\/]execution|host)[\\/]/.test(line) ||
    /\bat (new )?Script\.|runInThisContext/.test(line)
  );
}

function pointer(lines: readonly string[], line: number, column: number): string[] {
  if (lines[line] === undefined) return [];
  return [`      ${lines[line]}`, `      ${' '.repeat(column)}^`];
}
