import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import '../../../src/experiments/judging';

// In a process of its own: the fast tests share what they loaded.
it('loading the folder loads neither TensorFlow nor danfo: a cell that labels starts at once', () => {
  expect(Object.keys(createRequire(__filename).cache).filter((path) => /danfojs|@tensorflow/.test(path))).toEqual([]);
});
