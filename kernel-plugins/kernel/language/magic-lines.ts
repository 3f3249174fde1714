import type { MagicInfo } from '../../host/magic';
import type { TextEdit } from './text-edits';

// biome-ignore lint/suspicious/noExplicitAny: tslab's fork of TypeScript has no usable declarations.
type TypeScript = any;

/** One magic in a cell: `%name args` on a line of its own or after `=`, or `%%name args` with the rest of the cell. */
export interface MagicLine {
  /** From the first percent sign to the end of the line, or of the cell for `%%`. */
  readonly start: number;
  readonly end: number;
  readonly name: string;
  readonly args: string;
  /** What follows the first line of a `%%` cell; null for `%`. */
  readonly body: string | null;
  /** `%name?` or `?%name`. */
  readonly asksHelp: boolean;
}

const cellMagic = /^(\s*)%%([A-Za-z_]\w*)(\??)([^\n]*)(?:\n([\s\S]*))?$/;
const helpBefore = /^\s*\?%{1,2}([A-Za-z_]\w*)\s*$/;

/** Whether a cell can hold a magic at all; spares most cells the scan. */
const mayHoldMagic = /(^|=)[^\S\n]*(await[^\S\n]+)?%{1,2}[A-Za-z_]|^\s*\?%/m;

/**
 * Finds the magics of a cell. A percent sign that opens a line is a magic where a statement may begin; after a line that could go on
 * (`a` newline `%b`) only a registered name is, for there TypeScript reads a remainder.
 */
export function findMagics(ts: TypeScript, source: string, magics: readonly MagicInfo[]): MagicLine[] {
  if (!mayHoldMagic.test(source)) return [];
  const asked = helpBefore.exec(source);
  if (asked) return [{ start: 0, end: source.length, name: asked[1], args: '', body: null, asksHelp: true }];
  const whole = cellMagic.exec(source);
  if (whole) {
    const [, space, name, question, args, body = ''] = whole;
    return [{ start: space.length, end: source.length, name, args: args.trim(), body, asksHelp: question === '?' }];
  }
  const known = new Set(magics.map((magic) => magic.name));
  return lineMagics(ts, source, known);
}

function lineMagics(ts: TypeScript, source: string, known: ReadonlySet<string>): MagicLine[] {
  const { SyntaxKind } = ts;
  const scanner = ts.createScanner(ts.ScriptTarget.ES2022, true, ts.LanguageVariant.Standard, source);
  const found: MagicLine[] = [];
  /** Open brackets; a template's `${` is told from a block's `{` to know where its text goes on. */
  const open: ('bracket' | 'template')[] = [];
  let previous: number | null = null;
  let previousText = '';

  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (kind === SyntaxKind.PercentToken || kind === SyntaxKind.PercentEqualsToken) {
      const start = scanner.getTokenPos();
      const magic = open.length === 0 ? magicAt(source, start, previous, previousText) : null;
      if (magic) {
        found.push(magic);
        scanner.setTextPos(magic.end);
        previous = null;
        continue;
      }
    }
    if ((kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken) && !endsOperand(previous))
      kind = scanner.reScanSlashToken();
    if (kind === SyntaxKind.CloseBraceToken && open.at(-1) === 'template') {
      kind = scanner.reScanTemplateToken(false);
      if (kind === SyntaxKind.TemplateTail) open.pop();
    } else if (kind === SyntaxKind.TemplateHead) open.push('template');
    else if (isOpening(kind)) open.push('bracket');
    else if (isClosing(kind)) open.pop();
    previous = kind;
    previousText = scanner.getTokenText();
  }
  return found;

  function magicAt(text: string, start: number, before: number | null, beforeText: string): MagicLine | null {
    const match = /^%([A-Za-z_]\w*)(\??)([^\n]*)/.exec(text.slice(start));
    if (!match) return null;
    const [line, name, question, args] = match;
    const opensLine = /(^|\n)[^\S\n]*$/.test(text.slice(0, start));
    const assigned = before === SyntaxKind.EqualsToken || (beforeText === 'await' && !opensLine);
    const statement = before === null || before === SyntaxKind.SemicolonToken || before === SyntaxKind.CloseBraceToken;
    if (!assigned && !(opensLine && (statement || known.has(name)))) return null;
    return {
      start,
      end: start + line.length,
      name,
      args: args.trim().replace(/;$/, '').trimEnd(),
      body: null,
      asksHelp: question === '?',
    };
  }

  function endsOperand(kind: number | null): boolean {
    return (
      kind === SyntaxKind.Identifier ||
      kind === SyntaxKind.NumericLiteral ||
      kind === SyntaxKind.StringLiteral ||
      kind === SyntaxKind.NoSubstitutionTemplateLiteral ||
      kind === SyntaxKind.TemplateTail ||
      kind === SyntaxKind.ThisKeyword ||
      kind === SyntaxKind.CloseParenToken ||
      kind === SyntaxKind.CloseBracketToken ||
      kind === SyntaxKind.CloseBraceToken
    );
  }
  function isOpening(kind: number): boolean {
    return (
      kind === SyntaxKind.OpenBraceToken || kind === SyntaxKind.OpenParenToken || kind === SyntaxKind.OpenBracketToken
    );
  }
  function isClosing(kind: number): boolean {
    return (
      kind === SyntaxKind.CloseBraceToken ||
      kind === SyntaxKind.CloseParenToken ||
      kind === SyntaxKind.CloseBracketToken
    );
  }
}

/** The TypeScript that runs in a magic's place. `isFile` says whether an extension named by path is a TypeScript file. */
export function magicEdits(
  ts: TypeScript,
  source: string,
  magics: readonly MagicInfo[],
  isFile: (path: string) => boolean,
): TextEdit[] {
  return findMagics(ts, source, magics).flatMap((magic) => {
    const { start, end, name, args, body, asksHelp } = magic;
    if (asksHelp) return [{ start, end, text: `await __magicHelp(${JSON.stringify(name)})` }];
    if (name === 'time' && !/^(-h|--help)$/.test(args)) return timeEdits(ts, source, magic);
    const returns = magics.find((known) => known.name === name)?.returns;
    const words = [JSON.stringify(name), argumentText(args), body === null ? 'null' : JSON.stringify(body)];
    const extension = body === null && /^(load|reload)_ext$/.test(name) ? extensionPath(args, isFile) : null;
    if (extension !== null) words.push(`() => import(${JSON.stringify(extension)})`);
    const call = `(await __magic(${words.join(', ')}))`;
    return [{ start, end, text: `${opening(source, start)}${returns ? `(${call} as ${returns})` : call};` }];
  });
}

/** A parenthesis that opens a line would call what the line before ends with. */
function opening(source: string, start: number): string {
  return /(^|\n)[^\S\n]*$/.test(source.slice(0, start)) ? ';' : '';
}

/** `{name}` in a magic's arguments is a variable's value, as one word or a list; `{{` is a brace. */
function argumentText(args: string): string {
  const pieces = args.split(/(\{\{|\}\}|\{[A-Za-z_$][\w$.]*(?:\[\d+\])*\})/).filter((piece) => piece !== '');
  if (pieces.length === 0) return '""';
  return pieces
    .map((piece) => {
      if (piece === '{{' || piece === '}}') return JSON.stringify(piece[0]);
      return /^\{[A-Za-z_$]/.test(piece) ? `__word(${piece.slice(1, -1)})` : JSON.stringify(piece);
    })
    .join(' + ');
}

/** `%time x = f()` and `%time f()` time the value; `%%time` the rest of the cell, which stays as it is. */
function timeEdits(ts: TypeScript, source: string, { start, args, body, end }: MagicLine): TextEdit[] {
  if (body !== null) return [{ start, end: firstLineEnd(source, start), text: '__timeCell();' }];
  const file = ts.createSourceFile('timed.ts', args, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const [statement] = file.statements;
  const declared = statement && ts.isVariableStatement(statement) ? statement.declarationList.declarations : [];
  const initializer = declared.length === 1 ? declared[0].initializer : null;
  const from = initializer ? initializer.getStart(file) : 0;
  const to = initializer ? initializer.end : args.length;
  const timed = `await __time(async () => (${args.slice(from, to)}))`;
  return [{ start, end, text: `${opening(source, start)}${args.slice(0, from)}${timed}${args.slice(to)};` }];
}

function firstLineEnd(source: string, from: number): number {
  const end = source.indexOf('\n', from);
  return end < 0 ? source.length : end;
}

function extensionPath(args: string, isFile: (path: string) => boolean): string | null {
  const path = args.trim().replace(/^(["'])(.*)\1$/, '$2');
  if (!/^(\.{1,2})?\//.test(path) || /\s/.test(path)) return null;
  const stem = path.replace(/\.(ts|mts)$/, '');
  return isFile(`${stem}.ts`) || isFile(`${stem}.mts`) ? stem : null;
}

/** A cell of the same length and lines without its magics, for questions about the TypeScript around them. */
export function withoutMagics(ts: TypeScript, source: string, magics: readonly MagicInfo[]): string {
  let text = source;
  for (const { start, end: last, name, body } of findMagics(ts, source, magics)) {
    const end = name === 'time' && body !== null ? firstLineEnd(source, start) : last;
    const blank = source.slice(start, end).replace(/[^\n]/g, ' ');
    const assigned = /=[^\S\n]*$/.test(source.slice(0, start));
    text = text.slice(0, start) + (assigned ? `0${blank.slice(1)}` : blank) + text.slice(end);
  }
  return text;
}
