import { gradients, type HostTensor, input } from '../../src/compute/graph';
import { RandomStream } from '../../src/core';
import { type RlOverrides, resolveRlConfig } from '../../src/train/rl';
import { objective } from '../../src/train/rl/objective';
import { rollout } from '../../src/train/rl/rollout';
import { summariseStep } from '../../src/train/rl/step-metrics';
import type { StepRecord } from '../../src/train/rl/step-record';
import { outputsOnly } from './run-values';
import { BACKENDS } from './tiny-models';

/** A policy that draws, and the policy that learns from it: [B,A] scores, [B] values. */
export interface Bandit {
  readonly logits: readonly number[];
  readonly newLogits: readonly number[];
  readonly reference: readonly number[];
  readonly rewards: readonly number[];
  readonly value: readonly number[];
  readonly newValue: readonly number[];
  /** [B,G]. */
  readonly uniforms: readonly number[];
  readonly temperature: number;
  readonly entropy: number;
  readonly rarity: number;
}

export type Numbers = Readonly<Record<string, number[]>>;

/** Draws from the old policy, then the loss of the new one and its gradients [B,A] and [B]. */
export function learn(
  overrides: RlOverrides,
  bandit: Bandit,
  { answers: A = 2, backend = 'eager' as keyof typeof BACKENDS } = {},
): Numbers {
  const B = bandit.value.length;
  const G = bandit.uniforms.length / B;
  const { config } = resolveRlConfig(null, { samplesPerPrompt: G, promptsPerStep: B, ...overrides });
  const feeds: Record<string, HostTensor> = {};
  const given = (name: keyof Bandit, shape: readonly number[]) => {
    const data = Float32Array.from([bandit[name]].flat());
    feeds[name] = { shape, dtype: 'f32', data };
    return input(name, shape, 'f32');
  };
  const ppo = config.estimator === 'ppo';
  const temperature = given('temperature', []);
  const reference = config.kl.coefficient > 0 ? given('reference', [B, A]) : null;
  const drawn = rollout(config, {
    logits: given('logits', [B, A]),
    value: ppo ? given('value', [B]) : null,
    reference,
    rewards: given('rewards', [B, A]),
    uniforms: given('uniforms', [B, G]),
    temperature,
    rarity: given('rarity', []),
  });
  const logits = given('newLogits', [B, A]);
  const value = given('newValue', [B]);
  const { taken: takenNow, ...loss } = objective(
    config,
    { logits, value: ppo ? value : null, reference },
    { ...drawn, oldValue: ppo ? input('value', [B], 'f32') : null },
    { temperature, entropy: given('entropy', []) },
  );
  const [gradLogits, gradValue] = gradients(loss.loss, [logits, value]);
  const session = BACKENDS[backend]().createSession([
    outputsOnly({ ...drawn, ...loss, takenNow, gradLogits, gradValue }),
  ]);
  const used = ppo ? feeds : Object.fromEntries(Object.entries(feeds).filter(([name]) => !/value$/i.test(name)));
  const found = session.run('test', used);
  session.dispose();
  return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, Array.from(data as Float32Array)]));
}

/** What the step log would say of it. */
export function logged(found: Numbers, bandit: Bandit, { clip = 0.2 }: Pick<RlOverrides, 'clip'> = {}, answers = 2) {
  const B = bandit.value.length;
  const rows = (data: readonly number[]) => Float32Array.from(data);
  const record: StepRecord = {
    step: 0,
    episodes: Array.from({ length: B }, (_, b) => ({
      id: `${b}`,
      ids: Int32Array.of(1),
      rewards: bandit.rewards.slice(b * answers, (b + 1) * answers),
      bin: '',
    })),
    coefficients: { temperature: bandit.temperature, entropy: bandit.entropy, rarity: bandit.rarity },
    learningRate: 0,
    reference: rows(bandit.reference),
    drawn: {
      ...{ logp: rows(found.logp), scores: rows(bandit.logits), logMass: new Float32Array(B) },
      ...{ actions: Int32Array.from(found.actions), taken: rows(found.taken), shaped: rows(found.shaped) },
      ...{ advantages: rows(found.advantages), returns: rows(found.returns), value: null },
    },
    passes: [{ rows: null, takenNow: rows(found.takenNow), loss: 0, policyLoss: 0, valueLoss: 0 }],
    updates: [],
  };
  return summariseStep(record, bandit.uniforms.length / B, clip);
}

export const PROMPTS = 6;

/** A bandit of six prompts, each `copies` times with answers of its own: as many independent estimates of one gradient. */
export function manyDraws(seed: string, samples: number, copies: number, more: Partial<Bandit> = {}): Bandit {
  const random = new RandomStream(seed);
  const draw = (count: number, low: number, high: number) =>
    Array.from({ length: count }, () => low + (high - low) * random.uniform());
  const logits = draw(PROMPTS * 2, -1.5, 1.5);
  const reference = draw(PROMPTS * 2, -1.5, 1.5);
  const rewards = draw(PROMPTS * 2, -1, 2);
  const value = draw(PROMPTS, -1, 1);
  const again = (numbers: readonly number[]) => Array.from({ length: copies }, () => numbers).flat();
  return {
    ...{ logits: again(logits), newLogits: again(logits), reference: again(reference), rewards: again(rewards) },
    ...{ value: again(value), newValue: again(value), uniforms: draw(PROMPTS * copies * samples, 0, 1) },
    ...{ temperature: 1.3, entropy: 0, rarity: 0 },
    ...more,
  };
}
