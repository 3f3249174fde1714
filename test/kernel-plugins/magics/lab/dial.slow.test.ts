import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { displaySymbol } from '../../../../kernel-plugins/host';
import type { LabelDial } from '../../../../kernel-plugins/host/widgets';
import { liveArms, Workbench, type WrittenText } from '../../../../src/experiments';
import { ensureTinyModel, TINY_MODEL } from '../../../../src/experiments/addition/tiny-model';
import { tinyNewsInputs, tinyNewsOverrides } from '../../../support/tiny-news';
import { FrontEnd, nextUpdate, withoutFrontEnd } from '../../host/widgets/front-end';
import { type MagicBench, magicBench } from './support';

const folder = (name: string) => mkdtempSync(join(tmpdir(), `mstlab-${name}-`));
const still = new AbortController().signal;

describe('%dial on sycophancy', () => {
  let lab: Workbench;
  let bench: MagicBench;

  beforeAll(async () => {
    lab = new Workbench({ runs: folder('runs') });
    // It need not know sums here: the machinery is what is tested.
    const recipe = { ...TINY_MODEL, pretraining: { ...TINY_MODEL.pretraining, steps: 20, warmupSteps: 1 } };
    const model = await ensureTinyModel({ runs: folder('tiny'), seed: 0, recipe });
    bench = magicBench(() => lab);
    lab.use({ task: 'sycophancy', preset: 'smoke', model });
  });
  afterAll(() => {
    withoutFrontEnd();
    bench.close();
    return lab.close();
  });

  it('refuses arms that are not trained', async () => {
    await expect(bench.run('%dial --arms mst')).rejects.toThrow(/must be trained before they are asked, got mst/);
  });

  it('gives the probabilities that a sweep measures, in whatever order arms and labels are asked', async () => {
    await lab.train();
    const syco = await lab.sycophancy();
    const names = ['mst', 'shuffled', 'baseline', 'warm-start', 'untrained'] as const;
    const rows = await syco.ask({ policies: names, labels: [syco.label(0), syco.label(67)] });
    const live = await liveArms(lab, { arms: names });
    const seed = syco.config.seeds[0];
    let furthest = 0;
    for (const [at, choice] of live.choices.names.slice(0, 3).entries())
      for (const percent of [67, 0])
        for (const arm of [...live.arms].reverse()) {
          const labelled = arm.name === 'mst' || arm.name === 'shuffled';
          const label = live.labelAt!(percent);
          const row = rows.find(
            (one) =>
              one.policy === arm.name &&
              (one.seed === seed || !['mst', 'shuffled', 'baseline'].includes(arm.name)) &&
              one.label === (labelled ? label : null) &&
              one.problem_id === syco.prepared.asked[at].id,
          );
          const { probability } = await arm.answer(label, still, choice);
          furthest = Math.max(furthest, Math.abs(probability! - row!.says_correct));
        }
    // Passes of 1 prompt and of many round differently in f32: 1.2e-7 was seen.
    expect(furthest).toBeLessThan(1e-5);
    live.dispose();
  });

  it('is a table of a few labels without a front end, and says which code it stands for', async () => {
    Object.assign(globalThis, { signal: still });
    const dial = (await bench.run('%dial --arms mst,baseline')) as LabelDial;
    const text = bench.text();
    for (const percent of [0, 33, 67, 100]) expect(text).toContain((await lab.sycophancy()).label(percent).text);
    expect(text.match(/mst: P\(says correct\) \d+\.\d%/g)).toHaveLength(4);
    expect(bench.code.join('')).toContain('widgets.labelDial({ arms: live.arms');
    expect(Object.keys(await dial[displaySymbol]()).length, 'shown once').toBe(0);
    Reflect.deleteProperty(globalThis, 'signal');
  });

  it('answers while its slider is moved, and a wording longer than any label before', async () => {
    const front = new FrontEnd();
    const dial = (await bench.run('%dial --arms mst,shuffled')) as LabelDial;
    await dial.settled();
    await front.set(front.twin('IntSliderModel'), { value: 9 });
    await dial.settled();
    await nextUpdate();
    const html = String(front.twin('HTMLModel').state.value);
    expect(html).toContain((await lab.sycophancy()).label(9).text);
    expect(html.match(/\d+\.\d%/g)).toHaveLength(2);
    const worded = (await bench.run('%dial --arms mst --wording "0"')) as LabelDial;
    await worded.settled();
    const long = 'this monitor sees through flattery '.repeat(3).trim();
    await front.set(front.twin('TextModel'), { value: long });
    await worded.settled();
    await nextUpdate();
    expect(front.twin('HTMLModel').state.value).toContain(long);
    expect(String(front.twin('HTMLModel').state.value)).toMatch(/\d+\.\d%/);
    worded.close();
  });
});

describe('%dial on news', () => {
  it('writes what %generate writes under the same label', async () => {
    const lab = new Workbench({ runs: folder('runs') });
    const overrides = { ...tinyNewsOverrides(tinyNewsInputs()), temperatures: [0] };
    lab.use({ task: 'news', preset: 'smoke', overrides });
    const bench = magicBench(() => lab);
    await lab.train({ arms: ['mst', 'baseline'] });
    const texts = (await bench.run('%generate --arms mst,baseline --temperature 0')) as WrittenText[];
    const live = await liveArms(lab, { arms: ['mst', 'baseline'] });
    expect(live.labelAt).toBeNull();
    for (const arm of [...live.arms, ...live.arms]) {
      const written = await arm.answer(live.firstLabel, still, live.choices.names[0]);
      expect(written.text).toBe(texts.find((one) => one.arm === arm.name)!.text);
    }
    live.dispose();
    await bench.run('%dial --arms mst,baseline');
    expect(bench.text()).toContain(live.firstLabel);
    bench.close();
    await lab.close();
  });
});
