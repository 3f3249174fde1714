import { readFileSync, writeFileSync } from 'node:fs';

/** Writes a notebook of these code cells, not yet run. */
export function writeSmallNotebook(path: string, sources: readonly string[]): void {
  const cells = sources.map((source, index) => ({
    cell_type: 'code',
    id: `cell-${index}`,
    metadata: {},
    execution_count: null,
    outputs: [],
    source,
  }));
  const metadata = { kernelspec: { name: 'mstlab', display_name: 'TypeScript (mstlab)', language: 'typescript' } };
  writeFileSync(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata, cells }));
}

/** Code that gives cells `gate(name)`, which waits for a file of this name in `dir`: so the test decides when a cell goes on. */
export function gateCode(dir: string): string {
  return `import { existsSync } from 'node:fs';
async function gate(name: string | number) {
  while (!existsSync(${JSON.stringify(`${dir}/`)} + name)) await new Promise((done) => setTimeout(done, 20));
}`;
}

export interface SavedCell {
  readonly cell_type: string;
  readonly execution_count: number | null;
  readonly outputs: readonly { output_type: string; data?: Record<string, unknown>; text?: string | string[] }[];
}

/** The code cells of a notebook file with their outputs (readNotebook drops these: it reads to execute). */
export function savedCode(path: string): SavedCell[] {
  const { cells } = JSON.parse(readFileSync(path, 'utf8')) as { cells: SavedCell[] };
  return cells.filter((cell) => cell.cell_type === 'code');
}
