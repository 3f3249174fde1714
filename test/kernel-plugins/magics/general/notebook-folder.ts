import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { contents, printed, resultText, startKernel } from '../../kernel/support';

/** A kernel in an empty folder of its own, with what tests ask of it. */
export async function startInFolder() {
  const dir = mkdtempSync(join(tmpdir(), 'mstlab-magics-'));
  const kernel = await startKernel({ cwd: dir });
  const { client } = kernel;
  const run = async (code: string) => {
    const exchange = await client.execute(code);
    const errors = contents(exchange, 'error').map(({ ename, evalue }) => `${ename}: ${evalue}`);
    return { printed: printed(exchange), result: resultText(exchange), errors, exchange };
  };
  return {
    dir,
    client,
    run,
    /** Runs a cell that must not fail. */
    async runs(code: string) {
      const outcome = await run(code);
      expect(outcome.errors).toEqual([]);
      return outcome;
    },
    async completions(code: string): Promise<string[]> {
      const { reply } = await client.request('complete_request', { code, cursor_pos: code.length });
      return reply.content.matches as string[];
    },
    write: (name: string, text: string) => writeFileSync(join(dir, name), text),
    async stop() {
      await kernel.shutdown();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export type NotebookFolder = Awaited<ReturnType<typeof startInFolder>>;
