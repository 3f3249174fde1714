import { appendFileSync, existsSync } from 'node:fs';

/** Notes that a tool was started, so that a test can say which parts were made again. */
export function logCall(what) {
  appendFileSync(process.env.FAKE_CALLS, `${what}\n`);
}

/** Stays for ever at the point named in FAKE_HANG, after telling the test that it got there. */
export async function hangIf(point) {
  if (process.env.FAKE_HANG !== point) return;
  appendFileSync(`${process.env.FAKE_CALLS}.reached`, `${process.pid}\n`);
  for (;;) await new Promise((resolve) => setTimeout(resolve, 60_000));
}

/** Waits until the test has put a file there. */
export async function waitFor(file) {
  while (file !== undefined && !existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
}
