import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { FileFormatError, sha256 } from '../../src/core';

const multiline = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(''))]);
const metadata = z.record(z.string(), z.unknown());

const cellSchema = z.looseObject({
  id: z.string().optional(),
  cell_type: z.enum(['code', 'markdown', 'raw']),
  metadata: metadata.default({}),
  source: multiline,
});

const notebookSchema = z.looseObject({
  nbformat: z.literal(4),
  nbformat_minor: z.number().int(),
  metadata: metadata.default({}),
  cells: z.array(cellSchema),
});

// biome-ignore lint/suspicious/noExplicitAny: outputs hold any JSON, by MIME type.
export type MimeData = Record<string, any>;

export type Output =
  | { output_type: 'stream'; name: 'stdout' | 'stderr'; text: string }
  | { output_type: 'display_data'; data: MimeData; metadata: MimeData }
  | { output_type: 'execute_result'; data: MimeData; metadata: MimeData; execution_count: number }
  | { output_type: 'error'; ename: string; evalue: string; traceback: string[] };

export interface NotebookCell {
  readonly id: string;
  readonly cell_type: 'code' | 'markdown' | 'raw';
  readonly metadata: Record<string, unknown>;
  source: string;
  execution_count: number | null;
  outputs: Output[];
}

/** A notebook in memory: texts are joined, every cell has an id, outputs are those of the run. */
export interface Notebook {
  readonly metadata: Record<string, unknown>;
  readonly cells: NotebookCell[];
}

/** Reads a notebook of format 4. Old outputs are dropped. Throws FileFormatError that names the fields that are wrong. */
export function readNotebook(path: string): Notebook {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FileFormatError(`readNotebook: a notebook must be readable JSON, got ${String(error)} (from ${path}).`);
  }
  const result = notebookSchema.safeParse(json);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw new FileFormatError(
      `readNotebook: a notebook must have nbformat 4, got ${problems} (from ${path}). Open it in JupyterLab and save it once, which upgrades it.`,
    );
  }
  const cells = result.data.cells.map(
    (cell, index): NotebookCell => ({
      id: cell.id ?? sha256(`${index}\n${cell.source}`).slice(0, 8),
      cell_type: cell.cell_type,
      metadata: cell.metadata,
      source: cell.source,
      execution_count: null,
      outputs: [],
    }),
  );
  return { metadata: result.data.metadata, cells };
}

/** Writes nbformat 4.5 as Jupyter does (sorted keys, one space, texts as lists of lines), at once or not at all. */
export function writeNotebook(path: string, notebook: Notebook): void {
  const cells = notebook.cells.map((cell) => ({
    cell_type: cell.cell_type,
    id: cell.id,
    metadata: cell.metadata,
    source: lines(cell.source),
    ...(cell.cell_type === 'code'
      ? { execution_count: cell.execution_count, outputs: cell.outputs.map(writtenOutput) }
      : {}),
  }));
  const content = { cells, metadata: notebook.metadata, nbformat: 4, nbformat_minor: 5 };
  const partial = `${path}.partial`;
  writeFileSync(partial, `${JSON.stringify(sortKeys(content), null, 1)}\n`);
  renameSync(partial, path);
}

function writtenOutput(output: Output): unknown {
  if (output.output_type === 'stream') return { ...output, text: lines(output.text) };
  if (output.output_type === 'error') return output;
  const data = Object.entries(output.data).map(([type, value]) => [
    type,
    typeof value === 'string' && (type.startsWith('text/') || type === 'image/svg+xml') ? lines(value) : value,
  ]);
  return { ...output, data: Object.fromEntries(data) };
}

function lines(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortKeys(item)]),
  );
}
