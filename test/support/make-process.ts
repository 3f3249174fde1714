import { makeTopics } from '../../src/experiments/news-data';
import { scriptedWriter } from './scripted-writer';

/** What a process that makes topics is told. */
export interface MakePlan {
  readonly dir: string;
  readonly shares: Parameters<typeof scriptedWriter>[1];
  readonly domains: readonly { readonly name: string; readonly covers: string }[];
  readonly train: number;
}

// Slowly, so that a test can end it in the middle.
async function main(plan: MakePlan): Promise<void> {
  const script = scriptedWriter(1, plan.shares);
  const writer = {
    ...script,
    write: async (...[requests, call]: Parameters<typeof script.write>) => {
      const written = [];
      for (const request of requests) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        written.push(...(await script.write([request], call)));
      }
      return written;
    },
  };
  await makeTopics({ domains: plan.domains, counts: { train: plan.train }, writer, seed: 7, dir: plan.dir });
}

void main(JSON.parse(process.argv.at(-1)!));
