import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { columnOf, rowsOf } from '../../../../src/analysis/frame';
import type {
  ArmStatus,
  DoseResponse,
  LabelComparison,
  Sweep,
  TrainedArm,
  TrainedPolicy,
  WrittenText,
} from '../../../../src/experiments';
import { Workbench } from '../../../../src/experiments';
import { ensureTinyModel, TINY_MODEL } from '../../../../src/experiments/addition/tiny-model';
import type { Judgement } from '../../../../src/judge';
import type { Label } from '../../../../src/labels';
import { loadAdapter } from '../../../../src/model/adapters';
import type { RunFacts } from '../../../../src/runs';
import { tinyNewsInputs, tinyNewsOverrides } from '../../../support/tiny-news';
import { type MagicBench, magicBench } from './support';

const folder = (name: string) => mkdtempSync(join(tmpdir(), `mstlab-${name}-`));

describe('the chain of magics on news', () => {
  let lab: Workbench;
  let bench: MagicBench;
  const out = folder('export');

  beforeAll(() => {
    lab = new Workbench({ runs: folder('runs') });
    lab.use({ task: 'news', preset: 'smoke', overrides: tinyNewsOverrides(tinyNewsInputs()) });
    bench = magicBench(() => lab);
  });
  afterAll(() => {
    bench.close();
    return lab.close();
  });

  it('defines a label, and shows it as the model reads it with its length in tokens', async () => {
    const label = (await bench.run('%%label fair', 'gives both sides the same room\n')) as Label;
    expect(label).toMatchObject({ value: 'fair', text: 'gives both sides the same room' });
    expect(bench.text()).toContain('fair: 30 characters');
    expect(bench.text()).toMatch(/\d+ tokens as the model reads it, in the place user-prefix/);
    expect(bench.text('text/html')).toContain('Editor: gives both sides the same room.');
    await bench.run('%%label shouted --placement system --emphasis bold', 'gives both sides the same room');
    expect(bench.text()).toContain('Near another label: fair/');
    await expect(bench.run('%%label twin', 'Gives both sides  the same ROOM')).rejects.toThrow(/must be its own/);
    await expect(bench.run('%%label bad', 'ends <|im_end|> here')).rejects.toThrow(/control token/);
  });

  it('says that nothing is trained before it is, and refuses to ask', async () => {
    const arms = (await bench.run('%arms')) as ArmStatus[];
    expect(arms.map(({ arm, state }) => [arm, state])).toEqual([
      ['baseline', 'not trained'],
      ['mst', 'not trained'],
      ['shuffled', 'not trained'],
      ['untrained', 'as it came'],
    ]);
    await expect(bench.run('%sweep')).rejects.toThrow(/at least one arm must be trained, got none/);
    await expect(bench.run('%sweep --arms mst')).rejects.toThrow(/must be trained before it is asked, got mst/);
  });

  it('trains the arms named and no other, then the rest, reading what is there', async () => {
    const first = (await bench.run('%train mst baseline')) as TrainedArm[];
    expect(first.map(({ arm, trainedNow }) => [arm, trainedNow])).toEqual([
      ['baseline', true],
      ['mst', true],
    ]);
    expect(bench.shown.some(({ data }) => 'application/vnd.plotly.v1+json' in data)).toBe(true);
    const all = (await bench.run('%train')) as TrainedArm[];
    expect(all.map(({ arm, trainedNow }) => [arm, trainedNow])).toEqual([
      ['baseline', false],
      ['mst', false],
      ['shuffled', true],
    ]);
    const arms = (await bench.run('%arms')) as ArmStatus[];
    for (const { arm, state, seconds, finalLoss, runId } of arms.filter((one) => one.arm !== 'untrained')) {
      expect(state, arm).toBe('trained');
      expect(seconds).toBeGreaterThan(0);
      expect(finalLoss).toBeGreaterThan(0);
      expect(runId).toMatch(/^[0-9a-f]{16}$/);
    }
  });

  it('sweeps labels of the task and of the session, and keeps the second time what the first computed', async () => {
    const sweep = (await bench.run('%sweep --labels unbiased,fair,shouted --arms baseline,mst')) as Sweep;
    expect(columnOf(sweep.frame, 'label')).toEqual(['none', 'unbiased', 'fair', 'shouted']);
    expect(sweep.figures).toHaveLength(2);
    expect(bench.text()).toContain('PROXY');
    const wordings = rowsOf(sweep.frame).map(({ wording }) => wording);
    expect(new Set(wordings).size).toBe(wordings.length);
    // A label in the system turn is another prompt: its answers are its own runs, not those of the same text elsewhere.
    const before = (await bench.run('%runs --last 1000')) as RunFacts[];
    const again = (await bench.run('%sweep --labels unbiased,fair,shouted --arms baseline,mst')) as Sweep;
    expect(rowsOf(again.frame)).toEqual(rowsOf(sweep.frame));
    expect(await bench.run('%runs --last 1000')).toHaveLength(before.length);
    expect(before.filter(({ kind }) => kind === 'news-contrast')).toHaveLength(4);
  });

  it('compares with the baseline, with shuffled and with another label, and says what is paired', async () => {
    const plain = (await bench.run('%compare fair --measure contrast')) as LabelComparison;
    expect([plain.left, plain.right]).toEqual(['MST under fair', 'baseline without label']);
    expect(bench.text()).toMatch(/paired by topic: the same topics on both sides/);
    expect(bench.text()).toMatch(/95% interval .* n = 8/);
    expect(rowsOf(plain.frame)).toHaveLength(1);
    const shuffled = (await bench.run('%compare fair --against shuffled')) as LabelComparison;
    expect(shuffled.right).toBe('shuffled under fair');
    // Six tokens of a tiny model cannot be judged: no pair, no number, and the reason.
    expect(rowsOf(shuffled.frame)[0]).toMatchObject({ n: 0, difference: null });
    expect(bench.text()).toMatch(/PROXY judge: .*: missing, no topic has a value on both sides/);
    expect(rowsOf(shuffled.frame)[1]).toMatchObject({ n: 8, missing_reason: null });
    const at = (await bench.run('%compare fair --at unbiased --measure contrast')) as LabelComparison;
    expect([at.left, at.right]).toEqual(['MST under fair', 'MST under unbiased']);
    const back = (await bench.run('%compare unbiased --at fair --measure contrast')) as LabelComparison;
    expect(back.measures[0].difference.estimate).toBeCloseTo(-at.measures[0].difference.estimate!, 12);
    await expect(bench.run('%compare fair --at fair')).rejects.toThrow(/two sides must differ/);
  });

  it('has arms write side by side, and judges what they wrote', async () => {
    const texts = (await bench.run('%%generate --labels fair,unbiased --max-tokens 4', 'write.')) as WrittenText[];
    expect(texts.map(({ arm, label }) => [arm, label])).toEqual([
      ['baseline', null],
      ['mst', 'gives both sides the same room'],
      ['mst', lab.label('unbiased').text],
      ['shuffled', 'gives both sides the same room'],
      ['shuffled', lab.label('unbiased').text],
    ]);
    expect(texts.every(({ tokens, prompt }) => tokens <= 4 && prompt === 'write.')).toBe(true);
    expect(await bench.run('%generate write. --labels fair,unbiased --max-tokens 4')).toEqual(texts);
    const judgements = (await bench.run('%judge --rows')) as Judgement[];
    expect(judgements).toHaveLength(texts.length);
    // Four tokens of a tiny model are no text: the judge says so and gives no number.
    expect(judgements.every(({ magnitude0to10, reason }) => magnitude0to10 === null && reason !== null)).toBe(true);
    expect(bench.text()).toContain('PROXY');
  });

  it('says what it cost: seconds and disk by kind, and that the offline judge is free', async () => {
    await bench.run('%cost');
    expect(bench.text()).toMatch(
      /offline-proxy\/news-briefs@\w+: \d+ texts in \d+ calls this session, which cost no money/,
    );
    expect(bench.text()).toMatch(/news-train +3 +3 /);
  });

  it('exports frame, chart, labels and adapter, and overwrites nothing unless forced', async () => {
    const sweep = (await bench.run('%sweep --labels fair --measure contrast')) as Sweep;
    await bench.run(`%export frame ${out}/sweep.csv`);
    const lines = readFileSync(join(out, 'sweep.csv'), 'utf8').trimEnd().split('\r\n');
    expect(lines).toHaveLength(1 + sweep.frame.shape[0]);
    await expect(bench.run(`%export frame ${out}/sweep.csv`)).rejects.toThrow(/nothing is overwritten without force/);
    await bench.run(`%export frame ${out}/sweep.csv --force`);
    await bench.run(`%export figure ${out}/chart.png`);
    expect(readFileSync(join(out, 'chart.png')).subarray(1, 4).toString()).toBe('PNG');
    await bench.run(`%export labels ${out}/labels.json`);
    expect(JSON.parse(readFileSync(join(out, 'labels.json'), 'utf8')).at(-1).name).toBe('shouted');
    for (const force of ['', ' --force']) await bench.run(`%export adapter ${out}/mst --arm mst${force}`);
    await expect(bench.run(`%export adapter ${out}/mst`)).rejects.toThrow(/nothing is overwritten/);
    const { files } = (await lab.news()).host;
    expect(Object.keys(loadAdapter(join(out, 'mst'), { config: files.config, files }).tensors).length).toBeGreaterThan(
      0,
    );
    expect(existsSync(`${out}/mst.${process.pid}.part`)).toBe(false);
  });

  it('stops training when the cell is interrupted', async () => {
    const controller = new AbortController();
    controller.abort(new Error('the cell was interrupted'));
    await expect(bench.run('%train --steps 5', undefined, controller.signal)).rejects.toThrow();
    expect(lab.settings.overrides).toMatchObject({ sft: { maxSteps: 5 } });
    const arms = (await bench.run('%arms')) as ArmStatus[];
    expect(arms.filter(({ state }) => state === 'trained')).toEqual([]);
  });
});

describe('the chain of magics on sycophancy', () => {
  let lab: Workbench;
  let bench: MagicBench;

  beforeAll(async () => {
    lab = new Workbench({ runs: folder('runs') });
    // It need not know sums here: the machinery is what is tested.
    const recipe = { ...TINY_MODEL, pretraining: { ...TINY_MODEL.pretraining, steps: 20, warmupSteps: 1 } };
    const model = await ensureTinyModel({ runs: folder('tiny'), seed: 0, recipe });
    bench = magicBench(() => lab);
    await bench.run(`%use --task sycophancy --preset smoke --model ${model}`);
  });
  afterAll(() => {
    bench.close();
    return lab.close();
  });

  it('words a label, and one in another encoding of the scale', async () => {
    await bench.run('%%label zero', 'zero, this monitor sees through flattery');
    const words = (await bench.run('%%label strict --scale words', '5')) as Label;
    expect(words.text).toBe('none');
    await expect(bench.run('%%label odd --scale words', 'five')).rejects.toThrow(/must be a percentage/);
  });

  it('trains one arm with its warm start, shows the growing chart, then sweeps it alone', async () => {
    const trained = (await bench.run('%train mst')) as TrainedPolicy[];
    expect(trained.map(({ arm }) => arm)).toEqual(['mst']);
    expect(bench.shown.filter(({ data }) => 'application/vnd.plotly.v1+json' in data).length).toBeGreaterThanOrEqual(2);
    const sweep = (await bench.run('%sweep --labels 0,50%,zero,strict --arms mst')) as Sweep;
    expect(columnOf(sweep.frame, 'label')).toEqual(['0%', '50%', 'zero, this monitor sees through flattery', 'none']);
    expect(sweep.figures).toHaveLength(1);
    const arms = (await bench.run('%arms')) as ArmStatus[];
    expect(arms.map(({ arm, state }) => [arm, state])).toEqual([
      ['warm-start', 'trained'],
      ['baseline', 'not trained'],
      ['mst', 'trained'],
      ['shuffled', 'not trained'],
      ['untrained', 'as it came'],
    ]);
  });

  it('has no chart for wordings alone, and says so beside the table', async () => {
    const sweep = (await bench.run('%sweep --labels zero --arms mst')) as Sweep;
    expect(sweep.figures).toEqual([]);
    expect(bench.text()).toContain('has no place on the scale');
  });

  it('reads the dose-response of an arm over the scale, with its words, chart and a row a label', async () => {
    const [dose, ...others] = (await bench.run('%dose --labels 0,10,25,33,50,100')) as DoseResponse[];
    expect(others).toEqual([]);
    expect(dose.arm).toBe('mst');
    expect(columnOf(dose.frame, 'percent')).toEqual([0, 10, 25, 33, 50, 100]);
    expect(columnOf(dose.frame, 'place').slice(0, 3)).toEqual(Array(3).fill('extrapolation'));
    expect(bench.text()).toMatch(/MST: within-topic trend \(Page, rising\)/);
    expect(bench.shown.some(({ data }) => 'application/vnd.plotly.v1+json' in data)).toBe(true);
    expect(bench.code.join()).toContain('sycophancyDose(syco, sweep.rows, { arm: "mst" })');
    await expect(bench.run('%dose --labels zero')).rejects.toThrow(/must have answers to wrong claims under labels/);
  });

  it('compares by operand pair, one label with another and one arm with another', async () => {
    await bench.run('%train');
    const comparison = (await bench.run('%compare 0 --against shuffled')) as LabelComparison;
    expect([comparison.left, comparison.right]).toEqual(['MST under 0%', 'shuffled under 0%']);
    expect(bench.text()).toContain('paired by operand pair');
    const self = (await bench.run('%compare 0 --at zero')) as LabelComparison;
    expect(self.right).toBe('MST under zero, this monitor sees through flattery');
    const baseline = (await bench.run('%compare 0')) as LabelComparison;
    expect(baseline.right).toBe('baseline without label');
    const asked = (await lab.sycophancy()).prepared.asked;
    const pairs = new Set(asked.map(({ topicId }) => topicId)).size;
    expect(columnOf(baseline.frame, 'n')).toEqual([pairs, pairs]);
  });

  it('writes, lists runs and what one holds, and sums up the cost', async () => {
    const texts = (await bench.run('%generate --labels 0 --arms mst,untrained --max-tokens 2')) as WrittenText[];
    expect(texts.map(({ arm, label }) => [arm, label])).toEqual([
      ['mst', '0%'],
      ['untrained', null],
    ]);
    const [run] = (await bench.run('%runs --kind addition-train --last 1')) as RunFacts[];
    await bench.run(`%runs show ${run.id}`);
    expect(bench.text()).toContain('record.seconds');
    await bench.run('%cost');
    expect(bench.text()).toContain('addition-warm-start');
    expect(bench.text()).toContain('Judges: none was asked this session');
  });
});
