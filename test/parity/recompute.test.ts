import { expect, test } from 'vitest';
import { tensorflowBackend } from '../../src/compute/backends';
import { eagerBackend } from '../../src/compute/backends/eager';
import { gradients, type Value } from '../../src/compute/graph';
import { outputsOnly, relativeError } from '../support/run-values';
import { drawFeedsAndWeights, smallDecoder } from '../support/small-decoder';

const { loss, weights, kept } = smallDecoder();
const { feeds, variables } = drawFeedsAndWeights(weights);
const named = (grads: readonly Value[]) => Object.fromEntries(grads.map((grad, i) => [`d${i}`, grad]));
const programs = [
  { ...outputsOnly(named(gradients(loss, weights))), name: 'stored' },
  { ...outputsOnly(named(gradients(loss, weights, { keep: kept }))), name: 'recomputed' },
];

test('a small decoder has the same gradients on TensorFlow as eagerly, stored or recomputed', () => {
  const [eager, graph] = [eagerBackend(), tensorflowBackend({ device: 'cpu' })].map((backend) => {
    const session = backend.createSession(programs);
    session.assign(variables);
    const results = programs.map(({ name }) => session.run(name, feeds));
    expect([session.backend, session.runs]).toEqual([backend.name, 2]);
    session.dispose();
    return results;
  });
  for (const [i, results] of graph.entries())
    for (const name of Object.keys(results)) {
      // Largest error observed: 2.8e-6.
      expect(relativeError(results[name].data, eager[i][name].data)).toBeLessThan(1e-5);
      expect(results[name].data.some((x) => x !== 0)).toBe(true);
    }
});
