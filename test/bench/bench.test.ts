import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../src/model/weights';
import { ANSWER_TOLERANCE, checkAnswers, checkLosses, checkTokens, LOSS_TOLERANCE } from './checks';
import type { GenerateJob, Side } from './job';
import { busySeconds, othersShare, processSeconds } from './machine-load';
import { collected, fasterDtypes, main, runParts } from './main';
import { stepFlops } from './multiply-adds';
import { ratiosOf, targetsOf } from './ratios';
import { checkResults, type ResultRow } from './results';
import { type Contestant, compete, type Entry } from './rounds';
import { sftJob, syntheticRows } from './sft-work';
import { largestRelativeDifference, measured, median, shareEqual } from './statistics';
import { markdownTable, ratiosTable, rowsTable } from './tables';

const folder = mkdtempSync(join(tmpdir(), 'mstlab-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DATE = '2026-01-02T03:04:05.000Z';
const row = (
  part: ResultRow['part'],
  side: Side,
  dtype: 'f32' | 'bf16',
  rate: number,
  more: Partial<ResultRow> = {},
): ResultRow => ({
  part,
  work: 'work',
  side,
  dtype,
  unit: 'tokens/s',
  ...measured([rate]),
  rounds: [rate],
  date: DATE,
  ...more,
});

describe('statistics', () => {
  it('the median of an odd number is the middle one, of an even number the mean of the middle two', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
  });

  it('lies between the slowest and the fastest round, whatever their order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const found = measured(values);
        expect(found).toEqual(measured([...values].reverse()));
        expect(found.low).toBeLessThanOrEqual(found.median);
        expect(found.median).toBeLessThanOrEqual(found.high);
      }),
    );
  });

  it('a missing or a non-finite value is an infinite difference', () => {
    expect(largestRelativeDifference([1, 2.2], [1, 2])).toBeCloseTo(0.1);
    expect(largestRelativeDifference([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(largestRelativeDifference([Number.NaN], [1])).toBe(Number.POSITIVE_INFINITY);
  });

  it('tokens that one side lacks count as different', () => {
    expect(shareEqual([[1, 2, 3, 4]], [[1, 2, 3, 4]])).toBe(1);
    expect(shareEqual([[1, 2, 3, 4]], [[1, 9, 3]])).toBe(0.5);
    expect(shareEqual([], [])).toBe(0);
  });
});

describe('ratios', () => {
  const rows = [
    row('sft', 'ours', 'f32', 60, { peakBytes: 5e9, rooflineShare: 0.9 }),
    row('sft', 'ours', 'bf16', 90, { peakBytes: 3e9, rooflineShare: 0.61, executedShare: 0.7 }),
    row('sft', 'peer', 'f32', 30, { peakBytes: 6e9 }),
    row('sft', 'peer', 'bf16', 20, { peakBytes: 4e9 }),
    row('growth', 'ours', 'bf16', 50, { work: 'batch 4 x 64 tokens' }),
    row('growth', 'peer', 'f32', 20, { work: 'batch 4 x 64 tokens' }),
  ];

  it("take each side's faster dtype, and memory and roofline of those same runs", () => {
    expect(ratiosOf(rows)).toEqual({
      sft: 3,
      sft_f32: 2,
      sft_bf16: 4.5,
      peak_memory: 0.5,
      roofline_share: 0.61,
      roofline_share_executed: 0.7,
      'growth: batch 4 x 64 tokens': 2.5,
    });
    expect(fasterDtypes(rows)).toEqual({ ours: 'bf16', peer: 'f32' });
  });

  it('of reinforcement stand by work, each with the faster dtype of a side', () => {
    const work = (estimator: string) => ({ work: `${estimator}, 4 prompts` });
    const found = ratiosOf([
      row('rl', 'ours', 'f32', 30, work('grpo')),
      row('rl', 'ours', 'bf16', 20, work('grpo')),
      row('rl', 'peer', 'f32', 5, work('grpo')),
      row('rl', 'peer', 'bf16', 6, work('grpo')),
      row('rl', 'ours', 'f32', 12, work('rloo')),
      row('rl', 'peer', 'f32', 4, work('rloo')),
    ]);
    expect(found).toEqual({ 'rl: grpo, 4 prompts': 5, 'rl: rloo, 4 prompts': 3 });
  });

  it('a target is met from its value on, and one that was not measured is not met', () => {
    const met = (ratios: Record<string, number>) =>
      Object.fromEntries(targetsOf(ratios).map((target) => [target.ratio, target.met]));
    expect(met({ sft: 3, generate: 2.99, peak_memory: 0.7, roofline_share: 0.6, kernel_start_seconds: 1.51 })).toEqual({
      sft: true,
      generate: false,
      peak_memory: true,
      roofline_share: true,
      kernel_start_seconds: false,
      kernel_trivial_cell_ms: false,
    });
    expect(met({ peak_memory: 0.71 })).toEqual({
      sft: false,
      generate: false,
      peak_memory: false,
      roofline_share: false,
      kernel_start_seconds: false,
      kernel_trivial_cell_ms: false,
    });
  });

  it('results keep their schema, and rows of other parts stay only from the same machine', () => {
    const first = collected({ rows, about: { torch: '2' } }, null);
    const again = collected(
      { rows: [row('generate', 'ours', 'f32', 8), row('generate', 'peer', 'f32', 4)], about: {} },
      first,
    );
    expect(again.rows).toHaveLength(rows.length + 2);
    expect(again.ratios).toMatchObject({ sft: 3, generate: 2 });
    expect(again.versions.torch).toBe('2');
    const elsewhere = { ...first, machine: { ...first.machine, processor: 'another' } };
    expect(collected({ rows: [row('generate', 'ours', 'f32', 8)], about: {} }, elsewhere).rows).toHaveLength(1);
    expect(() => checkResults({ ...first, surprise: 1 }, 'x.json')).toThrow(
      /must follow their schema, got .*surprise.*\(x\.json\)/,
    );
    expect(() => checkResults({ ...first, rows: [{ ...rows[0], median: -1 }] }, 'x.json')).toThrow('rows.0.median');
  });

  it('the tables show every row and every target', () => {
    const results = collected({ rows, about: { torch: '2' } }, null);
    expect(rowsTable(results.rows).split('\n')).toHaveLength(rows.length + 1);
    expect(ratiosTable(results)).toMatch(/^sft +3\.00 +at least 3: met$/m);
    expect(ratiosTable(results)).toMatch(/^generate +- +not measured$/m);
    const text = markdownTable(results);
    expect(text).toContain('| sft | 3.00 | at least 3: met |');
    expect(text).toContain('| generate | not measured | at least 3: missed |');
    expect(text).toContain('| batch 4 x 64 tokens | 50 | 20 | 2.50 |');
  });
});

describe('operations of a step', () => {
  // D 2, one layer, one head of width 2 (also for keys), F 3, V 5.
  const model: ModelConfig = {
    ...({
      family: 'llama',
      ropeTheta: 1,
      ropeScaling: null,
      rmsEps: 1,
      tieEmbeddings: true,
      attentionBias: false,
    } as const),
    vocabSize: 5,
    hiddenSize: 2,
    layers: 1,
    heads: 1,
    kvHeads: 1,
    headDim: 2,
    mlpSize: 3,
    maxPositions: 9,
  };

  it('are those counted by hand for one row of 4 places with 2 supervised at rank 1', () => {
    // q, k, v, o: 2x2; gate, up: 3x2; down: 2x3. Forward 2*4*(4*4 + 3*6) = 272; inputs' gradient without q, k, v: 2*4*(4 + 18) = 176.
    // Adapters: 4*1*4*(4*4 + 3*5) = 496, folding 2*1*(16 + 18) = 68. Attention 12*16*2 = 384. Logits 4*2*2*5 = 80.
    expect(stepFlops(model, 1, [{ places: 4, supervised: 2 }])).toBe(272 + 176 + 496 + 68 + 384 + 80);
  });

  it('grow with the square of a row only in attention', () => {
    const one = stepFlops(model, 1, [{ places: 8, supervised: 2 }]);
    const two = stepFlops(
      model,
      1,
      [4, 4].map((places) => ({ places, supervised: 1 })),
    );
    expect(one - two).toBe(12 * (64 - 32) * 2);
  });
});

describe('the job of a training run', () => {
  it('hands over every row of every epoch once, in batches that both sides take', () => {
    const rest = { dtype: 'f32', quantisation: 'none', model: 'm', adapter: 'a', padTokenId: 0 } as const;
    const job = sftJob(syntheticRows(7, 16, 50), { batchSize: 3, rounds: 2 }, rest);
    expect(job.stepsPerRound).toBe(3);
    expect(job.batches).toHaveLength(9);
    for (let round = 0; round < 3; round++) {
      const rows = job.batches.slice(round * 3, round * 3 + 3).flat();
      expect([...rows].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    }
    expect(job.rows.every(({ ids, promptLength }) => ids.length === 16 && promptLength === 8)).toBe(true);
  });
});

describe('two sides in their own processes', () => {
  // A side in plain Node: opens, answers rounds from the job, and shows on disk when it works.
  const script = join(folder, 'side.cjs');
  writeFileSync(
    script,
    `const fs = require('node:fs');
     const say = (value) => process.stdout.write('@bench ' + JSON.stringify(value) + '\\n');
     let rest = '', job = null, round = 0;
     console.log('a library prints this');
     process.stdin.on('data', (piece) => {
       const lines = (rest + piece).split('\\n');
       rest = lines.pop();
       for (const line of lines) {
         const question = JSON.parse(line);
         if (question.ask === 'open') { job = JSON.parse(fs.readFileSync(question.job)); say({ ready: true, library: '1.0' }); }
         else if (question.ask === 'close') say({ closed: true, peakBytes: 5 });
         else {
           fs.appendFileSync(process.argv[2], job.model + round + ' ');
           if (job.model === 'breaks') { console.error('out of memory'); process.exit(3); }
           if (job.model === 'fails') say({ error: 'it does not run' });
           else say({ seconds: 0.5, tokens: job.prompts.map(({ ids }) => [...ids, round]) });
           round++;
         }
       }
     });`,
  );
  const job = (model: string): GenerateJob => ({
    kind: 'generate',
    dtype: 'f32',
    model,
    prompts: [{ id: 'a', ids: [1, 2] }],
    newTokens: 3,
    padTokenId: 0,
  });
  const run = (log: string, models: readonly string[], check = (_: readonly Contestant[]): unknown => undefined) => {
    const entries: Entry[] = models.map((model, i) => ({
      side: i === 0 ? 'ours' : 'peer',
      dtype: 'f32',
      job: job(model),
    }));
    const launch = { command: process.execPath, args: [script, join(folder, log)] };
    return compete(entries, { rounds: 2, launch: { ours: launch, peer: launch }, folder, check, say: () => {} });
  };
  const worked = (log: string) => readFileSync(join(folder, log), 'utf8').trim();

  it('take turns: each warms up, then every round is run by one after the other', async () => {
    const found = await run('turns', ['A', 'B']);
    expect(worked('turns')).toBe('A0 B0 A1 B1 A2 B2');
    expect(found.map(({ name, rounds, peakBytes, about }) => [name, rounds.length, peakBytes, about.library])).toEqual([
      ['ours f32', 2, 5, '1.0'],
      ['peer f32', 2, 5, '1.0'],
    ]);
    expect(found[0].rounds[1].tokens).toEqual([[1, 2, 2]]);
  });

  it('are timed only after their answers were checked', async () => {
    const refuse = (): never => {
      throw new Error('they differ');
    };
    await expect(run('refused', ['A', 'B'], refuse)).rejects.toThrow('they differ');
    expect(worked('refused')).toBe('A0 B0');
  });

  it('that fail or end are told with their own words', async () => {
    await expect(run('fails', ['A', 'fails'])).rejects.toThrow(/bench: peer f32 must answer, got it does not run/);
    await expect(run('breaks', ['breaks'])).rejects.toThrow(
      /ours f32 must answer, got exit code 3[\s\S]*out of memory/,
    );
    const missing = { command: join(folder, 'no-such-program'), args: [] };
    const entries: Entry[] = [{ side: 'peer', dtype: 'f32', job: job('A') }];
    const options = { rounds: 1, launch: { ours: missing, peer: missing }, folder, check: () => {}, say: () => {} };
    await expect(compete(entries, options)).rejects.toThrow(/peer f32 must answer, got .*ENOENT/);
  });
});

describe('other processes', () => {
  it('take what the machine was busy with beyond the side itself, as a share of all processors', () => {
    const stat = (user: number) => `cpu  ${user} 0 100 5000 300 0 0 0 0 0\ncpu0 1 1 1 1\n`;
    expect(busySeconds(stat(900))).toBe(10);
    expect(processSeconds(`12 (a (b) c) S ${Array.from({ length: 10 }, () => 0).join(' ')} 250 150 0 0`)).toBe(4);
    const before = { machine: 100, process: 50 };
    expect(othersShare(before, { machine: 120, process: 66 }, 10, 2)).toBeCloseTo(0.2);
    expect(othersShare(before, { machine: 116, process: 66.1 }, 10, 2)).toBe(0);
    expect(othersShare(null, null, 10, 2)).toBeNull();
  });
});

describe('answers', () => {
  const contestant = (side: Side, dtype: 'f32' | 'bf16', losses: number[], tokens: number[][] = []): Contestant =>
    ({ side, dtype, warmUp: { seconds: 1, losses, tokens }, rounds: [] }) as unknown as Contestant;

  it('losses that lie within the tolerance pass, others stop the benchmark with both lists', () => {
    const near = 2 * (1 + LOSS_TOLERANCE.f32 / 2);
    expect(checkLosses([contestant('ours', 'f32', [3, near]), contestant('peer', 'f32', [3, 2])]).f32).toBeCloseTo(
      LOSS_TOLERANCE.f32 / 2,
    );
    expect(() => checkLosses([contestant('ours', 'f32', [3, 2.1]), contestant('peer', 'f32', [3, 2])])).toThrow(
      /must agree within 0\.002 of the loss in f32, got 0\.0500 \(ours 3\.0000 2\.1000; peer 3\.0000 2\.0000\)/,
    );
    expect(() => checkLosses([contestant('ours', 'f32', [3]), contestant('peer', 'f32', [3, 2])])).toThrow('Infinity');
  });

  it('log-probabilities of answers must agree before reinforcement is timed, and there must be some', () => {
    const asked = (side: Side, logProbabilities?: number[][]) =>
      ({ side, dtype: 'f32', warmUp: { seconds: 1, logProbabilities }, rounds: [] }) as unknown as Contestant;
    const near = -2 + ANSWER_TOLERANCE.f32 / 2;
    expect(checkAnswers([asked('ours', [[-1, near]]), asked('peer', [[-1, -2]])]).f32).toBeCloseTo(
      ANSWER_TOLERANCE.f32 / 2,
    );
    expect(() => checkAnswers([asked('ours', [[-1, -2.5]]), asked('peer', [[-1, -2]])])).toThrow(
      /must agree within 0\.001 nats in f32, got 0\.500/,
    );
    for (const empty of [undefined, [[-1]]])
      expect(() => checkAnswers([asked('ours', empty), asked('peer', [[-1, -2]])])).toThrow('NaN');
  });

  it('tokens must be identical in f32; in bf16 their share is told', () => {
    const sides = (dtype: 'f32' | 'bf16') => [
      contestant('ours', dtype, [], [[1, 2]]),
      contestant('peer', dtype, [], [[1, 3]]),
    ];
    expect(() => checkTokens(sides('f32'))).toThrow('must be identical in f32, got 50.00% equal');
    expect(checkTokens(sides('bf16'))).toEqual({ bf16: 0.5 });
  });
});

describe('the command', () => {
  it('a part that fails is told and listed, and the others are kept', async () => {
    const told: string[] = [];
    const found = await runParts(
      ['sft', 'qlora', 'generate'],
      async (part, rows) => {
        if (part === 'qlora') throw new Error(`no NF4 after ${rows.length} row`);
        return { rows: [row(part, 'ours', 'f32', 1)], about: { [part]: '1' } };
      },
      (text) => told.push(text),
    );
    expect(found.rows.map(({ part }) => part)).toEqual(['sft', 'generate']);
    expect(found).toMatchObject({ failed: ['qlora'], about: { sft: '1', generate: '1' } });
    expect(told).toEqual([expect.stringContaining('no NF4 after 1 row')]);
  });

  it('refuses parts, rounds and options that it does not know', async () => {
    await expect(main(['speed'])).rejects.toThrow(
      'parts must be of sft, qlora, generate, growth, rl, kernel, got speed',
    );
    await expect(main(['sft', '--rounds', '0'])).rejects.toThrow('--rounds must be a whole number from 1, got "0"');
    await expect(main(['--fast'])).rejects.toThrow('options must be --rounds, --quick or --out');
  });
});
