// Stands for tsc: one source, one output.
const { appendFileSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
appendFileSync(process.env.FAKE_CALLS, 'tsc\n');
const text = readFileSync('src/core/a.ts', 'utf8');
mkdirSync('dist/src/core', { recursive: true });
writeFileSync('dist/src/core/a.js', text);
if (text.includes('WRONG')) {
  console.log("src/core/a.ts(1,14): error TS2322: Type 'string' is not assignable to type 'number'.");
  process.exit(2);
}
