import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { FileFormatError, MachineError, MstlabError } from '../../core';

/** The version of the tables below, in the file's `user_version`. */
export const storeVersion = 1;

// FULL: a reply that was paid for must be on the disk when its attempt counts as paid, also after a power cut.
const pragmas = ['PRAGMA journal_mode = WAL', 'PRAGMA synchronous = FULL', 'PRAGMA foreign_keys = OFF'];

/** How long a write waits for another process's write (milliseconds). */
const busyTimeoutMs = 30_000;

/** A whole check reads the whole file: 64 MB in about a tenth of a second. */
const checkedBytes = 64 * 2 ** 20;

const tables = `
  CREATE TABLE replies (
    key TEXT PRIMARY KEY,
    model TEXT NOT NULL,
    rubric_hash TEXT NOT NULL,
    request TEXT NOT NULL,
    reply TEXT NOT NULL,
    mode TEXT NOT NULL,
    created_at TEXT NOT NULL,
    cost REAL
  ) WITHOUT ROWID;
  CREATE INDEX replies_by_rubric ON replies (rubric_hash, model);
  CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    purpose TEXT NOT NULL,
    model TEXT NOT NULL,
    mode TEXT NOT NULL,
    session TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('open', 'paid', 'failed', 'uncertain')),
    status INTEGER,
    request_id TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cache_write_tokens INTEGER,
    cache_read_tokens INTEGER,
    cost REAL,
    most_cost REAL,
    may_be_paid INTEGER NOT NULL DEFAULT 0,
    error_class TEXT
  );
  CREATE INDEX attempts_by_time ON attempts (started_at);
  CREATE INDEX open_attempts ON attempts (session) WHERE outcome = 'open';
  CREATE TABLE claims (
    key TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    since TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    born TEXT,
    seen_at TEXT NOT NULL
  ) WITHOUT ROWID;
`;

/**
 * Opens the file of replies, making it (readable by its owner only) and its tables if need be.
 * Throws FileFormatError if it is no such file or a newer one, MachineError if the machine does not let it be read or written.
 */
export function openStoreFile(path: string): DatabaseSyncInstance {
  const { DatabaseSync } = loadSqlite();
  let db: DatabaseSyncInstance | undefined;
  try {
    return storeErrors(path, () => {
      mkdirSync(dirname(path), { recursive: true });
      // SQLite gives its side files the mode of this one.
      closeSync(openSync(path, 'a', 0o600));
      db = new DatabaseSync(path, { timeout: busyTimeoutMs });
      for (const pragma of pragmas) db.exec(pragma);
      makeTables(db, path);
      return db;
    });
  } catch (error) {
    db?.close();
    throw error;
  }
}

/** SQLite is a compiled addon: a judge that needs no store must work where it does not load. */
function loadSqlite(): typeof import('@photostructure/sqlite') {
  try {
    return require('@photostructure/sqlite');
  } catch (error) {
    throw new MachineError(
      `openStoreFile: the SQLite addon must load on this machine, got "${(error as Error).message}". Run npm run doctor.`,
      { cause: error },
    );
  }
}

function makeTables(db: DatabaseSyncInstance, path: string): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    const version = (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
    if (version > storeVersion)
      throw new FileFormatError(
        `openStoreFile: the file of replies must have version ${storeVersion} or older, got version ${version} (${path}). A newer mstlab made it: update this one, or name another file.`,
      );
    if (version === 0) {
      const others = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table'").get() as { n: number };
      if (others.n > 0)
        throw new FileFormatError(
          `openStoreFile: the file of replies must be empty or made by mstlab, got a database with ${others.n} tables of something else (${path}). Name another file.`,
        );
      db.exec(tables);
      db.exec(`PRAGMA user_version = ${storeVersion}`);
    }
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
  if (statSync(path).size <= checkedBytes) {
    const { quick_check: finding } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
    if (finding !== 'ok') throw damaged(path, finding);
  }
}

function damaged(path: string, finding: string): FileFormatError {
  return new FileFormatError(
    `openStoreFile: the file of replies must be a whole SQLite database, got "${finding}" (${path}). Move it away, with its -wal and -shm files, and run again: what it held would be asked and paid for anew.`,
  );
}

/** Runs `work` on the store's file, and gives SQLite's errors the project's classes. */
export function storeErrors<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof MstlabError) throw error;
    const { message, errcode, code } = error as Error & { errcode?: number; code?: string };
    // Extended codes of SQLite hold the primary one in their low byte: https://www.sqlite.org/rescode.html
    const primary = errcode === undefined ? null : errcode & 255;
    if (primary === sqlite.corrupt || primary === sqlite.notADatabase) throw damaged(path, message);
    const what = whatTheMachineLacks[primary ?? -1] ?? (code ? 'it must be a file that you can read and write' : null);
    if (what === null) throw error;
    throw new MachineError(`openStoreFile: ${what}, got "${message}" (${path}).`, { cause: error });
  }
}

const sqlite = { busy: 5, locked: 6, readOnly: 8, io: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 };

const whatTheMachineLacks: Readonly<Record<number, string>> = {
  [sqlite.busy]: 'another process must not hold the file of replies for more than half a minute',
  [sqlite.locked]: 'another process must not hold the file of replies for more than half a minute',
  [sqlite.readOnly]: 'the file of replies must be writable, with its folder',
  [sqlite.io]: 'the disk must read and write the file of replies',
  [sqlite.full]: 'the disk must have room for the file of replies',
  [sqlite.cannotOpen]: 'the file of replies must be a file that you can read and write',
};
