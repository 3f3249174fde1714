import { describe, expect, it } from 'vitest';
import { hostTensor, input, type Program, roundToBf16, variable } from '../../../src/compute/graph';
import { RandomStream } from '../../../src/core';
import { candidateValues } from '../../../src/model/generate/candidates';
import { BACKENDS, loadTiny } from '../../support/tiny-models';

const [N, K] = [2, 4];

/** Final hidden rows and a head whose likeliest token is number 7, 0.02 ahead of number 3 at a logit near 20. */
function nearTie(D: number, V: number) {
  const stream = new RandomStream('near tie');
  const head = Float32Array.from({ length: V * D }, () => roundToBf16(0.2 * stream.normal()));
  const row = Float32Array.from({ length: D }, () => roundToBf16(stream.normal()));
  const size = row.reduce((sum, x) => sum + x * x, 0);
  for (const id of [3, 7]) for (let d = 0; d < D; d++) head[id * D + d] = roundToBf16((20 / size) * row[d]);
  const scoreOf = (id: number) => row.reduce((sum, x, d) => sum + x * head[id * D + d], 0);
  // The last place of one weight, until 7 is ahead by little.
  const at = row.findIndex((x) => Math.abs(x) > 0.5 && Math.abs(x) < 1);
  while (scoreOf(7) - scoreOf(3) < 0.02) head[7 * D + at] = roundToBf16(head[7 * D + at] + Math.sign(row[at]) * 0.01);
  return { head, rows: Float32Array.from([...row, ...row]), scoreOf };
}

describe('candidateValues', () => {
  it.each(['f32', 'bf16'] as const)(
    'puts the likeliest token of a near tie first, as f32 has it: %s',
    async (dtype) => {
      const { config, dispose } = await loadTiny('tiny-llama', BACKENDS.tensorflow(), dtype);
      const { hiddenSize: D, vocabSize: V } = config;
      const { head, rows, scoreOf } = nearTie(D, V);
      const margin = scoreOf(7) - scoreOf(3);
      expect(margin).toBeGreaterThan(0.01);
      expect(roundToBf16(scoreOf(7))).toBe(roundToBf16(scoreOf(3)));
      const params = () => variable('head', [V, D], dtype);
      const model = { config, params, computeDtype: dtype };
      const { values, ids, logSum } = candidateValues(model, input('rows', [N, D], 'f32'), K, null, false);
      const program: Program = { name: 'c', outputs: { values, ids, logSum }, updates: [] };
      const session = BACKENDS.tensorflow().createSession([program]);
      session.assign({ head: hostTensor(head, [V, D], dtype) });
      const got = session.run('c', { rows: hostTensor(rows, [N, D], 'f32') });
      session.dispose();
      dispose();
      const exact = Array.from({ length: V }, (_, id) => scoreOf(id));
      const logSumExact = Math.log(exact.reduce((sum, x) => sum + Math.exp(x), 0));
      for (let n = 0; n < N; n++) {
        expect([...got.ids.data].slice(n * K, n * K + 2)).toEqual([7, 3]);
        expect(got.values.data[n * K] - got.values.data[n * K + 1]).toBeCloseTo(margin, 4);
        expect(got.values.data[n * K]).toBeCloseTo(scoreOf(7), 4);
        // The likeliest carry the sum, and they are exact.
        expect(got.logSum.data[n]).toBeCloseTo(logSumExact, 4);
      }
    },
  );
});
