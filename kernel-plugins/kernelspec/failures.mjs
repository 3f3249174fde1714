/** A part of set-up that could not be done. The message is one sentence in the house form, and what to do. */
export class SetupError extends Error {
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}

const AGAIN = 'run the same command again: it goes on from here';

// What pip, npm, g++ and Python print, by the kind of trouble. The order decides: a full disk also breaks downloads.
const KINDS = [
  {
    kind: 'disk',
    marks: /No space left on device|ENOSPC|Errno 28|Disk quota exceeded|EDQUOT/i,
    must: 'the disk must have room',
    todo: (free) => `Free some gigabytes (${free}) and ${AGAIN}.`,
  },
  {
    kind: 'no venv',
    marks: /ensurepip is not available|No module named '?(ensurepip|venv)/i,
    must: "Python's venv module must be complete",
    todo: () => `Install it (on Debian and Ubuntu: apt install python3-venv) and ${AGAIN}.`,
  },
  {
    kind: 'network',
    marks:
      /ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|Temporary failure in name resolution|Name or service not known|NewConnectionError|ConnectTimeout|ReadTimeout|Read timed out|Connection (refused|reset|aborted)|Max retries exceeded|Network is unreachable|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|network (request|connectivity)|40[37] |50[234] /i,
    must: 'the package registry must answer',
    todo: () => `Check the network and the proxy settings, and ${AGAIN}.`,
  },
  {
    kind: 'half a download',
    marks:
      /IncompleteRead|Connection broken|DO NOT MATCH THE HASHES|EINTEGRITY|unexpected end of file|BadZipFile|zlib/i,
    must: 'a download must arrive whole',
    todo: () => `The broken file has been thrown away; ${AGAIN}.`,
  },
  {
    kind: 'not available',
    marks: /No matching distribution found|Could not find a version that satisfies|ETARGET|E404/i,
    must: 'the registry must have the pinned version for this machine',
    todo: () => `Check that the registry or mirror in use is complete, and ${AGAIN}.`,
  },
  {
    kind: 'permission',
    marks: /EACCES|EPERM|Permission denied|Read-only file system|EROFS/i,
    must: 'the project folder must be writable',
    todo: () => `Correct its owner or its rights, and ${AGAIN}.`,
  },
];

/**
 * One SetupError for a tool that failed: `where` names the part, `tool` the program, `result` its exit code or signal
 * and the last lines it printed.
 */
export function failureOf({ where, tool, result, log, free }) {
  if (result.missing) {
    return new SetupError(`set-up, ${where}: ${tool} must be on the PATH, got none. Install it and ${AGAIN}.`);
  }
  if (result.signal) {
    return new SetupError(
      `set-up, ${where}: ${tool} must end by itself, got ${result.signal} (often: memory ran out; log: ${log}). ` +
        `Give it more memory and ${AGAIN}.`,
    );
  }
  for (const { marks, must, todo } of KINDS) {
    const line = result.lines.find((text) => marks.test(text));
    if (line !== undefined) {
      return new SetupError(
        `set-up, ${where}: ${must}, got "${shortened(line)}" (${tool}; log: ${log}). ${todo(free ?? 'see df')}`,
      );
    }
  }
  const last = [...result.lines].reverse().find((text) => /error/i.test(text)) ?? result.lines.at(-1) ?? 'no output';
  return new SetupError(
    `set-up, ${where}: ${tool} must end with exit code 0, got ${result.code} with "${shortened(last)}" ` +
      `(log: ${log}). Read the log, correct what it says, and ${AGAIN}.`,
  );
}

/** A tool's line as it stands in a sentence: on one line, at most 160 characters. */
export function shortened(line) {
  const text = line.trim().replace(/\s+/g, ' ');
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}
