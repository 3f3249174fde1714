import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Backend } from '../../compute/backends';
import { gradients, type HostTensor, hostNumbers, input, mul, type Program, reshape } from '../../compute/graph';
import { ADAPTER_VARIABLE, adapterGraph, adapterLayout, flattenAdapter, loadAdapter } from '../../model/adapters';
import { forward, loadModel, logits, paramVariables, supervisedLoss } from '../../model/families';
import { openModel, openSafetensors } from '../../model/weights';
import { largestError, type ParityRow } from './parity';

/** The tiny models of test/golden, with what PyTorch and PEFT gave for them. */
export const GOLDEN_MODELS = ['tiny-llama', 'tiny-llama3', 'tiny-qwen2'] as const;

interface Facts {
  readonly ids: readonly (readonly number[])[];
  readonly lengths: readonly number[];
  readonly promptLengths: readonly number[];
  readonly loraLoss: number;
}

/**
 * Logits, loss and adapter gradients of one tiny model on `backend` against PyTorch's, a row each. A model that does not run is
 * one row that failed.
 */
export async function modelParity(
  backend: Backend,
  goldenFolder: string,
  name: string,
  tolerance: number,
): Promise<ParityRow[]> {
  try {
    return await compare(backend, join(goldenFolder, name), name, tolerance);
  } catch (cause) {
    return [{ what: name, error: null, tolerance, ok: false, why: (cause as Error).message }];
  }
}

async function compare(backend: Backend, folder: string, name: string, tolerance: number): Promise<ParityRow[]> {
  const facts = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as Facts;
  const files = await openModel(folder);
  const golden = openSafetensors(join(folder, 'golden.safetensors'));
  try {
    const model = await loadModel(files, { backend });
    const { config } = model;
    const adapter = loadAdapter(join(folder, 'adapter'), model);
    const layout = adapterLayout(config, adapter.config);
    const graph = adapterGraph(layout, 'f32');
    const params = paramVariables(config, 'f32');
    const { feeds, B, T, N } = feedsOf(facts);
    const place = (label: string) => input(label, [B, T], 'i32');
    const { hidden } = forward(
      config,
      params,
      { tokens: place('tokens'), positions: place('positions'), segments: place('segments') },
      { computeDtype: 'f32', lora: graph.lora },
    );
    const supervised = {
      rows: input('rows', [N], 'i32'),
      targets: input('targets', [N], 'i32'),
      weights: input('weights', [N], 'f32'),
    };
    const { lossSum } = supervisedLoss(config, params, hidden, supervised, 'f32', true);
    const loss = mul(lossSum, 1 / N);
    const leaves = gradients(loss, graph.leaves);
    const program: Program = {
      name: 'parity',
      outputs: {
        loss,
        logits: logits(config, params, reshape(hidden, [B * T, config.hiddenSize]), 'f32'),
        ...Object.fromEntries(leaves.map((leaf, i) => [layout.entries[i].key, leaf])),
      },
      updates: [],
    };
    const session = backend.createSession([program]);
    try {
      session.assign({ ...model.weights });
      const flat = flattenAdapter(adapter, layout);
      session.assign({ [ADAPTER_VARIABLE]: { shape: [layout.size], dtype: 'f32', data: flat } });
      const found = session.run('parity', feeds);
      const errors = {
        logits: logitsError(found.logits, golden.read('logits.lora'), facts.lengths),
        loss: largestError(found.loss.data as Float32Array, [facts.loraLoss]),
        gradients: Math.max(
          ...layout.entries.map(({ key }) =>
            largestError(hostNumbers(found[key]), hostNumbers(golden.read(`grad.${key}`))),
          ),
        ),
      };
      return Object.entries(errors).map(([what, error]) => ({
        what: `${name}: ${what}`,
        error,
        tolerance,
        ok: error <= tolerance,
        why: null,
      }));
    } finally {
      session.dispose();
      model.dispose();
    }
  } finally {
    golden.close();
    files.close();
  }
}

/** The golden batch: right-padded rows, each place before a completion token predicts it. */
function feedsOf({ ids, lengths, promptLengths }: Facts) {
  const [B, T] = [ids.length, ids[0].length - 1];
  const tokens = new Int32Array(B * T);
  const positions = new Int32Array(B * T);
  const segments = new Int32Array(B * T).fill(-1);
  const rows: number[] = [];
  const targets: number[] = [];
  for (let b = 0; b < B; b++)
    for (let t = 0; t < lengths[b] - 1; t++) {
      const at = b * T + t;
      tokens[at] = ids[b][t];
      positions[at] = t;
      segments[at] = 1;
      if (t + 1 >= promptLengths[b]) {
        rows.push(at);
        targets.push(ids[b][t + 1]);
      }
    }
  const N = rows.length;
  const i32 = (shape: number[], data: Int32Array): HostTensor => ({ shape, dtype: 'i32', data });
  const feeds: Record<string, HostTensor> = {
    tokens: i32([B, T], tokens),
    positions: i32([B, T], positions),
    segments: i32([B, T], segments),
    rows: i32([N], Int32Array.from(rows)),
    targets: i32([N], Int32Array.from(targets)),
    weights: { shape: [N], dtype: 'f32', data: new Float32Array(N).fill(1) },
  };
  return { feeds, B, T, N };
}

/** Over the places that predict a token; ours are [B·(T-1),V], PyTorch's [B,T,V]. */
function logitsError(ours: HostTensor, theirs: HostTensor, lengths: readonly number[]): number {
  const [, T, V] = theirs.shape;
  const pick = (tensor: HostTensor, width: number): number[] =>
    lengths.flatMap((length, b) => Array.from(tensor.data.slice(b * width * V, (b * width + length - 1) * V), Number));
  return largestError(pick(ours, T - 1), pick(theirs, T));
}
