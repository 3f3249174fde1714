import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ParameterValue, readNotebook, setParameters, writeNotebook } from '../../kernel-plugins/notebook-runner';
import type { Lab } from './jupyterlab';
import { savedCode } from './small-notebook';

/** A copy of a notebook without outputs, with these parameters. */
export function writeUnrun(from: string, to: string, parameters: Readonly<Record<string, ParameterValue>>): void {
  const notebook = readNotebook(from);
  setParameters(notebook, parameters, from);
  for (const cell of notebook.cells)
    if (cell.cell_type === 'code') Object.assign(cell, { outputs: [], execution_count: null });
  mkdirSync(dirname(to), { recursive: true });
  writeNotebook(to, notebook);
}

/** Saves every few seconds until the file holds a count for every code cell, or an error: cells out of view have no element to ask. */
export async function savedWithEveryCellRun(lab: Lab, path: string, timeoutMs: number): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (Date.now() < until) {
    await lab.page.waitForTimeout(4000);
    await lab.press('docmanager:save');
    await lab.page.waitForTimeout(2000);
    const code = savedCode(path);
    const failed = code.some((cell) => cell.outputs.some((output) => output.output_type === 'error'));
    if (failed || code.every((cell) => cell.execution_count !== null)) return;
  }
  await lab.screenshot('not-run-through');
  throw new Error(`the notebook was not done after ${timeoutMs / 1000} s`);
}
