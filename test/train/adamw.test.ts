import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  cast,
  concat,
  constant,
  gradients,
  type HostTensor,
  matmul,
  mean,
  reshape,
  slice,
  square,
  sub,
  variable,
} from '../../src/compute/graph';
import { adamWFeeds, adamWStep, MOMENTS } from '../../src/train/adamw';
import { learningRateAt, SCHEDULES } from '../../src/train/schedule';
import { scalarFeed } from '../../src/train/sft/feeds';
import { relativeError } from '../support/run-values';
import { BACKENDS } from '../support/tiny-models';

const golden = JSON.parse(readFileSync(join(__dirname, '../golden/optimizer.json'), 'utf8'));
const flat = (of: { A: number[][]; B: number[][] }) => Float32Array.from([...of.A.flat(), ...of.B.flat()]);
const vector = (data: Float32Array): HostTensor => ({ shape: [data.length], dtype: 'f32', data });
const { learningRate, beta1, beta2, eps, weightDecay, maxGradNorm, steps, warmupSteps } = golden.config;
const config = { beta1, beta2, epsilon: eps, weightDecay, maxGradNorm };

describe('AdamW', () => {
  it.each(Object.keys(BACKENDS) as (keyof typeof BACKENDS)[])(
    'follows torch.optim.AdamW behind clipping and a cosine, on %s',
    (name) => {
      const parameters = variable('p', [27], 'f32');
      const a = reshape(slice(parameters, [0], [12]), [3, 4]);
      const b = reshape(slice(parameters, [12], [15]), [5, 3]);
      const predicted = matmul(matmul(constant(golden.x.flat(), [6, 4]), a, { transposeB: true }), b, {
        transposeB: true,
      });
      const loss = mean(square(sub(predicted, constant(golden.y.flat(), [6, 5]))));
      const [toA, toB] = gradients(loss, [a, b]);
      const step = adamWStep(parameters, concat([reshape(toA, [12]), reshape(toB, [15])], 0), config);
      const outputs = { loss, gradNorm: step.gradNorm, finite: cast(step.finite, 'f32') };
      const session = BACKENDS[name]().createSession([{ name: 'step', outputs, updates: step.updates }]);
      const zeros = vector(new Float32Array(27));
      session.assign({ p: vector(flat(golden.initial)), [MOMENTS.first]: zeros, [MOMENTS.second]: zeros });
      const schedule = { name: 'cosine', learningRate, warmupSteps, totalSteps: steps } as const;
      for (const [index, expected] of golden.steps.entries()) {
        const rate = learningRateAt(schedule, index);
        const feeds = Object.entries(adamWFeeds(config, rate, index + 1)).map(([key, value]) => [
          key,
          scalarFeed(value),
        ]);
        const out = session.run('step', Object.fromEntries(feeds));
        // Largest errors observed: loss and norm 4e-7, parameters 6e-7 (relative).
        expect(rate).toBeCloseTo(expected.learningRate, 12);
        expect(Math.abs(out.loss.data[0] / expected.loss - 1)).toBeLessThan(5e-6);
        expect(Math.abs(out.gradNorm.data[0] / expected.gradNorm - 1)).toBeLessThan(5e-6);
        expect(relativeError(session.read(['p']).p.data as Float32Array, flat(expected))).toBeLessThan(5e-6);
      }
      expect(session.runs).toBe(steps);
      session.dispose();
    },
  );

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('moves nothing on a gradient with %s', (bad) => {
    const parameters = variable('p', [3], 'f32');
    const step = adamWStep(parameters, constant([1, bad, 2], [3]), config);
    const session = BACKENDS.tensorflow().createSession([
      { name: 'step', outputs: { finite: cast(step.finite, 'f32') }, updates: step.updates },
    ]);
    const [p, m, v] = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6), Float32Array.of(7, 8, 9)].map(vector);
    session.assign({ p, [MOMENTS.first]: m, [MOMENTS.second]: v });
    const feeds = Object.entries(adamWFeeds(config, 0.1, 1)).map(([key, value]) => [key, scalarFeed(value)]);
    expect(session.run('step', Object.fromEntries(feeds)).finite.data[0]).toBe(0);
    expect(Object.values(session.read(['p', MOMENTS.first, MOMENTS.second])).map(({ data }) => [...data])).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
    session.dispose();
  });
});

describe('the learning rate', () => {
  it.each(SCHEDULES)('follows transformers: %s', (name) => {
    const { steps: totalSteps, warmupSteps: warmup } = golden.schedules;
    const rates = Array.from({ length: totalSteps }, (_, step) =>
      learningRateAt({ name, learningRate: 1, warmupSteps: warmup, totalSteps }, step),
    );
    expect(golden.schedules[name]).toHaveLength(20);
    for (const [step, rate] of rates.entries()) expect(rate).toBeCloseTo(golden.schedules[name][step], 12);
  });
});
