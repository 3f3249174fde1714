// Stands for the compiler: the trial, the version, and the addon (a text file here).
import { writeFileSync } from 'node:fs';
import { hangIf, logCall } from './behaviour.mjs';

const args = process.argv.slice(2);
if (args.includes('-dumpfullversion')) {
  console.log('12.2.0');
} else if (args.includes('-fsyntax-only')) {
  if (process.env.FAKE_CXX === 'no headers') {
    console.error('<stdin>:1:10: fatal error: string: No such file or directory');
    process.exit(1);
  }
} else {
  logCall('g++');
  await hangIf('g++');
  writeFileSync(args[args.indexOf('-o') + 1], process.env.FAKE_CXX === 'bad addon' ? 'wrong' : 'addon');
}
