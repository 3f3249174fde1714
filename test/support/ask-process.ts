import { CallStore } from '../../src/judge/calls/store';
import { callsTo, questions } from './claude-questions';

/** What a process is to ask, and whether it kills itself when the first reply has come, before it is stored. */
export interface AskPlan {
  readonly url: string;
  readonly store: string;
  readonly count: number;
  readonly concurrency?: number;
  readonly dieBeforeStoring?: boolean;
}

/** A process that asks the questions of its plan, and prints how many replies it paid for. */
async function main({ url, store, count, concurrency, dieBeforeStoring }: AskPlan): Promise<void> {
  if (dieBeforeStoring)
    CallStore.prototype.finishPaid = () => {
      process.kill(process.pid, 'SIGKILL');
      throw new Error('unreachable');
    };
  const calls = callsTo(url, store, { concurrency });
  const asked = await calls.ask(questions(count), { purpose: 'judge' });
  console.log(`paid ${asked.filter(({ reply }) => reply && !reply.fromStore).length} of ${asked.length}`);
  calls.close();
}

// vite-node runs the file with its own arguments before it.
const plan = process.argv.at(-1)?.startsWith('{') ? (JSON.parse(process.argv.at(-1) as string) as AskPlan) : null;
if (plan !== null) void main(plan);
