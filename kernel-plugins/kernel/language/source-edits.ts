import { applyEdits, type EditedText, type TextEdit } from './text-edits';

// biome-ignore lint/suspicious/noExplicitAny: tslab's fork of TypeScript has no usable declarations.
type TypeScript = any;

/**
 * Removes `export` from top-level declarations (every name of a cell is exported already) and writes the type of
 * `const x = await import('id')`, whose inferred type TypeScript cannot put into a declaration. `anyNames` are variables whose
 * inferred type cannot be named either; they get `any`. `{ a }` becomes `{ a: a }`: tslab finds uses of earlier cells' variables by
 * their symbol, and that of a shorthand is the property's.
 */
export function editSource(ts: TypeScript, source: string, anyNames: ReadonlySet<string> = new Set()): EditedText {
  const file = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const insert = (at: number, text: string): TextEdit => ({ start: at, end: at, text });
  const edits: TextEdit[] = shorthands(ts, file).map((name) => insert(name.end, `: ${name.text}`));
  for (const statement of file.statements) {
    const exported = statement.modifiers?.find((modifier: TypeScript) => modifier.kind === ts.SyntaxKind.ExportKeyword);
    const isDefault = statement.modifiers?.some(
      (modifier: TypeScript) => modifier.kind === ts.SyntaxKind.DefaultKeyword,
    );
    if (exported && !isDefault) {
      edits.push({ start: exported.getStart(file), end: exported.end, text: '      ' });
    }
    if (!ts.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      if (declaration.type || !ts.isIdentifier(declaration.name)) continue;
      const id = awaitedImport(ts, declaration.initializer);
      if (id !== null) edits.push(insert(declaration.name.end, `: typeof import(${JSON.stringify(id)})`));
      else if (anyNames.has(declaration.name.text)) edits.push(insert(declaration.name.end, ': any'));
    }
  }
  return applyEdits(source, edits);
}

/** Names of all shorthand properties, `a` in `{ a }`. */
function shorthands(ts: TypeScript, node: TypeScript): TypeScript[] {
  const found: TypeScript[] = ts.isShorthandPropertyAssignment(node) ? [node.name] : [];
  ts.forEachChild(node, (child: TypeScript) => {
    found.push(...shorthands(ts, child));
  });
  return found;
}

function awaitedImport(ts: TypeScript, node: TypeScript): string | null {
  if (!node || !ts.isAwaitExpression(node) || !ts.isCallExpression(node.expression)) return null;
  const call = node.expression;
  if (call.expression.kind !== ts.SyntaxKind.ImportKeyword || call.arguments.length !== 1) return null;
  return ts.isStringLiteralLike(call.arguments[0]) ? call.arguments[0].text : null;
}
