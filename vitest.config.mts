import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // TensorFlow uses every core by itself; two test files at once only take turns at the same cores.
    // Fast tests share what they import (TensorFlow takes a second or two to load): modules keep no state.
    poolOptions: { forks: { maxForks: 2, minForks: 1, isolate: process.env.MSTLAB_TEST_FAST !== '1' } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
