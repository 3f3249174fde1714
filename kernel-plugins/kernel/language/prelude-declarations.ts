// biome-ignore lint/suspicious/noExplicitAny: tslab's fork of TypeScript has no usable declarations.
type TypeScript = any;

interface Declaration {
  readonly names: readonly string[];
  readonly text: string;
}

/**
 * Declarations that plugins give to every cell, handed to TypeScript only once a cell names them: one `import('...')` in a type can
 * bring in thousands of files, which a notebook that never uses the name should not wait for.
 */
export class PreludeDeclarations {
  private waiting: readonly Declaration[] = [];
  private used = '';

  constructor(private readonly ts: TypeScript) {}

  /** Takes new declarations in place of all; those in use stay in use if they still exist. */
  set(text: string): void {
    const { ts } = this;
    const before = this.used;
    const file = ts.createSourceFile('prelude.d.ts', text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
    const all: Declaration[] = file.statements.map((statement: TypeScript) => ({
      names: namesOf(ts, statement),
      text: text.slice(statement.getFullStart(), statement.end),
    }));
    // A statement without a name (an import, a module) cannot be waited for.
    const inUse = all.filter(({ names, text: own }) => names.length === 0 || before.includes(own));
    this.used = inUse.map((declaration) => declaration.text).join('');
    this.waiting = all.filter((declaration) => !inUse.includes(declaration));
  }

  /** The declarations that TypeScript must know to read this cell, and those of the cells before. */
  neededFor(code: string): string {
    const named = this.waiting.filter(({ names }) => names.some((name) => wordIn(code, name)));
    if (named.length > 0) {
      this.waiting = this.waiting.filter((declaration) => !named.includes(declaration));
      this.used += named.map(({ text }) => text).join('');
    }
    return this.used;
  }
}

function namesOf(ts: TypeScript, statement: TypeScript): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map((declaration: TypeScript) => declaration.name.getText());
  return statement.name && ts.isIdentifier(statement.name) ? [statement.name.text] : [];
}

function wordIn(code: string, name: string): boolean {
  return new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`).test(code);
}
