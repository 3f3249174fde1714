import { beforeAll, describe, expect, it } from 'vitest';
import { tensorflowBackend } from '../../../src/compute/backends';
import { gather, type HostTensor, input, reshape } from '../../../src/compute/graph';
import { cacheVariables, forward, type LoadedModel, paramVariables } from '../../../src/model/families';
import { relativeError } from '../../support/run-values';
import { loadTiny } from '../../support/tiny-models';

const i32 = (shape: number[], data: number[]): HostTensor => ({ shape, dtype: 'i32', data: Int32Array.from(data) });

/** Hidden states [B·T,D] of rows of tokens. */
function hiddenOf(
  model: LoadedModel,
  B: number,
  T: number,
  tokens: number[],
  positions: number[],
  segments: number[],
): Float32Array {
  const inputs = {
    tokens: input('tokens', [B, T], 'i32'),
    positions: input('positions', [B, T], 'i32'),
    segments: input('segments', [B, T], 'i32'),
  };
  const { hidden } = forward(model.config, paramVariables(model.config, 'f32'), inputs, { computeDtype: 'f32' });
  const session = model.backend.createSession([{ name: 'hidden', outputs: { hidden }, updates: [] }]);
  session.assign({ ...model.weights });
  const out = session.run('hidden', {
    tokens: i32([B, T], tokens),
    positions: i32([B, T], positions),
    segments: i32([B, T], segments),
  });
  session.dispose();
  return out.hidden.data as Float32Array;
}

describe('attention by segments', () => {
  let model: LoadedModel;
  let D: number;
  const a = [5, 9, 17, 33];
  const b = [7, 11, 40];
  const rows = (data: Float32Array, begin: number, end: number) => data.slice(begin * D, end * D);
  const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

  beforeAll(async () => {
    model = await loadTiny('tiny-llama', tensorflowBackend());
    D = model.config.hiddenSize;
  });

  it('gives packed rows what they get alone', () => {
    const packed = hiddenOf(model, 1, 7, [...a, ...b], [...upTo(4), ...upTo(3)], [1, 1, 1, 1, 2, 2, 2]);
    // Observed 3e-7.
    expect(relativeError(rows(packed, 0, 4), hiddenOf(model, 1, 4, a, upTo(4), [1, 1, 1, 1]))).toBeLessThan(3e-6);
    expect(relativeError(rows(packed, 4, 7), hiddenOf(model, 1, 3, b, upTo(3), [1, 1, 1]))).toBeLessThan(3e-6);
  });

  it('does not see padding, whatever stands there and on whichever side', () => {
    const alone = hiddenOf(model, 1, 3, b, upTo(3), [1, 1, 1]);
    const right = hiddenOf(model, 1, 5, [...b, 60, 2], [...upTo(3), 0, 0], [1, 1, 1, -1, -1]);
    const left = hiddenOf(model, 1, 5, [60, 2, ...b], [0, 0, ...upTo(3)], [-1, -1, 1, 1, 1]);
    expect(relativeError(rows(right, 0, 3), alone)).toBeLessThan(3e-6);
    expect(relativeError(rows(left, 2, 5), alone)).toBeLessThan(3e-6);
  });

  it('lets every later segment see the prefix 0 and no other segment', () => {
    const prefix = [3, 21];
    const shared = hiddenOf(
      model,
      1,
      9,
      [...prefix, ...a, ...b],
      [0, 1, 2, 3, 4, 5, 2, 3, 4],
      [0, 0, 1, 1, 1, 1, 2, 2, 2],
    );
    const first = hiddenOf(model, 1, 6, [...prefix, ...a], upTo(6), upTo(6).fill(1));
    const second = hiddenOf(model, 1, 5, [...prefix, ...b], upTo(5), upTo(5).fill(1));
    expect(relativeError(rows(shared, 2, 6), rows(first, 2, 6))).toBeLessThan(3e-6);
    expect(relativeError(rows(shared, 6, 9), rows(second, 2, 5))).toBeLessThan(3e-6);
  });

  it('gives unequal prompts decoded through the cache what one whole pass gives', () => {
    // Two right-padded prompts of 2 and 3 tokens, written at once, then two tokens decoded for each.
    const [B, T, S] = [2, 3, 6];
    const full = [
      [...a.slice(0, 2), 50, 51],
      [...b, 52, 53],
    ];
    const { config } = model;
    const params = paramVariables(config, 'f32');
    const program = (name: string, width: number, attend: 'tokens' | 'cache') => {
      const inputs = {
        tokens: input('tokens', [B, width], 'i32'),
        positions: input('positions', [B, width], 'i32'),
        segments: input('segments', [B, width], 'i32'),
      };
      const slots = input('slots', [B, width], 'i32');
      const { hidden } = forward(config, params, inputs, {
        computeDtype: 'f32',
        cache: { maxTokens: S, slots, keySegments: null, attend },
      });
      const last = gather(reshape(hidden, [B * width, config.hiddenSize]), input('last', [B], 'i32'));
      return { name, outputs: { last }, updates: [] };
    };
    const session = model.backend.createSession([program('prompt', T, 'tokens'), program('decode', 1, 'cache')]);
    session.assign({ ...model.weights });
    for (const { name, shape, dtype } of cacheVariables(config, B, S, 'f32'))
      session.assign({ [name]: { shape, dtype, data: new Float32Array(shape[0] * shape[1]) } });
    const places = [0, 1, 2, 0, 1, 2];
    session.run('prompt', {
      tokens: i32([B, T], [full[0][0], full[0][1], 0, ...full[1].slice(0, 3)]),
      positions: i32([B, T], places),
      slots: i32([B, T], places),
      segments: i32([B, T], [1, 1, -1, 1, 1, 1]),
      last: i32([B], [1, 5]),
    });
    let decoded: Float32Array = new Float32Array();
    for (let step = 0; step < 2; step++) {
      const at = [2 + step, 3 + step];
      decoded = session.run('decode', {
        tokens: i32([B, 1], [full[0][at[0]], full[1][at[1]]]),
        positions: i32([B, 1], at),
        slots: i32([B, 1], at),
        last: i32([B], [0, 1]),
      }).last.data as Float32Array;
    }
    session.dispose();
    const whole0 = hiddenOf(model, 1, 4, full[0], upTo(4), [1, 1, 1, 1]);
    const whole1 = hiddenOf(model, 1, 5, full[1], upTo(5), upTo(5).fill(1));
    expect(relativeError(rows(decoded, 0, 1), rows(whole0, 3, 4))).toBeLessThan(3e-6);
    expect(relativeError(rows(decoded, 1, 2), rows(whole1, 4, 5))).toBeLessThan(3e-6);
  });
});
