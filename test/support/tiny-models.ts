import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Backend, eagerBackend, tensorflowBackend } from '../../src/compute/backends';
import type { HostTensor } from '../../src/compute/graph';
import { type ComputeDType, type LoadedModel, loadModel } from '../../src/model/families';
import { openModel, openSafetensors } from '../../src/model/weights';

export const TINY_MODELS = ['tiny-llama', 'tiny-llama3', 'tiny-qwen2', 'tiny-qwen3'] as const;
export type TinyModel = (typeof TINY_MODELS)[number];

export const BACKENDS: Readonly<Record<Backend['name'], () => Backend>> = {
  tensorflow: () => tensorflowBackend(),
  eager: () => eagerBackend(),
};

/** What PyTorch gives for a tiny model: `test/golden/make_tiny_models.py`. */
export interface TinyGolden {
  readonly ids: readonly (readonly number[])[];
  readonly lengths: readonly number[];
  readonly promptLengths: readonly number[];
  readonly baseLoss: number;
  readonly loraLoss: number;
  readonly gradientNorm: number;
  /** `logits.base`, `logits.lora` [B,T,V] and `grad.` + PEFT key. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
}

export function tinyFolder(name: TinyModel): string {
  return join(__dirname, '../golden', name);
}

export function tinyGolden(name: TinyModel): TinyGolden {
  const facts = JSON.parse(readFileSync(join(tinyFolder(name), 'golden.json'), 'utf8'));
  const source = openSafetensors(join(tinyFolder(name), 'golden.safetensors'));
  const tensors = Object.fromEntries(source.names().map((key) => [key, source.read(key)]));
  source.close();
  return { ...facts, tensors };
}

export async function loadTiny(
  name: TinyModel,
  backend: Backend,
  computeDtype: ComputeDType = 'f32',
): Promise<LoadedModel> {
  return loadModel(await openModel(tinyFolder(name)), { backend, computeDtype });
}

/** The golden batch as training rows. */
export function goldenRows(golden: TinyGolden): { id: string; ids: Int32Array; promptLength: number }[] {
  return golden.lengths.map((length, i) => ({
    id: `row ${i}`,
    ids: Int32Array.from(golden.ids[i].slice(0, length)),
    promptLength: golden.promptLengths[i],
  }));
}
