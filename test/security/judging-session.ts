import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { claudeJudge, findKey, ledgerText, openClaudeCalls } from '../../src/judge';
import { ECHOING_WAYS } from './echoing-proxy';

/** What a session may do, and where. */
export interface JudgingPlan {
  readonly folder: string;
  /** The local server, which answers as the API does. */
  readonly server: string;
  readonly proxy: string;
}

/**
 * A process that judges through a good server and through a proxy that echoes its headers, shows all there is to see of every error
 * and object, writes what a run would, and then waits to be killed, so that the store's files stay as a crash leaves them.
 */
async function main({ folder, server, proxy }: JudgingPlan): Promise<void> {
  const key = findKey()!;
  show('key', key);
  const open = (baseUrl: string) =>
    openClaudeCalls({
      store: join(folder, 'calls.sqlite'),
      ...{ baseUrl, attempts: 2, sleep: async () => {} },
      ...{ batch: { rounds: 1, firstPauseMs: 1, longestPauseMs: 5, graceMs: 50, idleMs: 50 } },
    });
  const good = open(server);
  const judge = claudeJudge({ calls: good });
  const judgements = await judge.judge(Array.from({ length: 12 }, (_, i) => `The council met on day ${i}.`));
  const batched = await claudeJudge({ calls: good, mode: 'batch' }).judge(['The council met in a batch.']);
  writeFileSync(join(folder, 'record.json'), JSON.stringify({ judge: judge.id, judgements, batched, key }));
  show('calls', good);
  for (const way of ECHOING_WAYS)
    for (const mode of ['messages', 'batch'] as const) {
      const calls = open(`${proxy}/${way}`);
      try {
        const said = await claudeJudge({ calls, mode }).judge([`A text judged by way of ${way}, ${mode}.`]);
        writeFileSync(join(folder, `record-${way}-${mode}.json`), JSON.stringify(said));
        show(`${way} ${mode}`, said);
      } catch (error) {
        show(`${way} ${mode} failed`, error);
      }
      console.log(ledgerText(calls.ledger()));
    }
  console.log('ended');
  setInterval(() => {}, 60_000);
}

function show(what: string, value: unknown): void {
  console.log(what, value);
  console.error(what, inspect(value, { showHidden: true, depth: null, getters: true, maxStringLength: null }));
  console.log(String(value), JSON.stringify(value));
  for (let at = value; at instanceof Error; at = at.cause) {
    console.log(at.name, at.message, at.stack, JSON.stringify(Object.getOwnPropertyDescriptors(at)));
  }
}

void main(JSON.parse(process.argv.find((word) => word.startsWith('plan:'))!.slice('plan:'.length)));
