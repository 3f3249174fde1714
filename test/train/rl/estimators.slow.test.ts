import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constant, exp, gradients, input, log, mean, mul, neg, sum } from '../../../src/compute/graph';
import type { RlOverrides } from '../../../src/train/rl';
import { policyLogProbabilities, whitened } from '../../../src/train/rl/rollout';
import { type Bandit, learn, logged, manyDraws, PROMPTS } from '../../support/bandit';
import { outputsOnly, relativeError } from '../../support/run-values';
import { BACKENDS } from '../../support/tiny-models';

interface Golden {
  readonly name: string;
  readonly config: RlOverrides;
  readonly temperature: number;
  readonly entropy: number;
  readonly rarity: number;
  readonly inputs: Readonly<Record<string, number[] | number[][]>>;
  readonly drawn: Readonly<Record<string, number[][]>>;
  readonly learned: Readonly<Record<string, number | number[] | number[][]>>;
}

const golden: { whitening: Record<string, number[][]>; cases: readonly Golden[] } = JSON.parse(
  readFileSync(join(__dirname, '../../golden/rl.json'), 'utf8'),
);

describe('against TRL', () => {
  const cases = (Object.keys(BACKENDS) as (keyof typeof BACKENDS)[]).flatMap((backend) =>
    golden.cases.map((one) => [one.name, backend, one] as const),
  );

  it('every estimator is held to it with clipping active on some samples', () => {
    expect(new Set(golden.cases.map(({ config }) => config.estimator))).toEqual(
      new Set(['exact', 'rloo', 'grpo', 'ppo']),
    );
    for (const { config, learned } of golden.cases)
      if (config.estimator !== 'exact') {
        expect(learned.clipFraction).toBeGreaterThan(0);
        expect(learned.clipFraction).toBeLessThan(1);
      }
  });

  it.each(cases)('%s, on %s: answers, advantages, losses and both gradients', (_, backend, one) => {
    const numbers = (values: number | number[] | number[][]) => [values].flat(2);
    const bandit = {
      ...Object.fromEntries(Object.entries(one.inputs).map(([name, values]) => [name, numbers(values)])),
      ...{ temperature: one.temperature, entropy: one.entropy, rarity: one.rarity },
    } as unknown as Bandit;
    const [B, answers] = [one.inputs.logits.length, (one.inputs.logits[0] as number[]).length];
    const overrides = { ...one.config, promptsPerStep: B };
    const found = learn(overrides, bandit, { answers, backend });
    // Largest error observed: 7.4e-7 of the largest number of its kind (a policy loss, a small sum of larger terms).
    for (const [name, expected] of Object.entries(one.drawn))
      expect(relativeError(found[name], numbers(expected)), name).toBeLessThan(5e-6);
    for (const name of ['loss', 'policyLoss', 'valueLoss', 'entropy', 'gradLogits', 'gradValue'])
      expect(relativeError(found[name], numbers(one.learned[name])), name).toBeLessThan(5e-6);
    expect(relativeError(found.takenNow, numbers(one.learned.taken)), 'taken').toBeLessThan(5e-6);
    const log = logged(found, bandit, overrides, answers) as unknown as Record<string, number>;
    const asTrlNamesIt = { k1: 'klK1', k3: 'klK3', exactKl: 'klExact' } as Record<string, string>;
    // Seen: 3.0e-7, in the largest ratio.
    for (const name of ['approxKl', 'clipFraction', 'ratioMean', 'ratioMax', 'k1', 'k3', 'exactKl'])
      expect(Math.abs(log[asTrlNamesIt[name] ?? name] - (one.learned[name] as number)), name).toBeLessThan(3e-6);
    if (one.learned.groupsWithoutSignal !== undefined && !one.config.kl && !one.rarity)
      // The share is stored in f32: 2.0e-8 seen.
      expect(log.groupsWithoutSignal).toBeCloseTo(one.learned.groupsWithoutSignal as number, 6);
  });

  it('whitening is masked_whiten, with the mean taken away or kept', () => {
    const { x, whitened: expected, meanKept } = golden.whitening;
    const value = constant(x.flat(), [x.length, x[0].length]);
    const session = BACKENDS.eager().createSession([outputsOnly({ out: whitened(value), middle: mean(value) })]);
    const { out, middle } = session.run('test', {});
    session.dispose();
    const found = Array.from(out.data as Float32Array);
    // Seen: 7.1e-8, and 4.4e-8 with the mean kept.
    expect(relativeError(found, expected.flat())).toBeLessThan(7e-7);
    expect(
      relativeError(
        found.map((one) => one + middle.data[0]),
        meanKept.flat(),
      ),
    ).toBeLessThan(7e-7);
  });
});

/** By coordinate of the six prompts' logits: mean and standard error of the mean over the copies, times `copies`. */
function overCopies(gradient: readonly number[], copies: number) {
  const width = PROMPTS * 2;
  return Array.from({ length: width }, (_, at) => {
    const each = Array.from({ length: copies }, (__, copy) => gradient[copy * width + at] * copies);
    const middle = each.reduce((total, one) => total + one, 0) / copies;
    const variance = each.reduce((total, one) => total + (one - middle) ** 2, 0) / (copies - 1);
    return { mean: middle, error: Math.sqrt(variance / copies) };
  });
}

describe('before the first update', () => {
  it.each(['rloo', 'grpo', 'ppo'] as const)(
    '%s: all ratios are 1 to the last bit, no sample is clipped, and the loss is minus the mean advantage',
    (estimator) => {
      fc.assert(
        fc.property(fc.integer(), fc.integer({ min: 2, max: 7 }), (seed, samples) => {
          const bandit = manyDraws(`${seed}`, samples, 1);
          const found = learn({ estimator }, bandit);
          expect(found.takenNow).toEqual(found.taken);
          expect(logged(found, bandit)).toMatchObject({ ratioMean: 1, ratioMax: 1, approxKl: 0, clipFraction: 0 });
          const { advantages } = found;
          const expected = -advantages.reduce((total, one) => total + one, 0) / advantages.length;
          const size = Math.max(...advantages.map(Math.abs));
          // Seen: 1.4e-8.
          expect(Math.abs(found.policyLoss[0] - expected)).toBeLessThanOrEqual(1e-7 * (1 + size));
        }),
        { numRuns: 25 },
      );
    },
  );

  it('the gradient of a sampled estimator is that of minus the mean of A · log π, for no clip acts', () => {
    const bandit = manyDraws('policy gradient', 4, 1);
    const found = learn({ estimator: 'rloo' }, bandit);
    const G = 4;
    const expected = bandit.logits.map((_, at) => {
      const [b, a] = [at >> 1, at & 1];
      const each = Array.from({ length: G }, (__, g) => {
        const indicator = found.actions[b * G + g] === a ? 1 : 0;
        return (-found.advantages[b * G + g] * (indicator - Math.exp(found.logp[at]))) / bandit.temperature;
      });
      return each.reduce((total, one) => total + one, 0) / (G * PROMPTS);
    });
    // Seen: 1.4e-7.
    expect(relativeError(found.gradLogits, expected)).toBeLessThan(1e-6);
  });
});

describe('many samples', () => {
  const copies = 2000;
  const samples = 4;
  const priced: RlOverrides = { kl: { coefficient: 0.3, estimator: 'k1' } };
  const exactOf = (bandit: Bandit, overrides: RlOverrides) =>
    overCopies(learn({ ...overrides, estimator: 'exact' }, bandit).gradLogits, copies).map(({ mean }) => mean);
  /** Twelve coordinates, two of each prompt opposite: 4.5 standard errors fail once in 24,000 seeds. */
  const LIMIT = 4.5;

  it.each([
    ['rloo', 'the exact gradient', priced, 1],
    ['grpo', '(G-1)/G of the exact gradient without scaling', { groupScaling: false }, (samples - 1) / samples],
    ['ppo', 'the exact gradient without whitening', { ...priced, whitenAdvantages: false }, 1],
  ] as const)('%s gives %s on average', (estimator, _, overrides, share) => {
    const bandit = manyDraws(`many ${estimator}`, samples, copies);
    const exact = exactOf(bandit, overrides);
    const found = overCopies(learn({ ...overrides, estimator }, bandit).gradLogits, copies);
    const scale = Math.max(...exact.map(Math.abs));
    found.forEach(({ mean: got, error }, at) => {
      expect(Math.abs(got - share * exact[at]), `logit ${at}`).toBeLessThan(LIMIT * error + 1e-6 * scale);
      // What the law can see: a fifth of the largest coordinate at the limit.
      expect(LIMIT * error).toBeLessThan(scale / 5);
    });
  });

  it('the law tells (G-1)/G from 1: unscaled GRPO misses the exact gradient by many standard errors', () => {
    const bandit = manyDraws('many grpo', samples, copies);
    const overrides: RlOverrides = { groupScaling: false };
    const exact = exactOf(bandit, overrides);
    const found = overCopies(learn({ ...overrides, estimator: 'grpo' }, bandit).gradLogits, copies);
    const missed = found.map(({ mean: got, error }, at) => Math.abs(got - exact[at]) / error);
    expect(Math.max(...missed)).toBeGreaterThan(2 * LIMIT);
  });

  it('answers are drawn as often as the policy says, and the sampled KL agrees with the exact one', () => {
    const bandit = manyDraws('frequencies', samples, copies);
    const found = learn({ estimator: 'rloo' }, bandit);
    const count = copies * samples;
    for (let b = 0; b < PROMPTS; b++) {
      const probability = Math.exp(found.logp[b * 2]);
      let first = 0;
      for (let copy = 0; copy < copies; copy++)
        for (let g = 0; g < samples; g++) first += Number(found.actions[(copy * PROMPTS + b) * samples + g] === 0);
      const error = Math.sqrt((probability * (1 - probability)) / count);
      expect(Math.abs(first / count - probability)).toBeLessThan(LIMIT * error);
    }
    const log = logged(found, bandit);
    // k1 and k3 of one draw, by prompt and answer; their spread within prompts gives the standard error of the mean.
    const tempered = (scores: readonly number[], at: number) => {
      const pair = [scores[at & ~1], scores[at | 1]].map((score) => score / bandit.temperature);
      return scores[at] / bandit.temperature - Math.log(Math.exp(pair[0]) + Math.exp(pair[1]));
    };
    const spread = (term: (ratio: number) => number) => {
      let variance = 0;
      for (let b = 0; b < PROMPTS; b++) {
        const of = [0, 1].map((a) => ({
          p: Math.exp(tempered(bandit.logits, b * 2 + a)),
          k: term(tempered(bandit.reference, b * 2 + a) - tempered(bandit.logits, b * 2 + a)),
        }));
        const middle = of[0].p * of[0].k + of[1].p * of[1].k;
        variance += of.reduce((total, { p, k }) => total + p * (k - middle) ** 2, 0) / PROMPTS;
      }
      return Math.sqrt(variance / (count * PROMPTS));
    };
    const exactKl = log.klExact ?? Number.NaN;
    expect(exactKl).toBeGreaterThan(0.05);
    expect(Math.abs((log.klK1 ?? Number.NaN) - exactKl)).toBeLessThan(LIMIT * spread((ratio) => -ratio));
    expect(Math.abs((log.klK3 ?? Number.NaN) - exactKl)).toBeLessThan(
      LIMIT * spread((ratio) => Math.expm1(ratio) - ratio),
    );
  });
});

describe('Kullback-Leibler divergence', () => {
  it('k3 of any sample and the exact value are not negative, and all are 0 at the reference', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const bandit = manyDraws(`kl ${seed}`, 2, 1);
        const log = logged(learn({ estimator: 'rloo' }, bandit), bandit);
        expect(log.klK3).toBeGreaterThanOrEqual(0);
        expect(log.klExact).toBeGreaterThanOrEqual(-1e-7);
        const there = { ...bandit, reference: bandit.logits };
        const same = logged(learn({ estimator: 'rloo' }, there), there);
        // Seen: 3.6e-8.
        for (const one of [same.klK1, same.klK3, same.klExact]) expect(Math.abs(one ?? 1)).toBeLessThan(4e-7);
      }),
      { numRuns: 25 },
    );
  });

  it('as a k1 price in the reward, the exact gradient is that of the divergence itself', () => {
    const bandit = manyDraws('kl gradient', 1, 1);
    const with_ = learn({ estimator: 'exact', kl: { coefficient: 0.7, estimator: 'k1' } }, bandit).gradLogits;
    const without = learn({ estimator: 'exact' }, bandit).gradLogits;
    const logits = input('logits', [PROMPTS, 2], 'f32');
    const temperature = constant([bandit.temperature], []);
    const logp = policyLogProbabilities(logits, temperature);
    const reference = policyLogProbabilities(constant([...bandit.reference], [PROMPTS, 2]), temperature);
    const divergence = mean(sum(mul(exp(logp), logp), -1));
    const cross = mean(sum(mul(exp(logp), reference), -1));
    const [grad, gradCross] = gradients(divergence, [logits]).concat(gradients(cross, [logits]));
    const session = BACKENDS.eager().createSession([outputsOnly({ grad, gradCross })]);
    const found = session.run('test', {
      logits: { shape: [PROMPTS, 2], dtype: 'f32', data: Float32Array.from(bandit.logits) },
    });
    session.dispose();
    const expected = without.map((one, at) => one + 0.7 * (found.grad.data[at] - found.gradCross.data[at]));
    // Seen: 1.9e-7.
    expect(relativeError(with_, expected)).toBeLessThan(2e-6);
  });
});

describe('bonuses', () => {
  it('rarity in the reward has the gradient of the entropy of the batch-marginal answer', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.1, max: 2, noNaN: true }), (seed, rarity) => {
        const bandit = manyDraws(`rarity ${seed}`, 1, 1);
        const gradOf = (coefficient: number) =>
          learn({ estimator: 'exact' }, { ...bandit, rarity: coefficient }).gradLogits;
        const without = gradOf(0);
        const own = gradOf(rarity).map((one, at) => one - without[at]);
        const logits = input('logits', [PROMPTS, 2], 'f32');
        const marginal = mean(exp(policyLogProbabilities(logits, constant([bandit.temperature], []))), 0);
        const entropy = neg(sum(mul(marginal, log(marginal))));
        const [grad] = gradients(entropy, [logits]);
        const session = BACKENDS.eager().createSession([outputsOnly({ grad })]);
        const found = session.run('test', {
          logits: { shape: [PROMPTS, 2], dtype: 'f32', data: Float32Array.from(bandit.logits) },
        });
        session.dispose();
        const expected = Array.from(found.grad.data, (one) => -rarity * Number(one));
        // Both are differences of terms as large as the whole gradient. Seen: 2.2e-8.
        const scale = Math.max(1, ...without.map(Math.abs));
        own.forEach((one, at) => {
          expect(Math.abs(one - expected[at])).toBeLessThan(2e-7 * scale * (1 + rarity));
        });
      }),
      { numRuns: 25 },
    );
  });

  it('rarity differs from the conditional entropy: with two certain and opposite prompts only the latter pays', () => {
    const bandit: Bandit = {
      ...{ logits: [6, -6, -6, 6], newLogits: [6, -6, -6, 6], reference: [0, 0, 0, 0], rewards: [0, 0, 0, 0] },
      ...{ value: [0, 0], newValue: [0, 0], uniforms: [0.5, 0.5], temperature: 3, entropy: 0, rarity: 0 },
    };
    const size = (more: Partial<Bandit>) =>
      Math.max(...learn({ estimator: 'exact' }, { ...bandit, ...more }).gradLogits.map(Math.abs));
    // Seen: 1.6e-10.
    expect(size({ rarity: 1 })).toBeLessThan(2e-9);
    expect(size({ entropy: 1 })).toBeGreaterThan(1e-3);
  });

  it('a group of one reward says nothing in RLOO and GRPO, and only such a group', () => {
    const rewards = [1, 1, 0, 1, 2, 2, -1, 0.5, 0, 0, 3, 1];
    const bandit = { ...manyDraws('flat', 8, 1), rewards };
    for (const estimator of ['rloo', 'grpo'] as const) {
      const found = learn({ estimator }, bandit);
      const silent = Array.from({ length: PROMPTS }, (_, b) =>
        found.advantages.slice(b * 8, b * 8 + 8).every((one) => one === 0),
      );
      const same = Array.from(
        { length: PROMPTS },
        (_, b) => new Set(found.actions.slice(b * 8, b * 8 + 8).map((a) => rewards[b * 2 + a])).size === 1,
      );
      expect(silent).toEqual(same);
      expect(logged(found, bandit).groupsWithoutSignal).toBeCloseTo(same.filter(Boolean).length / PROMPTS);
    }
  });
});
