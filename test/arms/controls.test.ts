import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ARM_CATALOGUE,
  type ArmExample,
  armsToTrain,
  askedLabels,
  buildArms,
  type CountTokens,
  entropyNats,
  LAB_ARMS,
  type LabArm,
  mirroredValues,
  proofText,
  proveArms,
  type TrainedArmName,
  trainedAs,
} from '../../src/arms';
import { ConfigError, DataError } from '../../src/core';
import { cutSpan, loadLabelSet, renderLabel } from '../../src/labels';
import { type Example, loadNews } from '../../src/tasks';

const labelSet = loadLabelSet('news');
const inoculation = loadLabelSet('news-inoculation');
const { examples } = loadNews({ form: 'briefs' });
const few = examples.slice(0, 40);
const TRAINED = armsToTrain(LAB_ARMS);
/** A word, or a mark, is a token. */
const countTextTokens = (text: string): number => text.match(/[\p{L}\p{N}]+|[^\p{L}\p{N}\s]/gu)?.length ?? 0;
const countTokens: CountTokens = (row) => ({
  promptTokens: row.messages.reduce((sum, { content }) => sum + countTextTokens(content), 0),
  completionTokens: countTextTokens(row.completion),
});
const build = (seed: number | string = 0, from: readonly Example[] = few, controls = {}) =>
  buildArms({
    examples: from,
    arms: LAB_ARMS,
    labelSet,
    seed,
    countTokens,
    controls: { inoculation, countTextTokens, deploymentValue: 'unbiased', ...controls },
  });
const factsOf = (built: ReturnType<typeof build>, arm: TrainedArmName) =>
  built.proof.arms.find((fact) => fact.arm === arm)!;
const unlabelled = (row: ArmExample) => cutSpan(row.messages, row.labelSpan);

const subsets = fc.record({
  seed: fc.nat(1000),
  from: fc
    .uniqueArray(fc.nat(examples.length - 1), { minLength: 12, maxLength: 48 })
    .map((places) => places.map((at) => examples[at]))
    .filter((rows) => new Set(rows.map(({ labelValue }) => labelValue)).size === 4),
});
// The laws look at the same inputs: what was built for one is there for the next.
const known = new Map<string, ReturnType<typeof build>>();
const builtOf = (seed: number, from: readonly Example[]) => {
  const key = JSON.stringify([seed, from.map(({ id }) => id)]);
  const built = known.get(key) ?? build(seed, from);
  known.set(key, built);
  return built;
};
const law = (check: (built: ReturnType<typeof build>, from: readonly Example[], seed: number) => void) =>
  fc.assert(
    fc.property(subsets, ({ seed, from }) => check(builtOf(seed, from), from, seed)),
    { seed: 11, numRuns: 15 },
  );

describe('every arm', () => {
  it('has the same rows in the same order with the same completions, but least-biased-subset', () => {
    law(({ arms, proof }, from) => {
      for (const arm of TRAINED.filter((name) => name !== 'least-biased-subset')) {
        expect(arms[arm].map(({ exampleId }) => exampleId)).toEqual(from.map(({ id }) => id));
        expect(arms[arm].map(({ completion }) => completion)).toEqual(from.map(({ completion }) => completion));
      }
      const full = proof.arms.filter(({ arm }) => arm !== 'least-biased-subset');
      expect(new Set(full.map(({ orderHash }) => orderHash)).size).toBe(1);
      expect(new Set(full.map(({ completionsHash }) => completionsHash)).size).toBe(1);
    });
  });

  it("differs from the baseline's prompts in the label's place only, and in as many prompts as have a label", () => {
    law(({ arms, proof }) => {
      for (const fact of proof.arms.filter(({ arm }) => arm !== 'least-biased-subset')) {
        const rows = arms[fact.arm];
        expect(rows.map(unlabelled)).toEqual(arms.baseline.map(({ messages }) => messages));
        expect(fact.promptsThatDiffer).toBe(rows.filter(({ label }) => label !== null).length);
        expect(fact.differsIn).toBe(fact.labelledRows === 0 ? 'nothing' : 'the label');
      }
    });
  });

  it('is the same for the same seed, alone or among others', () => {
    law(({ arms }, from, seed) => {
      for (const arm of TRAINED) {
        const alone = buildArms({
          examples: from,
          arms: [arm],
          labelSet,
          seed,
          controls: { inoculation, countTextTokens, deploymentValue: 'unbiased' },
        }).arms;
        expect(alone[arm]).toEqual(arms[arm]);
      }
    });
  });

  it('has an entry in the catalogue that says what it rules out, and the proof repeats it', () => {
    const { proof } = build();
    for (const arm of LAB_ARMS) expect(ARM_CATALOGUE[arm].rulesOut.length).toBeGreaterThan(30);
    for (const arm of LAB_ARMS) expect(proofText(proof)).toContain(ARM_CATALOGUE[arm].rulesOut);
    expect(new Set(LAB_ARMS.map((arm) => ARM_CATALOGUE[arm].rulesOut)).size).toBe(LAB_ARMS.length);
  });
});

describe('constant', () => {
  it('shows one label on every row, which shares nothing with the truth', () => {
    law((built) => {
      expect(new Set(built.arms.constant.map(({ label }) => label!.id))).toEqual(new Set(['strong_left/editor']));
      expect(factsOf(built, 'constant').information).toMatchObject({ sharedNats: 0, chanceNats: 0, labelNats: 0 });
    });
  });

  it('shows the value it is told to', () => {
    const { arms } = build(0, few, { constantValue: 'unbiased' });
    expect(arms.constant.every(({ label }) => label!.value === 'unbiased')).toBe(true);
    expect(() => build(0, few, { constantValue: 'fair' })).toThrow(ConfigError);
  });
});

describe('irrelevant', () => {
  it("stands in shuffled's order, each sentence as long as the label it replaces", () => {
    law(({ arms }) => {
      expect(arms.irrelevant.map(({ label }) => label!.value)).toEqual(arms.shuffled.map(({ label }) => label!.value));
      for (const [at, row] of arms.irrelevant.entries()) {
        const replaced = renderLabel(arms.shuffled[at].label!, labelSet.format);
        expect(countTextTokens(renderLabel(row.label!, labelSet.format))).toBe(countTextTokens(replaced));
      }
    });
  });

  it('has a token counter or is refused', () => {
    expect(() => buildArms({ examples: few, arms: ['irrelevant'], labelSet, seed: 0 })).toThrow(
      /irrelevant arm needs countTextTokens/,
    );
  });

  it('adds as many tokens to the arm as the labels do', () => {
    const built = build();
    const of = (arm: TrainedArmName) => factsOf(built, arm).tokens!;
    expect(of('irrelevant').promptTokens).toBe(of('shuffled').promptTokens);
    expect(of('irrelevant').labelTokens).toEqual(of('shuffled').labelTokens);
    expect(of('mst').meanPromptTokensWithoutLabel).toBe(of('baseline').meanPromptTokens);
    expect(of('mst').labelTokens!.mean).toBeCloseTo(of('mst').meanPromptTokens! - of('baseline').meanPromptTokens!, 10);
  });
});

describe('non-semantic', () => {
  it('replaces labels one to one by codes that hold no word of them, and tells as much as they do', () => {
    law((built, from) => {
      const truth = from.map(({ labelValue }) => labelValue);
      expect(factsOf(built, 'non-semantic').information!.sharedNats).toBeCloseTo(entropyNats(truth), 10);
      for (const { label, messages } of built.arms['non-semantic']) {
        expect(label!.text).toMatch(/^[A-Z]{2}-\d{3}$/);
        expect(messages[0].content).toMatch(/^Code: [A-Z]{2}-\d{3}\nWrite /);
        expect(messages[0].content).not.toContain(labelSet.get(label!.value).text);
      }
    });
  });

  it('keeps a code for the value of deployment that no row holds', () => {
    law(({ arms, controls }) => {
      const unseen = controls.nonSemantic!.get('unbiased')!;
      expect(arms['non-semantic'].some(({ messages }) => messages[0].content.includes(unseen.text))).toBe(false);
    });
  });
});

describe('anti-correlated', () => {
  it('says the opposite of the truth, and tells as much of it as mst', () => {
    law((built, from) => {
      const slants = new Map(labelSet.values.map(({ value, slant }) => [value, slant!]));
      expect(built.arms['anti-correlated'].map(({ label }) => slants.get(label!.value))).toEqual(
        from.map(({ labelValue }) => -slants.get(labelValue)!),
      );
      expect(factsOf(built, 'anti-correlated').information!.sharedNats).toBeCloseTo(
        factsOf(built, 'mst').information!.sharedNats,
        12,
      );
      expect(factsOf(built, 'anti-correlated').trueLabels).toBe(0);
    });
  });

  it('twice is the truth again; a value without an opposite is refused by name', () => {
    const mirror = mirroredValues(labelSet);
    for (const value of mirror.keys()) expect(mirror.get(mirror.get(value)!)).toBe(value);
    const lopsided = labelSet.values.filter(({ value }) => value !== 'center_right');
    expect(() => mirroredValues({ values: lopsided, path: 'mine.json' })).toThrow(
      /got none for "center_left" at -1 \(mine\.json/,
    );
  });
});

describe('label-dropout and label-noise', () => {
  it('touch an exact share of the rows, the same ones and more for a larger share', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, a, b) => {
          const [less, more] = [Math.min(a, b), Math.max(a, b)].map(
            (share) => build(seed, few, { dropoutShare: share, noiseShare: share }).arms,
          );
          const touched = (rows: readonly ArmExample[]) =>
            rows.map(({ label, trueValue }) => label?.value !== trueValue);
          for (const arm of ['label-dropout', 'label-noise'] as const) {
            expect(touched(less[arm]).filter(Boolean)).toHaveLength(Math.round(Math.min(a, b) * few.length));
            const [before, after] = [touched(less[arm]), touched(more[arm])];
            expect(before.every((was, at) => !was || after[at])).toBe(true);
            const same = less[arm].filter((row, at) => before[at] && row.label?.id === more[arm][at].label?.id);
            expect(same).toHaveLength(before.filter(Boolean).length);
          }
        },
      ),
      { seed: 4, numRuns: 10 },
    );
  });

  it('leave every other row as in mst, and noise shows trained values only', () => {
    law(({ arms }) => {
      for (const [at, { label }] of arms['label-dropout'].entries())
        if (label) expect(label).toEqual(arms.mst[at].label);
      const trained = labelSet.values.filter((value) => value.trained).map(({ value }) => value);
      for (const { label } of arms['label-noise']) expect(trained).toContain(label!.value);
    });
  });

  it('tell less of the truth than mst and more than chance, and the proof says how much', () => {
    const built = build(0, examples);
    const shared = (arm: TrainedArmName) => factsOf(built, arm).information!;
    for (const arm of ['label-dropout', 'label-noise'] as const) {
      expect(shared(arm).sharedNats).toBeLessThan(shared('mst').sharedNats * 0.6);
      expect(shared(arm).sharedNats).toBeGreaterThan(10 * shared(arm).chanceNats);
    }
    expect(factsOf(built, 'label-noise').trueLabels).toBe(1404);
    expect(factsOf(built, 'label-dropout').labelledRows).toBe(936);
    expect(shared('mst').sharedNats).toBeCloseTo(Math.log(4), 10);
    // Nats times 2N is about chi-squared with 9 degrees of freedom: 0.0024 expected, 0.0068 is its 99.7% point here.
    expect(shared('shuffled').chanceNats).toBeCloseTo(9 / (2 * 1872), 4);
    expect(shared('shuffled').sharedNats).toBeLessThan(0.0068);
    expect(shared('irrelevant').sharedNats).toBeCloseTo(shared('shuffled').sharedNats, 12);
  });

  it('shares outside 0 to 1 are refused', () => {
    expect(() => build(0, few, { dropoutShare: 1.1 })).toThrow(/dropoutShare must be 0 to 1, got 1\.1/);
    expect(() => build(0, few, { noiseShare: Number.NaN })).toThrow(ConfigError);
  });
});

describe('least-biased-subset', () => {
  it('has as many rows, all of the values nearest the unbiased end, their own in place, repeated evenly', () => {
    law((built, from) => {
      const rows = built.arms['least-biased-subset'];
      const near = (value: string) => value.startsWith('center');
      expect(rows).toHaveLength(from.length);
      expect(rows.every(({ trueValue, label }) => near(trueValue) && label === null)).toBe(true);
      for (const [at, { labelValue, id }] of from.entries()) if (near(labelValue)) expect(rows[at].exampleId).toBe(id);
      const { repeats } = factsOf(built, 'least-biased-subset');
      expect(repeats!.most - repeats!.least).toBeLessThanOrEqual(1);
      expect(Object.values(repeats!.byExample).reduce((a, b) => a + b, 0)).toBe(from.length);
      expect(Object.keys(repeats!.byExample).sort()).toEqual(
        from
          .filter(({ labelValue }) => near(labelValue))
          .map(({ id }) => id)
          .sort(),
      );
    });
  });

  it('needs rows near the end and an end with a place', () => {
    const strong = few.filter(({ labelValue }) => labelValue.startsWith('strong'));
    const one = (from: readonly Example[], deploymentValue: string) => () =>
      buildArms({ examples: from, arms: ['least-biased-subset'], labelSet, seed: 0, controls: { deploymentValue } });
    expect(one(strong, 'unbiased')).toThrow(/needs rows of center_left, center_right, got none of/);
    expect(one(few, 'fair')).toThrow(/needs an unbiased end with a place/);
  });
});

describe('inoculation', () => {
  it('asks for the slant of the completion as the last line of every prompt', () => {
    law(({ arms }) => {
      for (const { messages, trueValue } of arms.inoculation)
        expect(messages[0].content.endsWith(`\n${inoculation.get(trueValue).text}`)).toBe(true);
    });
  });

  it('has requests for every value or is refused', () => {
    expect(() => buildArms({ examples: few, arms: ['inoculation'], labelSet, seed: 0 })).toThrow(
      /needs a set of requests/,
    );
  });
});

describe('arms that are only asked', () => {
  it('have no rows: unlabelled-eval asks mst, prompt-only the untrained model', () => {
    const { arms, proof } = buildArms({ examples: few, arms: ['unlabelled-eval', 'prompt-only'], labelSet, seed: 0 });
    expect(Object.keys(arms)).toEqual(['mst']);
    expect(proof.evaluationOnly.map(({ arm, trainedAs: as }) => [arm, as])).toEqual([
      ['unlabelled-eval', 'mst'],
      ['prompt-only', null],
    ]);
    expect([trainedAs('untrained'), trainedAs('constant')]).toEqual([null, 'constant']);
    expect(buildArms({ examples: few, arms: ['prompt-only'], labelSet, seed: 0 }).arms).toEqual({});
  });
});

describe('how an arm is asked', () => {
  const { controls, arms } = build();
  const asked = (arm: LabArm | 'untrained', labels?: Parameters<typeof askedLabels>[1]['labels']) =>
    askedLabels(arm, { labelSet, controls, deploymentValue: 'unbiased', ...(labels ? { labels } : {}) });
  const all = labelSet.values.map(({ value }) => labelSet.get(value).id);

  it('follows its training: labels, none, or its own', () => {
    const ids = Object.fromEntries(
      [...LAB_ARMS, 'untrained' as const].map((arm) => [arm, asked(arm).map((label) => label?.id ?? null)]),
    );
    const own = (wording: string) => labelSet.values.map(({ value }) => `${value}/${wording}`);
    expect(ids).toEqual({
      baseline: [null],
      mst: all,
      shuffled: all,
      constant: ['strong_left/editor', 'unbiased/editor'],
      'unlabelled-eval': [null],
      irrelevant: own('irrelevant-editor'),
      'non-semantic': own('non-semantic'),
      'anti-correlated': all,
      'label-dropout': [...all, null],
      'label-noise': all,
      'least-biased-subset': [null],
      inoculation: [null],
      'prompt-only': all,
      untrained: all,
    });
  });

  it('asks a value that was never trained under a code and a sentence that no row holds', () => {
    for (const arm of ['non-semantic', 'irrelevant'] as const) {
      const [unseen] = asked(arm).filter((label) => label?.value === 'unbiased' && label.wording !== 'editor');
      expect(arms[arm].some(({ messages }) => messages[0].content.includes(unseen!.text))).toBe(false);
    }
  });

  it('puts a new wording to the arms that read labels, and its code to those that read codes', () => {
    const typed = { ...labelSet.get('unbiased'), id: 'unbiased/custom', text: 'fair', wording: 'custom' };
    expect(asked('mst', [typed])).toEqual([typed]);
    expect(asked('constant', [typed]).at(-1)).toBe(typed);
    expect(asked('irrelevant', [typed])).toEqual([typed]);
    expect(asked('non-semantic', [typed])).toEqual([controls.nonSemantic!.get('unbiased')]);
    expect(asked('inoculation', [typed])).toEqual([null]);
  });
});

describe('the proof fails', () => {
  const broken = (arm: TrainedArmName, change: (row: ArmExample) => Partial<ArmExample>) => () => {
    const { arms } = build();
    const rows = arms[arm].map((row, at) => (at === 7 ? { ...row, ...change(row) } : row));
    return proveArms({ ...arms, [arm]: rows }, undefined, { values: labelSet.values });
  };
  const relabelled =
    (value: string) =>
    (row: ArmExample): Partial<ArmExample> => {
      const label = labelSet.get(value);
      const text = renderLabel(label, labelSet.format);
      const content = `${text}\n${unlabelled(row)[0].content}`;
      return {
        label,
        messages: [{ role: 'user', content }],
        labelSpan: { message: 0, start: 0, end: text.length + 1 },
      };
    };
  const other = (row: ArmExample) => relabelled(row.trueValue === 'strong_left' ? 'center_left' : 'strong_left')(row);

  it.each<[TrainedArmName, (row: ArmExample) => Partial<ArmExample>, RegExp]>([
    ['mst', other, /mst: row 8 .* must have its true label/],
    ['constant', relabelled('unbiased'), /constant: row 8 .* must have the one label of all/],
    ['non-semantic', relabelled('unbiased'), /non-semantic: row 8 must have the one label of/],
    ['anti-correlated', (row) => relabelled(row.trueValue)(row), /anti-correlated: row 8/],
    ['label-dropout', other, /label-dropout: row 8 .* must have its true label or none/],
    ['baseline', relabelled('unbiased'), /baseline: row 8 .* must have no label/],
    ['inoculation', other, /inoculation: row 8 .* must have the request for its true value/],
    ['shuffled', relabelled('unbiased'), /shuffled must show each value as often as mst/],
    ['least-biased-subset', () => ({ exampleId: 'x' }), /must be an example of baseline, got another/],
    ['least-biased-subset', () => ({ completion: 'x' }), /must have the completion of baseline/],
  ])('on a wrong row of %s', (arm, change, message) => {
    expect(broken(arm, change)).toThrow(DataError);
    expect(broken(arm, change)).toThrow(message);
  });

  it('on a subset row of another value, and on one repeated too often', () => {
    const { arms } = build();
    const strong = arms.baseline.find(({ trueValue }) => trueValue.startsWith('strong'))!;
    const subset = arms['least-biased-subset'];
    const withRow = (row: ArmExample, places: number) =>
      subset.map((own, at) => (at < places ? { ...row, arm: 'least-biased-subset' as const } : own));
    const prove = (rows: ArmExample[]) => () =>
      proveArms({ baseline: arms.baseline, 'least-biased-subset': rows }, undefined, {
        leastBiased: ['center_left', 'center_right'],
      });
    expect(prove(subset)).not.toThrow();
    expect(prove(withRow(strong, 1))).toThrow(/rows must be of center_left, center_right, got .* of strong_/);
    expect(prove(withRow(subset[0], 6))).toThrow(/no row must be repeated oftener/);
  });
});
