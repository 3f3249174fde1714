import { applyEdits, type TextEdit } from './text-edits';

// biome-ignore lint/suspicious/noExplicitAny: tslab's fork of TypeScript has no usable declarations.
type TypeScript = any;

/**
 * Makes one variable of what TypeScript compiles to two: the cell's own `let x` and `exports.x`, which later cells use. Without it
 * `x = 5` in a later cell does not reach a function that an earlier cell defined over `x`.
 * `exports.x = x;` becomes a definition through `__define` (with getter and setter for the names in `mutable`), and other writes to
 * `exports` of those names go: their own variable is enough, and a loop over it runs at full speed. The line that sets all names to
 * nothing first goes too, so a cell that fails early takes nothing from earlier cells. Keeps all lines.
 */
export function linkVariables(ts: TypeScript, commonJs: string, mutable: ReadonlySet<string>): string {
  const file = ts.createSourceFile('cell.js', commonJs, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const edits: TextEdit[] = [];
  const defined = new Set<string>();

  for (const statement of file.statements) {
    const written = ts.isExpressionStatement(statement) ? exportWrite(ts, statement.expression) : null;
    const replace = (text: string) => edits.push({ start: statement.getStart(file), end: statement.end, text });
    if (written && isNothing(ts, written.value)) replace('');
    else if (
      written &&
      ts.isIdentifier(written.value) &&
      written.value.text === written.name &&
      !defined.has(written.name)
    ) {
      const { name } = written;
      defined.add(name);
      const access = mutable.has(name) ? `get: () => ${name}, set: (value) => { ${name} = value; }` : `value: ${name}`;
      replace(`__define(exports, ${JSON.stringify(name)}, { ${access} });`);
    } else visit(statement);
  }

  function visit(node: TypeScript): void {
    const written = exportWrite(ts, node);
    if (written && mutable.has(written.name))
      edits.push({ start: node.getStart(file), end: written.value.getStart(file), text: '' });
    ts.forEachChild(node, visit);
  }

  return applyEdits(commonJs, edits).text;
}

/** `exports.name = value` taken apart; null for anything else. */
function exportWrite(ts: TypeScript, node: TypeScript): { name: string; value: TypeScript } | null {
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return null;
  const { left, right } = node;
  if (!ts.isPropertyAccessExpression(left) || !ts.isIdentifier(left.expression) || left.expression.text !== 'exports')
    return null;
  return { name: left.name.text, value: right };
}

/** The end of `exports.b = exports.a = void 0`. */
function isNothing(ts: TypeScript, value: TypeScript): boolean {
  if (ts.isVoidExpression(value)) return true;
  const inner = exportWrite(ts, value);
  return inner !== null && isNothing(ts, inner.value);
}

/** Names that a cell's own top level declares with `let` or `var`, also in patterns. */
export function mutableNames(ts: TypeScript, source: string): ReadonlySet<string> {
  const file = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const names = new Set<string>();
  const collect = (name: TypeScript): void => {
    if (ts.isIdentifier(name)) names.add(name.text);
    else for (const element of name.elements) if (element.name) collect(element.name);
  };
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement) || statement.declarationList.flags & ts.NodeFlags.Const) continue;
    for (const declaration of statement.declarationList.declarations) collect(declaration.name);
  }
  return names;
}
