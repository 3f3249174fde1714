import type { Notebook } from './notebook-file';

export interface NotebookProblem {
  /** Index among all cells, from 0. */
  readonly cell: number;
  readonly message: string;
}

/**
 * What an executed notebook must fulfil: no error outputs, a PNG in every Plotly output, nothing on stderr that is not allowed,
 * execution counts 1, 2, 3, ... over the code cells that have text.
 */
export function checkNotebook(notebook: Notebook, allowStderr: readonly RegExp[] = []): NotebookProblem[] {
  const problems: NotebookProblem[] = [];
  let expectedCount = 1;
  let failed = false;
  notebook.cells.forEach((cell, index) => {
    if (cell.cell_type !== 'code') return;
    const report = (message: string) => problems.push({ cell: index, message });
    // Cells after a failed one were not run; that is one problem, not many.
    if (failed && cell.execution_count === null) return;
    if (cell.source.trim() !== '' && cell.execution_count !== expectedCount++)
      report(`the execution count must be ${expectedCount - 1}, got ${cell.execution_count}`);
    for (const output of cell.outputs) {
      if (output.output_type === 'error') {
        failed = true;
        report(`${output.ename}: ${output.evalue}`);
      } else if (output.output_type === 'stream') {
        if (output.name !== 'stderr') continue;
        const lines = output.text.split('\n').filter((line) => line.trim() !== '');
        const unknown = lines.filter((line) => !allowStderr.some((allowed) => allowed.test(line)));
        if (unknown.length > 0) report(`stderr must be empty or allowed, got ${JSON.stringify(unknown[0])}`);
      } else if ('application/vnd.plotly.v1+json' in output.data && !('image/png' in output.data))
        report('a Plotly figure must come with image/png for readers without scripts, got none');
    }
  });
  return problems;
}
