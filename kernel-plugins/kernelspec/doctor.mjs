#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { diagnose } from './diagnosis.mjs';
import { layoutOf } from './layout.mjs';

/**
 * `npm run doctor [-- --gpu] [-- --json]`: one line for each part, with what to do where it fails. The exit code is 1 if
 * any part fails. A GPU that is asked for (--gpu or MSTLAB_DEVICE=gpu) and is not usable is a failure.
 */
function main(args, env) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: { gpu: { type: 'boolean' }, json: { type: 'boolean' } } }));
  } catch (error) {
    process.stderr.write(`doctor: the options must be --gpu or --json: ${error.message}\n`);
    return 2;
  }
  const asked = values.gpu || env.MSTLAB_DEVICE === 'gpu';
  const parts = diagnose(layoutOf(), env, { gpuAsked: Boolean(asked) });
  const failed = parts.filter((part) => !part.ok);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ ok: failed.length === 0, parts }, null, 2)}\n`);
  } else {
    const width = Math.max(...parts.map((part) => part.name.length));
    for (const { name, ok, found, todo } of parts) {
      process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${name.padEnd(width)}  ${found}${ok ? '' : `. ${todo}`}\n`);
    }
    const count = failed.length === 1 ? '1 part fails' : `${failed.length} parts fail`;
    process.stdout.write(failed.length === 0 ? 'doctor: all parts are ok.\n' : `doctor: ${count}.\n`);
  }
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2), process.env);
