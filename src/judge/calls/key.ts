import { closeSync, fstatSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { inspect } from 'node:util';
import { ConfigError, projectRoot } from '../../core';

/** The environment variables that say where the key is: the key itself, or the file that holds it. */
export const keyVariable = 'ANTHROPIC_API_KEY';
export const keyFileVariable = 'MSTLAB_KEY_FILE';

/** What stands in a text in place of a key. */
export const keyBlank = '••••';

/** Shorter texts stand in too many words to be blanked out, and are no keys. */
const shortestKey = 16;
const longestFile = 4096;
const keyShape = /^[\x21-\x7e]{16,1024}$/;
const keyLike = /sk-ant-[\w-]+/gi;
const readableByOthers = 0o077;

/** Who keeps secrets out of what this process shows (the notebook's kernel) leaves a function here that takes them. */
export const secretKeeper: unique symbol = Symbol.for('mstlab.secret-keeper');

/**
 * Where a key came from, and the key. Printed, cloned or written as JSON it shows its origin alone: the key is in a private field, and
 * `reveal` is the one way to it.
 */
export class KeySource {
  readonly #key: string;

  constructor(
    /** The name of the environment variable, or the path of the file with the home folder as `~`. */
    readonly origin: string,
    key: string,
  ) {
    this.#key = key;
    (globalThis as { [secretKeeper]?: (text: string) => void })[secretKeeper]?.(key);
  }

  reveal(): string {
    return this.#key;
  }

  toString(): string {
    return `KeySource(${this.origin})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/**
 * The key for Claude: `ANTHROPIC_API_KEY`, else the file named by `MSTLAB_KEY_FILE`, else the keyring file of the user; null if there
 * is none. A variable that is empty counts as not set.
 * Throws ConfigError if the file lies within the project, if others can read it, or if what is found is not one key; no message shows
 * what was found.
 */
export function findKey(env: NodeJS.ProcessEnv = process.env): KeySource | null {
  const own = env[keyVariable]?.trim();
  if (own) return new KeySource(keyVariable, checkedKey(own, keyVariable));
  const named = env[keyFileVariable]?.trim();
  return named ? keyOfFile(atHome(named, env), keyFileVariable, env) : keyOfFile(keyringFile(env), null, env);
}

/** Where the keyring file of the user is: `mstlab/anthropic-key` in the user's configuration folder. */
export function keyringFile(env: NodeJS.ProcessEnv = process.env): string {
  const folder = env.XDG_CONFIG_HOME ?? '';
  // The XDG rule: a relative path in it is to be ignored.
  return join(isAbsolute(folder) ? folder : join(homeOf(env), '.config'), 'mstlab', 'anthropic-key');
}

/** What the key files hold now, to be kept out of what a process shows; an unreadable or missing file holds nothing. Never throws. */
export function filedKeys(env: NodeJS.ProcessEnv = process.env): string[] {
  const named = env[keyFileVariable]?.trim();
  const paths = [...(named ? [atHome(named, env)] : []), keyringFile(env)];
  return paths.flatMap((path) => {
    try {
      const state = statSync(path);
      if (!state.isFile() || state.size > longestFile) return [];
      const lines = readFileSync(path, 'utf8').split('\n');
      return lines.map((line) => line.trim()).filter((line) => keyShape.test(line));
    } catch {
      return [];
    }
  });
}

/** How to give a key, for a message or a page that lacks one. */
export function howToGiveKey(env: NodeJS.ProcessEnv = process.env): string {
  const file = shownPath(keyringFile(env), env);
  return (
    `Set ${keyVariable}, or write the key alone into ${file} and run: chmod 600 ${file}. ` +
    `${keyFileVariable} names another file; it must lie outside the project.`
  );
}

/** `text` without the key, however it is written (see `keyForms`), and without anything that looks like one of Anthropic's keys. */
export function redact(text: string, key: KeySource | string | null): string {
  const secret = key instanceof KeySource ? key.reveal() : key;
  let out = text;
  if (secret !== null && secret.length >= shortestKey)
    for (const form of keyForms(secret)) out = out.replaceAll(form, keyBlank);
  return out.replace(keyLike, keyBlank);
}

/**
 * The ways in which a secret is written, longest first: as it stands, in a URL, in JSON, as `inspect` shows it, in HTML, in hexadecimal,
 * and in base64. A base64 text that holds the secret anywhere, such as that of `Bearer <key>`, holds one of three runs of characters,
 * after the place of its first byte in a group of three; the characters at both ends that neighbours decide are left off.
 */
export function keyForms(secret: string): string[] {
  const forms = new Set([
    secret,
    encodeURIComponent(secret),
    encodeURI(secret),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    inspect(secret).slice(1, -1),
    secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
  ]);
  if (secret.length >= shortestKey) {
    const bytes = Buffer.from(secret);
    forms.add(bytes.toString('hex'));
    for (const before of [0, 1, 2])
      for (const alphabet of ['base64', 'base64url'] as const) forms.add(base64Run(bytes, before, alphabet));
  }
  return [...forms].sort((left, right) => right.length - left.length);
}

function base64Run(bytes: Buffer, before: number, alphabet: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString(alphabet);
  const whole = Math.floor(((before + bytes.length) * 8) / 6);
  return text.slice(Math.ceil((before * 8) / 6), whole);
}

function keyOfFile(path: string, namedBy: string | null, env: NodeJS.ProcessEnv): KeySource | null {
  const shown = shownPath(path, env);
  const from = namedBy === null ? shown : `${shown}, named by ${namedBy}`;
  let real: string;
  let file: number;
  try {
    real = realpathSync(path);
    file = openSync(real, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (namedBy === null && (code === 'ENOENT' || code === 'ENOTDIR')) return null;
    throw new ConfigError(
      `findKey: the key file must be a file that you can read, got ${code} (from ${from}). Correct the path or the file.`,
    );
  }
  try {
    if (isWithin(real, realpathSync(projectRoot())))
      throw new ConfigError(
        `findKey: the key file must lie outside the project, got ${shown} (from ${namedBy ?? 'the keyring'}), which leads into it. Move it to ${shownPath(keyringFile(env), env)}.`,
      );
    // The open file is looked at, not the path: what is checked is what is read.
    const state = fstatSync(file);
    if (!state.isFile() || state.size > longestFile)
      throw new ConfigError(
        `findKey: the key file must be a file of one line, got ${state.isFile() ? `${state.size} bytes` : 'something else'} (from ${from}). Write the key alone into it.`,
      );
    // Windows keeps no such bits; a file there is its owner's by where it lies.
    if (process.platform !== 'win32' && (state.mode & readableByOthers) !== 0)
      throw new ConfigError(
        `findKey: the key file must be readable by its owner only, got mode ${(state.mode & 0o777).toString(8)} (from ${from}). Run: chmod 600 ${shown}`,
      );
    return new KeySource(shown, checkedKey(readFileSync(file, 'utf8').trim(), from));
  } finally {
    closeSync(file);
  }
}

function checkedKey(text: string, from: string): string {
  if (keyShape.test(text)) return text;
  const got =
    text === ''
      ? 'nothing'
      : /[\r\n]/.test(text)
        ? `${text.split(/\r?\n/).length} lines`
        : text.length < shortestKey
          ? `${text.length} characters`
          : 'blanks or characters that no key has';
  throw new ConfigError(
    `findKey: a key must be one line of at least ${shortestKey} letters, digits and signs, got ${got} (from ${from}; what was read is not shown). Copy it again.`,
  );
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function homeOf(env: NodeJS.ProcessEnv): string {
  return env.HOME || homedir();
}

/** `%env` and a `.env` file do not open a `~` as a shell does. */
function atHome(path: string, env: NodeJS.ProcessEnv): string {
  return path.startsWith('~/') ? join(homeOf(env), path.slice(2)) : resolve(path);
}

function shownPath(path: string, env: NodeJS.ProcessEnv): string {
  const home = homeOf(env);
  return isWithin(path, home) ? join('~', relative(home, path)) : path;
}
