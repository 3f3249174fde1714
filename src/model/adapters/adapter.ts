import type { HostTensor } from '../../compute/graph';
import type { RandomStream } from '../../core';
import type { ModelConfig } from '../weights';
import { adapterLayout } from './layout';
import type { LoraConfig } from './lora-config';

/** A low-rank adapter in host memory: f32 tensors by PEFT key. */
export interface Adapter {
  readonly config: LoraConfig;
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

/**
 * A fresh adapter: A ~ U(-1/√Din, 1/√Din), B = 0, so that it leaves the model's outputs as they are.
 * Every tensor draws from its own fork of `random`: changing the targets does not change the others.
 * Source: PEFT, LoraLayer.reset_lora_parameters (kaiming_uniform with a = √5).
 */
export function initAdapter(model: ModelConfig, config: LoraConfig, random: RandomStream): Adapter {
  const tensors: Record<string, HostTensor> = {};
  for (const { key, part, shape, size } of adapterLayout(model, config).entries) {
    const data = new Float32Array(size);
    if (part === 'A') {
      const stream = random.fork(key);
      const bound = 1 / Math.sqrt(shape[1]);
      for (let i = 0; i < size; i++) data[i] = (2 * stream.uniform() - 1) * bound;
    }
    tensors[key] = { shape, dtype: 'f32', data };
  }
  return { config, tensors };
}
