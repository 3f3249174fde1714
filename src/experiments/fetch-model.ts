import { ConfigError, type Progress } from '../core';
import { type FetchModelOptions, fetchModel, gigabytes } from '../model/weights';

/**
 * Brings a model of the hub into the cache and says what that costs and how far it is, a line for each tenth.
 * Ctrl-C stops in order; a second call goes on from there. Throws what `fetchModel` throws, and ConfigError unless just
 * one name is given.
 */
export async function fetchModelCommand(
  args: readonly string[],
  print: (line: string) => void,
  options: FetchModelOptions = {},
): Promise<void> {
  if (args.length !== 1)
    throw new ConfigError(
      `fetch-model: one model of the hub must be named, "org/name" or "org/name@revision", got ${args.length === 0 ? 'none' : `"${args.join(' ')}"`}. Name one.`,
    );
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  try {
    const lines = progressLines(print);
    const { id, path, fetchedBytes } = await fetchModel(args[0], {
      signal: stop.signal,
      onProgress: lines,
      ...options,
    });
    print(`${id} is in the cache (${gigabytes(fetchedBytes)} fetched): ${path}`);
    print(`Use it as { model: '${args[0]}' }.`);
  } finally {
    process.off('SIGINT', interrupt);
  }
}

function progressLines(print: (line: string) => void): (progress: Progress) => void {
  let tenth = -1;
  return ({ what, done, total, detail }) => {
    if (tenth < 0) print(`${what}: ${gigabytes(total)}, of which ${gigabytes(done)} are here, to ${detail?.to}`);
    const now = total === 0 ? 10 : Math.floor((10 * done) / total);
    if (tenth >= 0 && now > tenth) print(`${10 * now}% (${gigabytes(done)}) ${detail?.file}`);
    tenth = now;
  };
}
