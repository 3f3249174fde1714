import { join } from 'node:path';
import { saveAdapter } from '../../src/model/adapters';
import { checkAnswers } from './checks';
import { type BenchDtype, DTYPES, type RlJob, type Side } from './job';
import { type BenchContext, both, type PartResult, resultOf, run } from './parts';
import type { ResultRow } from './results';
import { rlJob, startedAdapter } from './rl-work';
import { BENCH_LORA } from './sft-config';

/** Works of 32 answers a step: GRPO with its usual groups of eight, and RLOO with the smallest groups, where fewer answers share a prompt. */
const WORKS = [
  { estimator: 'grpo', promptsPerStep: 4, samplesPerPrompt: 8 },
  { estimator: 'rloo', promptsPerStep: 16, samplesPerPrompt: 2 },
] as const;

/** (g) Reinforcement on a one-token answer: drawing, rewards and update. */
export async function rlPart(context: BenchContext): Promise<PartResult> {
  const { files, cache, rounds, quick, model } = context;
  const adapter = join(cache, 'rl-adapter');
  saveAdapter(startedAdapter(files), adapter, { config: files.config, files });
  const rows: ResultRow[] = [];
  let about: Readonly<Record<string, string>> = {};
  for (const work of WORKS) {
    const job = (side: Side, dtype: BenchDtype): RlJob =>
      rlJob(
        files,
        { ...work, stepsPerRound: quick ? 1 : 2, rounds },
        { dtype, model: model[side], adapter, padTokenId: files.tokenizer.padTokenId },
      );
    const found = await run(
      context,
      DTYPES.flatMap((dtype) => both(job, dtype)),
      checkAnswers,
    );
    const differences = checkAnswers(found);
    const answers = work.promptsPerStep * work.samplesPerPrompt * (quick ? 1 : 2);
    const result = resultOf(found, (contestant) => ({
      part: 'rl',
      work: `${work.estimator}, ${work.promptsPerStep} prompts x ${work.samplesPerPrompt} one-token answers a step, LoRA r ${BENCH_LORA.rank}`,
      unit: 'answers/s',
      rounds: contestant.rounds.map(({ seconds }) => answers / seconds),
      equal: `log-probabilities of the answers within ${(differences[contestant.dtype] ?? Number.NaN).toPrecision(2)} nats`,
    }));
    rows.push(...result.rows);
    about = { ...about, ...result.about };
  }
  return { rows, about };
}
