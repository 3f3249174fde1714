// biome-ignore lint/suspicious/noExplicitAny: tslab's fork of TypeScript has no usable declarations.
type TypeScript = any;

/**
 * Declarations after a cell that failed half-way: types stay, a value stays only if the cell had defined it (`exported`) or
 * an earlier cell had (`before`). A failed cell so keeps the lines that ran.
 */
export function keepDeclarations(ts: TypeScript, after: string, before: string, exported: ReadonlySet<string>): string {
  const known = new Set([...exported, ...valueNames(ts, before)]);
  const file = parse(ts, after);
  return file.statements
    .filter((statement: TypeScript) => {
      const names = namesOf(ts, statement);
      return names.length === 0 || names.some((name) => known.has(name));
    })
    .map((statement: TypeScript) => after.slice(statement.getFullStart(), statement.end))
    .join('');
}

function parse(ts: TypeScript, text: string): TypeScript {
  return ts.createSourceFile('declarations.d.ts', text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
}

function valueNames(ts: TypeScript, text: string): string[] {
  return parse(ts, text).statements.flatMap((statement: TypeScript) => namesOf(ts, statement));
}

/** Names of values that a statement declares; empty for types, which exist without running. */
function namesOf(ts: TypeScript, statement: TypeScript): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map((declaration: TypeScript) => declaration.name.text);
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement) || ts.isEnumDeclaration(statement))
    return statement.name ? [statement.name.text] : [];
  if (ts.isImportDeclaration(statement) && statement.importClause && !statement.importClause.isTypeOnly) {
    const { name, namedBindings } = statement.importClause;
    const names: string[] = name ? [name.text] : [];
    if (namedBindings && ts.isNamespaceImport(namedBindings)) names.push(namedBindings.name.text);
    if (namedBindings && ts.isNamedImports(namedBindings))
      names.push(...namedBindings.elements.map((element: TypeScript) => element.name.text));
    return names;
  }
  return [];
}
