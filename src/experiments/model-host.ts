import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type ComputeDtypeChoice,
  chooseComputeDtype,
  type TensorflowBackend,
  tensorflowBackend,
} from '../compute/backends';
import { type LongCall, projectRoot } from '../core';
import { type ComputeDType, type LoadedModel, loadModel, type Quantisation } from '../model/families';
import { type ModelFiles, openModel } from '../model/weights';
import { writeFileAtomic } from '../runs';

export interface ModelHostOptions {
  readonly model: string;
  readonly device: 'auto' | 'cpu' | 'gpu';
  readonly computeDtype: 'auto' | ComputeDType;
  /** How the frozen base is held; default 'none'. */
  readonly quantisation?: Quantisation;
}

/**
 * The model of an experiment, opened at once and loaded when first needed: a notebook that finds all its results on
 * disk reads the tokenizer and never the weights. Concurrent callers share one load.
 */
export class ModelHost {
  private loading: Promise<LoadedModel> | null = null;
  private started: TensorflowBackend | null = null;

  private constructor(
    readonly files: ModelFiles,
    private readonly options: ModelHostOptions,
  ) {}

  /** Opens the model's files; one of the hub is fetched if it is not in the cache. Throws what `openModel` throws. */
  static async open(options: ModelHostOptions, { signal, onProgress }: LongCall = {}): Promise<ModelHost> {
    return new ModelHost(await openModel(options.model, { signal, onProgress }), options);
  }

  get backend(): TensorflowBackend {
    this.started ??= tensorflowBackend({ device: this.options.device });
    return this.started;
  }

  /** The dtype of matrix products: as configured, else as measured on this machine (kept in `.cache`, so that reruns agree). */
  get computeDtype(): ComputeDType {
    return this.options.computeDtype === 'auto' ? measuredDtype(this.backend).dtype : this.options.computeDtype;
  }

  /** What names this model in a run: its files and the arithmetic it runs in. */
  get identity(): Readonly<Record<string, string>> {
    const { files, backend } = this;
    const { quantisation = 'none' } = this.options;
    return {
      model: files.hash,
      tokenizer: files.tokenizer.hash,
      computeDtype: this.computeDtype,
      backend: `${backend.name} ${backend.version} ${backend.device}`,
      ...(quantisation === 'none' ? {} : { quantisation }),
    };
  }

  load(call: LongCall = {}): Promise<LoadedModel> {
    this.loading ??= loadModel(this.files, {
      backend: this.backend,
      computeDtype: this.computeDtype,
      quantisation: this.options.quantisation,
      ...call,
    }).catch((error) => {
      this.loading = null;
      throw error;
    });
    return this.loading;
  }

  async dispose(): Promise<void> {
    const loaded = await this.loading?.catch(() => null);
    loaded?.dispose();
    this.loading = null;
    this.files.close();
  }
}

/** The measured choice of dtype for this processor and this TensorFlow, from `.cache` if it was measured before. */
export function measuredDtype(
  backend: TensorflowBackend,
  cache = join(projectRoot(), '.cache', 'compute-dtype.json'),
): ComputeDtypeChoice {
  const key = [cpus()[0]?.model ?? 'unknown processor', cpus().length, backend.device, backend.version].join(' | ');
  const known = readCache(cache);
  if (known[key]) return known[key];
  const choice = chooseComputeDtype(backend);
  mkdirSync(dirname(cache), { recursive: true });
  writeFileAtomic(cache, `${JSON.stringify({ ...known, [key]: choice }, null, 2)}\n`);
  return choice;
}

function readCache(path: string): Record<string, ComputeDtypeChoice> {
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return {}; // half a file costs half a second of measuring again
  }
}
