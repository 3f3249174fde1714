import { RandomStream } from '../../src/core';
import type { Adapter } from '../../src/model/adapters';
import type { SftExample } from '../../src/train';

/** Ragged random rows over the tiny vocabulary. */
export function raggedRows(count: number, seed = 1): SftExample[] {
  const random = new RandomStream(seed);
  return Array.from({ length: count }, (_, i) => {
    const length = 5 + random.below(14);
    return {
      id: `r${i}`,
      ids: Int32Array.from({ length }, () => 4 + random.below(60)),
      promptLength: 1 + random.below(length - 1),
    };
  });
}

/** All numbers of an adapter, one behind the other. */
export const weightsOf = (adapter: Adapter) =>
  Float32Array.from(Object.values(adapter.tensors).flatMap((tensor) => [...tensor.data]));
