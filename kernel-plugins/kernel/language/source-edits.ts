// biome-ignore lint/suspicious/noExplicitAny: tslab's fork of TypeScript has no usable declarations.
type TypeScript = any;

interface Insertion {
  /** Offset in the cell's own text. */
  readonly at: number;
  readonly text: string;
}

/** A cell's text made fit for tslab, and the way back to the positions that the user typed. */
export interface EditedSource {
  readonly text: string;
  /** Offset in the edited text → offset in the original. */
  toOriginal(offset: number): number;
}

/**
 * Removes `export` from top-level declarations (every name of a cell is exported already) and writes the type of
 * `const x = await import('id')`, whose inferred type TypeScript cannot put into a declaration. `anyNames` are variables whose
 * inferred type cannot be named either; they get `any`. `{ a }` becomes `{ a: a }`: tslab finds uses of earlier cells' variables by
 * their symbol, and that of a shorthand is the property's.
 */
export function editSource(ts: TypeScript, source: string, anyNames: ReadonlySet<string> = new Set()): EditedSource {
  const file = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  let blanked = source;
  const insertions: Insertion[] = shorthands(ts, file).map((name) => ({ at: name.end, text: `: ${name.text}` }));
  for (const statement of file.statements) {
    const exported = statement.modifiers?.find((modifier: TypeScript) => modifier.kind === ts.SyntaxKind.ExportKeyword);
    const isDefault = statement.modifiers?.some(
      (modifier: TypeScript) => modifier.kind === ts.SyntaxKind.DefaultKeyword,
    );
    if (exported && !isDefault) {
      const start = exported.getStart(file);
      blanked = blanked.slice(0, start) + ' '.repeat(exported.end - start) + blanked.slice(exported.end);
    }
    if (!ts.isVariableStatement(statement)) continue;
    for (const declaration of statement.declarationList.declarations) {
      if (declaration.type || !ts.isIdentifier(declaration.name)) continue;
      const id = awaitedImport(ts, declaration.initializer);
      if (id !== null) insertions.push({ at: declaration.name.end, text: `: typeof import(${JSON.stringify(id)})` });
      else if (anyNames.has(declaration.name.text)) insertions.push({ at: declaration.name.end, text: ': any' });
    }
  }
  return applyInsertions(blanked, insertions);
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

function applyInsertions(source: string, insertions: readonly Insertion[]): EditedSource {
  const ordered = [...insertions].sort((a, b) => a.at - b.at);
  let text = '';
  let last = 0;
  for (const { at, text: inserted } of ordered) {
    text += source.slice(last, at) + inserted;
    last = at;
  }
  text += source.slice(last);
  return {
    text,
    toOriginal(offset) {
      let added = 0;
      for (const { at, text: inserted } of ordered) {
        if (offset <= at + added) break;
        added += Math.min(inserted.length, offset - at - added);
      }
      return offset - added;
    },
  };
}
