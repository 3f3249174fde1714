import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './source-files';

interface OldTypeScript {
  readonly version: string;
  readonly ScriptTarget: { readonly ES2022: number };
  createSourceFile(name: string, text: string, target: number): { readonly parseDiagnostics: readonly unknown[] };
}

describe('the built declarations', () => {
  it('parse under TypeScript 5.0.4, which the notebook kernel compiles cells with', (context) => {
    const dist = join(ROOT, 'dist', 'src');
    if (!existsSync(dist)) context.skip('there is no build: npm run build makes it');
    const old = createRequire(__filename)('@tslab/typescript-for-tslab') as OldTypeScript;
    expect(old.version).toBe('5.0.4');
    const files = readdirSync(dist, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.d.ts'));
    expect(files.length).toBeGreaterThanOrEqual(60);
    const wrong = files.filter((name) => {
      const text = readFileSync(join(dist, name), 'utf8');
      return old.createSourceFile(name, text, old.ScriptTarget.ES2022).parseDiagnostics.length > 0;
    });
    expect(wrong).toEqual([]);
  });
});
