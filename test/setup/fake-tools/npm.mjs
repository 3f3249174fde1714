// Stands for `npm ci`: makes the few packages that set-up looks at, and fails on command.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hangIf, logCall, waitFor } from './behaviour.mjs';

logCall('npm ci');
const said = {
  'no network': 'npm error code EAI_AGAIN\nnpm error network request to a registry failed',
  'full disk': 'npm error code ENOSPC\nnpm error nospc ENOSPC: no space left on device, write',
  'half a download': 'npm error code EINTEGRITY\nnpm error sha512 integrity checksum failed',
}[process.env.FAKE_NPM];
if (said !== undefined) {
  console.error(said);
  process.exit(1);
}

const root = process.cwd();
rmSync(join(root, 'node_modules'), { recursive: true, force: true });
write('node_modules/typescript/package.json', '{ "version": "5.9.3" }');
write('node_modules/typescript/bin/tsc', readFileSync(join(dirname(process.argv[1]), 'tsc.cjs'), 'utf8'));
await hangIf('npm');
await waitFor(process.env.FAKE_NPM_WAITS_FOR);
write('node_modules/@tensorflow/tfjs-node-gpu/package.json', '{ "version": "4.22.0", "main": "index.js" }');
write('node_modules/@tensorflow/tfjs-node-gpu/binding/tfjs_binding.cc', '');
write(
  'node_modules/@tensorflow/tfjs-node-gpu/index.js',
  `const text = require('node:fs').readFileSync(require('node:path').join(__dirname, 'lib/napi-v8/tfjs_binding.node'), 'utf8');
   if (text !== 'addon') throw new Error('undefined symbol: TF_Something');
   module.exports = {
     version: { tfjs: '4.22.0' },
     getBackend: () => 'tensorflow',
     backend: () => ({ binding: { TF_Version: '2.21.0' }, isGPUPackage: true, isUsingGpuDevice: process.env.FAKE_GPU === 'seen' }),
     tidy: (f) => f(), tensor2d: () => null, matMul: () => ({ dataSync: () => [11] }),
   };`,
);
write('node_modules/node-api-headers/package.json', '{ "version": "1.9.0" }');
const wanted = Object.entries(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages);
const packages = Object.fromEntries(wanted.filter(([path, entry]) => path !== '' && !entry.optional));
write('node_modules/.package-lock.json', JSON.stringify({ packages }));

function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
