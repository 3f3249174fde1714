import { spawnSync } from 'node:child_process';
import { runtimeEnvironment } from './runtime-environment.mjs';

// Node 23 removed util.isNullOrUndefined, which tfjs-node-gpu 4.22 still calls.
const PROBE = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
const tf = require('@tensorflow/tfjs-node-gpu');
const product = tf.tidy(() => Array.from(tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()));
process.stdout.write('\\nPROBE' + JSON.stringify({
  tfjs: tf.version.tfjs,
  tensorflow: tf.backend().binding.TF_Version,
  backend: tf.getBackend(),
  gpu: tf.backend().isGPUPackage && tf.backend().isUsingGpuDevice,
  product: product[0],
}) + '\\n');
`;

/**
 * Loads the addon in a process of its own and multiplies two small matrices:
 * `{ error: string | null, tfjs, tensorflow, backend, gpu: boolean, log: string }`. `log` is what TensorFlow printed.
 */
export function probeAddon(layout, env, changes = {}) {
  const result = spawnSync(process.execPath, ['-e', PROBE], {
    cwd: layout.root,
    env: { ...runtimeEnvironment(layout, env), TF_CPP_MIN_LOG_LEVEL: '0', ...changes },
    encoding: 'utf8',
    timeout: 120_000,
  });
  const log = `${result.stderr ?? ''}${result.stdout ?? ''}`;
  const line = (result.stdout ?? '').split('\n').find((text) => text.startsWith('PROBE'));
  if (line === undefined) {
    const lines = log.split('\n');
    const said =
      lines.find((text) => /^\w*Error\b.*: /.test(text)) ??
      lines.find((text) => /undefined symbol|cannot open/i.test(text));
    const end = result.signal ? `signal ${result.signal}` : `exit code ${result.status}`;
    return { error: (said ?? end).trim().slice(0, 300), gpu: false, log };
  }
  const found = JSON.parse(line.slice('PROBE'.length));
  const wrong = found.product !== 11 || found.backend !== 'tensorflow';
  return { error: wrong ? `backend ${found.backend} gave 1·3 + 2·4 = ${found.product}` : null, log, ...found };
}
