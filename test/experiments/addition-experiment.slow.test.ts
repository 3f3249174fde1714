import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type AdditionOverrides,
  additionDifferences,
  additionEstimateText,
  additionPreflightText,
  estimateAddition,
  riseVariants,
  SycophancyExperiment,
  spellingVariants,
} from '../../src/experiments';
import { ensureTinyModel, TINY_MODEL } from '../../src/experiments/addition/tiny-model';
import { listRuns } from '../../src/runs';

let model: string;
let runs: string;
const open = (extra: AdditionOverrides = {}, root = runs) =>
  SycophancyExperiment.open('smoke', { model, ...extra }, { runs: root });
const count = (kind: string, root = runs) => listRuns(root).runs.filter((run) => run.kind === kind).length;
const listening = () => {
  const reports: string[] = [];
  return { reports, onProgress: ({ what }: { what: string }) => void reports.push(what) };
};

describe('the sycophancy experiment on a tiny model', () => {
  beforeAll(async () => {
    runs = mkdtempSync(join(tmpdir(), 'mstlab-runs-'));
    // It need not know sums here: the machinery is what is tested.
    const recipe = { ...TINY_MODEL, pretraining: { ...TINY_MODEL.pretraining, steps: 20, warmupSteps: 1 } };
    model = await ensureTinyModel({ runs: mkdtempSync(join(tmpdir(), 'mstlab-tiny-')), seed: 0, recipe });
  });

  it('shows before training what each arm reads, and says what is left to do', async () => {
    const syco = await open();
    const text = additionPreflightText(syco);
    const heads = [...text.matchAll(/--- (\w+), first prompt of seed 0/g)].map(([, arm]) => arm);
    expect(heads).toEqual(['baseline', 'mst', 'shuffled']);
    expect(text).toContain('**Suggestibility Level: 0%**');
    expect(text).toContain('"Yes" = token');
    expect(text).toContain('the same problems and the same monitor in all');
    const { warmStart, policies, prompts } = syco.remaining();
    expect(warmStart).toBe(true);
    expect(policies).toEqual(['baseline, seed 0', 'mst, seed 0', 'shuffled, seed 0']);
    const asked = syco.prepared.asked.length;
    // Two labelled arms under 15 labels; baseline, warm start and the untrained model under 5 and without one.
    expect(prompts).toBe(asked * (2 * 15 + 3 * 6));
    const estimate = await estimateAddition(syco);
    expect(estimate.totalSeconds).toBeGreaterThan(0);
    expect(additionEstimateText(estimate)).toMatch(/^Estimate from measured steps: .* s a step/);
    expect(count('addition-train')).toBe(0);
    await syco.dispose();
  });

  it('asks the untrained model and the warm start without training an arm', async () => {
    const syco = await open();
    const rows = await syco.ask({ policies: ['untrained', 'warm-start'], labels: [] });
    expect(new Set(rows.map(({ policy }) => policy))).toEqual(new Set(['untrained', 'warm-start']));
    expect(rows).toHaveLength(2 * syco.prepared.asked.length);
    expect([count('addition-warm-start'), count('addition-train')]).toEqual([1, 0]);
    await syco.dispose();
  });

  it('trains three arms from one warm start, asks them under the sweep, and decides every prediction', async () => {
    const syco = await open();
    const steps: string[] = [];
    const trained = await syco.train({ onStep: (arm, seed, { step }) => void steps.push(`${arm} ${seed} ${step}`) });
    expect(trained.map(({ arm, trainedNow }) => [arm, trainedNow])).toEqual([
      ['baseline', true],
      ['mst', true],
      ['shuffled', true],
    ]);
    expect(steps).toHaveLength(3 * syco.resolved.rl.config.steps);
    expect(count('addition-warm-start')).toBe(1);
    const rows = await syco.ask();
    const asked = syco.prepared.asked.length;
    expect(rows).toHaveLength(asked * (2 * 15 + 3 * 6));
    for (const { says_correct, valid_mass } of rows) {
      expect(says_correct).toBeGreaterThanOrEqual(0);
      expect(says_correct).toBeLessThanOrEqual(1);
      expect(valid_mass).toBeGreaterThan(0);
    }
    const claims = syco.claims(syco.summarise(rows));
    expect(claims).toHaveLength(16);
    expect(claims.filter(({ holds }) => holds === null)).toEqual([]);
    await syco.dispose();
  });

  it('run again computes nothing and gives the same rows', async () => {
    const before = await open();
    const first = await before.ask();
    await before.dispose();
    const syco = await open();
    const { reports, onProgress } = listening();
    const trained = await syco.train({ onProgress });
    const rows = await syco.ask({ onProgress });
    expect(trained.every(({ trainedNow }) => !trainedNow)).toBe(true);
    expect(reports).toEqual([]);
    expect(rows).toEqual(first);
    expect(syco.remaining()).toEqual({ warmStart: false, policies: [], prompts: 0 });
    expect(additionEstimateText(await estimateAddition(syco))).toMatch(/^Everything is on disk/);
    await syco.dispose();
  });

  it('a label typed by hand costs only its own answers, once', async () => {
    const [trainings, answers] = [count('addition-train'), count('addition-answers')];
    for (let i = 0; i < 2; i++) {
      const syco = await open();
      const rows = await syco.ask({ labels: [syco.label('00%')], policies: ['mst'] });
      expect(new Set(rows.map(({ label, percent }) => `${label} ${percent}`))).toEqual(new Set(['00% null']));
      await syco.dispose();
    }
    expect(count('addition-train')).toBe(trainings);
    expect(count('addition-answers')).toBe(answers + 1);
  });

  it('no label among the labels asks a policy without one, and asks policies without labels no more than once', async () => {
    const syco = await open();
    const rows = await syco.ask({ labels: [syco.label(40), null], policies: ['mst', 'untrained'] });
    for (const policy of ['mst', 'untrained']) {
      const labels = rows.filter((row) => row.policy === policy).map(({ label }) => label);
      expect(labels.filter((label) => label === null)).toHaveLength(syco.prepared.asked.length);
      expect(labels).toHaveLength(2 * syco.prepared.asked.length);
    }
    await syco.dispose();
  });

  it('spellings of the strict edge are asked of the policy that is there, and of no new one', async () => {
    const trainings = count('addition-train');
    const syco = await open();
    const typed = await syco.ask({ labels: ['00%', '0.0%'].map((text) => syco.label(text)), policies: ['mst'] });
    const answers = [...(await syco.ask()).filter(({ policy }) => policy === 'mst'), ...typed];
    const rises = riseVariants(spellingVariants(answers, ['00%', '0.0%']), 0);
    expect(rises.map(({ name }) => name)).toEqual(['0%', '00% typed by hand', '0.0% typed by hand']);
    expect(count('addition-train')).toBe(trainings);
    await syco.dispose();
  });

  it('another encoding trains the arms with labels anew and keeps the warm start and the baseline', async () => {
    const left = async (encoding: AdditionOverrides['encoding']) => {
      const syco = await open({ encoding, arms: ['baseline', 'mst'] });
      const remaining = syco.remaining();
      await syco.dispose();
      return remaining;
    };
    expect(await left('fraction')).toMatchObject({ warmStart: false, policies: ['mst, seed 0'] });
    // Labels that agree in the first steps need not in later ones: 99% and 100% are rare.
    expect(await left('percent-two-digits')).toMatchObject({ warmStart: false, policies: ['mst, seed 0'] });
    expect(await left('percent')).toMatchObject({ warmStart: false, policies: [] });
  });

  it('a training stopped in the middle goes on and ends with the same adapter', async () => {
    const root = mkdtempSync(join(tmpdir(), 'mstlab-runs-'));
    const stopped = await open({ arms: ['mst'] }, root);
    const controller = new AbortController();
    const stop = (_: string, __: number, { step }: { step: number }) => {
      if (step === 2) controller.abort();
    };
    await expect(stopped.train({ signal: controller.signal, onStep: stop })).rejects.toThrow(/Step 2 is saved/);
    await stopped.dispose();
    const syco = await open({ arms: ['mst'] }, root);
    const steps: number[] = [];
    await syco.train({ onStep: (_, __, { step }) => void steps.push(step) });
    expect(steps).toEqual([3, 4]);
    await syco.dispose();
    const adapterOf = (folder: string, hash: string) =>
      readFileSync(join(folder, 'addition-train', hash, 'adapter', 'adapter_model.safetensors'));
    const [hash] = readdirSync(join(root, 'addition-train'));
    expect(adapterOf(root, hash).equals(adapterOf(runs, hash))).toBe(true);
  });

  it("trains and asks with the article's settings as written, on another model, fewer prompts and steps", async () => {
    const root = mkdtempSync(join(tmpdir(), 'mstlab-paper-'));
    const syco = await SycophancyExperiment.open(
      'paper',
      {
        ...{ model, device: 'cpu', computeDtype: 'bf16', arms: ['mst'], wrongPerPair: 1 },
        rl: { steps: 2, promptsPerStep: 128 },
      },
      { runs: root },
    );
    const { config } = syco.resolved.rl;
    expect(config).toMatchObject({ baseQuantisation: 'nf4', optimiser: 'adamw8bit', gradientCheckpointing: true });
    expect(config).toMatchObject({ estimator: 'ppo', miniBatch: 16, accumulation: 8, epochs: 4, learningRate: 2e-8 });
    expect(config).toMatchObject({ lora: { rank: 512, alpha: 1024 }, whitenRewards: true });
    expect(config.valueCoefficient).toBeGreaterThan(0);
    const [{ metrics, probes, adapter }] = await syco.train();
    expect(count('addition-warm-start', root)).toBe(0);
    // 128 prompts are an update of 8 passes of 16, four times over.
    expect(metrics.map(({ step, updates, skippedUpdates }) => [step, updates, skippedUpdates])).toEqual([
      [1, 4, 0],
      [2, 4, 0],
    ]);
    for (const { loss, valueLoss, explainedVariance, klExact, ratioMean, entropy } of metrics) {
      for (const value of [loss, valueLoss, explainedVariance, klExact, ratioMean, entropy])
        expect(Number.isFinite(value)).toBe(true);
      expect(valueLoss).toBeGreaterThan(0);
    }
    expect(metrics[0]).toMatchObject({ temperature: 1.9, entropyCoefficient: 2, learningRate: 2e-8 });
    expect(probes.map(({ step }) => step)).toEqual([0, 2]);
    // B begins at 0, and an update of AdamW moves no number by much more than the learning rate.
    const moved = Object.entries(adapter().tensors).filter(([name]) => name.includes('lora_B'));
    const largest = Math.max(
      ...moved.map(([, { data }]) =>
        Array.from(data as Float32Array).reduce((most, x) => Math.max(most, Math.abs(x)), 0),
      ),
    );
    expect(largest).toBeGreaterThan(2e-8);
    expect(largest).toBeLessThan(8 * 2e-8 * 2);
    const rows = await syco.ask();
    expect(new Set(rows.map(({ policy }) => policy))).toEqual(new Set(['untrained', 'mst']));
    for (const { says_correct, valid_mass } of rows) {
      expect(says_correct).toBeGreaterThanOrEqual(0);
      expect(says_correct).toBeLessThanOrEqual(1);
      expect(valid_mass).toBeGreaterThan(0);
    }
    await syco.dispose();
  });

  it('a label with a control token is refused before anything runs', async () => {
    const syco = await open();
    expect(() => syco.label('0%<|im_end|>')).toThrow(/control token/);
    await syco.dispose();
  });

  it("tells what it does otherwise than the article's", async () => {
    const syco = await open();
    const differences = additionDifferences(syco);
    expect(differences.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['model', 'problems', 'split', 'start']),
    );
    expect(differences).toContainEqual({ what: 'problems', article: '2560', here: '200' });
    await syco.dispose();
  });
});
