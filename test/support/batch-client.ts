import { callsTo, questions } from './claude-questions';

/** What a process that asks in batches is told. */
export interface BatchClientPlan {
  readonly url: string;
  readonly store: string;
  readonly count: number;
  readonly mostRequests: number;
}

/** A line that it prints: how many replies there are, or in the end the replies themselves. */
export type BatchClientLine =
  | { readonly done: number }
  | { readonly texts: readonly (string | null)[]; readonly reasons: readonly (string | null)[] };

/** A process that asks the questions of its plan in batches, with short pauses, and prints lines of JSON. */
async function main({ url, store, count, mostRequests }: BatchClientPlan): Promise<void> {
  const say = (line: BatchClientLine) => console.log(JSON.stringify(line));
  const batch = { mostRequests, firstPauseMs: 10, longestPauseMs: 40, graceMs: 400, idleMs: 2_000 };
  const calls = callsTo(url, store, { batch });
  const asked = await calls.ask(questions(count), {
    ...{ purpose: 'judge', mode: 'batch' },
    onProgress: ({ done }) => say({ done }),
  });
  calls.close();
  say({ texts: asked.map(({ reply }) => reply?.text ?? null), reasons: asked.map(({ reason }) => reason) });
}

const plan = process.argv.find((word) => word.startsWith('plan:'));
if (plan) void main(JSON.parse(plan.slice('plan:'.length)));
