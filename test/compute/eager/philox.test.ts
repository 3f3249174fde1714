import { describe, expect, test } from 'vitest';
import { statelessUniform } from '../../../src/compute/backends/eager/philox';

// Printed by TensorFlow 2.21: tf.raw_ops.StatelessRandomUniform(shape=[n], seed=seed).
const TENSORFLOW = [
  {
    seed: [1, 2],
    values: [
      0.8440604209899902, 0.19204533100128174, 0.9962232112884521, 0.16038739681243896, 0.27199018001556396,
      0.6493459939956665, 0.10694444179534912,
    ],
  },
  {
    seed: [0, 0],
    values: [
      0.2110154628753662, 0.7060099840164185, 0.8000633716583252, 0.7707922458648682, 0.38858866691589355,
      0.8703594207763672,
    ],
  },
  {
    seed: [-5, 123456789],
    values: [0.7134151458740234, 0.163000226020813, 0.6899552345275879, 0.3621605634689331, 0.32987332344055176],
  },
];

describe('statelessUniform', () => {
  test.each(TENSORFLOW)('gives TensorFlow StatelessRandomUniform bit for bit for seed $seed', ({ seed, values }) => {
    expect([...statelessUniform(seed, values.length)]).toEqual(values);
  });

  test('has mean 1/2 and variance 1/12 over 100,000 draws, all on [0, 1)', () => {
    const draws = statelessUniform([7, 11], 100_000);
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    expect(draws.every((x) => x >= 0 && x < 1)).toBe(true);
    expect(Math.abs(mean - 1 / 2)).toBeLessThan(0.004);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.002);
  });
});
