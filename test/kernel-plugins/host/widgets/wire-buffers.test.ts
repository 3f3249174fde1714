import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinBuffers, splitBuffers } from '../../../../kernel-plugins/host/widgets/wire-buffers';

const leaf = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.uint8Array({ maxLength: 5 }));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie('value'), { maxKeys: 3 }),
  ),
}));

test('bytes anywhere in a state leave as buffers and come back to their places', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), value), (state) => {
      const split = splitBuffers(state as Record<string, unknown>);
      expect(split.bufferPaths.length).toBe(split.buffers.length);
      const overTheWire = JSON.parse(JSON.stringify(split.state));
      expect(joinBuffers(overTheWire, JSON.parse(JSON.stringify(split.bufferPaths)), split.buffers)).toEqual(state);
    }),
    { seed: 7, numRuns: 200 },
  );
});

test('paths that lead nowhere, or out of the state, are passed over', () => {
  const bytes = new Uint8Array([1]);
  for (const paths of ['x', [[]], [['a', 'b', 'c']], [['__proto__', 'polluted']], [['__proto__']]])
    expect(joinBuffers({ a: 1 }, paths, [bytes])).toEqual({ a: 1 });
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});
