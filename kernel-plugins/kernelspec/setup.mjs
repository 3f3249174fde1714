#!/usr/bin/env node
// The first thing that `npm start` and `npm test` run: before any package exists, and on whatever Node is there.
// So this file keeps to old syntax and imports the rest only after the version has been checked.
import { nodeProblem } from './node-version.mjs';

const problem = nodeProblem(process.version);
if (problem === null) {
  import('./setup-run.mjs')
    .then((module) => module.main())
    .then((code) => {
      process.exitCode = code;
    });
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
