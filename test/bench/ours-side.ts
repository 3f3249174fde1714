import { readFileSync } from 'node:fs';
import { chooseComputeDtype, type TensorflowBackend, tensorflowBackend } from '../../src/compute/backends';
import { AbortedError } from '../../src/core';
import { loadAdapter } from '../../src/model/adapters';
import { type LoadedModel, loadModel } from '../../src/model/families';
import { AnswerScorer, Generator } from '../../src/model/generate';
import { trainRl, trainSft } from '../../src/train';
import { type GenerateJob, jobSchema, type RlJob, type SftJob } from './job';
import { LineServer, peakBytes } from './line-server';
import { benchRlConfig } from './rl-work';
import { benchSftConfig } from './sft-config';

/** Our side: `node ours-side.js`, questions on stdin, answers on stdout. */
async function main(): Promise<void> {
  const server = new LineServer();
  for (;;) {
    const question = server.next();
    if (question === null) return;
    if (question.ask !== 'open') throw new Error(`a job must be opened first, got "${question.ask}"`);
    const job = jobSchema.parse(JSON.parse(readFileSync(question.job, 'utf8')));
    const backend = tensorflowBackend();
    const options = job.kind === 'sft' && job.quantisation !== 'none' ? { quantisation: job.quantisation } : {};
    const model = await loadModel(job.model, {
      backend,
      computeDtype: job.dtype,
      ...options,
    });
    server.answer({
      ready: true,
      device: backend.device,
      tensorflow: backend.version,
    });
    if (job.kind === 'sft') await train(server, backend, model, job);
    else if (job.kind === 'rl') await reinforce(server, model, job);
    else await write(server, model, job);
    model.dispose();
    server.answer({ closed: true, peakBytes: peakBytes() });
  }
}

/** One run of trainSft over all rounds; between two rounds it waits inside its progress report. */
async function train(server: LineServer, backend: TensorflowBackend, model: LoadedModel, job: SftJob): Promise<void> {
  const stop = new AbortController();
  let losses: number[] = [];
  let started = 0;
  let matmulGflopPerSecond = 0;
  const wait = (): void => {
    if (server.next()?.ask !== 'round') {
      stop.abort();
      return;
    }
    const rates = chooseComputeDtype(backend, job.dtype);
    matmulGflopPerSecond = job.dtype === 'f32' ? rates.f32GflopPerSecond : rates.bf16GflopPerSecond;
    losses = [];
    started = performance.now();
  };
  wait();
  try {
    await trainSft({
      model,
      examples: job.rows.map(({ id, ids, promptLength }) => ({
        id,
        ids: Int32Array.from(ids),
        promptLength,
      })),
      config: benchSftConfig(job),
      seed: job.seed,
      start: loadAdapter(job.adapter, model),
      signal: stop.signal,
      onProgress: ({ done, detail }) => {
        losses.push(Number(detail?.loss));
        if (done % job.stepsPerRound !== 0) return;
        const seconds = (performance.now() - started) / 1000;
        server.answer({ seconds, losses, matmulGflopPerSecond });
        wait();
      },
    });
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error;
  }
}

/** One run of trainRl over all rounds, which waits as `train` does. The first answer also says what the model thinks of the prompts. */
async function reinforce(server: LineServer, model: LoadedModel, job: RlJob): Promise<void> {
  const prompts = job.prompts.map(({ ids }) => Int32Array.from(ids));
  const answers = { names: job.answers.map(String), ids: job.answers };
  const start = loadAdapter(job.adapter, model);
  const scorer = new AnswerScorer(model, start, answers, prompts, job.promptsPerStep);
  const asked = await scorer.ask(prompts.slice(0, job.checkedPrompts));
  scorer.dispose();
  const logProbabilities = asked.map(({ probabilities, mass }) => probabilities.map((p) => Math.log(p * mass)));
  const stop = new AbortController();
  let started = 0;
  const wait = (): void => {
    if (server.next()?.ask !== 'round') stop.abort();
    started = performance.now();
  };
  wait();
  try {
    await trainRl({
      model,
      answers,
      episodes: (step) =>
        job.prompts.slice(step * job.promptsPerStep, (step + 1) * job.promptsPerStep).map(({ id, rewards }, at) => ({
          id,
          ids: prompts[step * job.promptsPerStep + at],
          rewards,
          bin: '',
        })),
      episodesHash: 'bench',
      shape: prompts,
      config: benchRlConfig(job),
      seed: job.seed,
      start,
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done % job.stepsPerRound !== 0) return;
        server.answer({ seconds: (performance.now() - started) / 1000, logProbabilities });
        wait();
      },
    });
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error;
  }
}

async function write(server: LineServer, model: LoadedModel, job: GenerateJob): Promise<void> {
  // Both sides write exactly newTokens: no token of the vocabulary ends a row.
  const tokenizer = Object.create(model.tokenizer, {
    stopTokenIds: { value: new Set([-1]) },
  });
  const generator = new Generator({ ...model, tokenizer }, null);
  const prompts = job.prompts.map(({ id, ids }) => ({
    id,
    ids: Int32Array.from(ids),
  }));
  while (server.next()?.ask === 'round') {
    const started = performance.now();
    const completions = await generator.generate(prompts, {
      maxNewTokens: job.newTokens,
      temperature: 0,
      batchSize: prompts.length,
    });
    const seconds = (performance.now() - started) / 1000;
    server.answer({
      seconds,
      tokens: completions.map(({ tokenIds }) => [...tokenIds]),
    });
  }
  generator.dispose();
}

main().catch((error) => {
  new LineServer().answer({ error: error?.stack ?? String(error) });
  process.exitCode = 1;
});
