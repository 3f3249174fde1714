import { readdirSync, readFileSync } from 'node:fs';

/** The processes below `pid` that run now, from /proc. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (stat !== null && stat.state !== 'Z') parents.set(Number(name), stat.parent);
  }
  const below = (of: number): number[] =>
    [...parents].filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

/** Of these processes the ones that still run; a zombie does not. */
export function alive(pids: readonly number[]): number[] {
  return pids.filter((pid) => {
    const stat = statOf(pid);
    return stat !== null && stat.state !== 'Z';
  });
}

function statOf(pid: number): { state: string; parent: number } | null {
  try {
    // After the command in parentheses, which may hold anything: state, parent.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}
