import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Keys for tests, joined here so that no file of the project holds one. */
export const plantedKey = ['sk', 'ant', 'api03', 'PlantedInTests_x7Qf2Lm9Zt4Rw-8Kd1Vb6Nc3Hy5_JgPsUeTo'].join('-');
export const filedKey = ['gw', 'FiledInTests4hTq8Wz1Xc6Vb3Nm9Lk2Jg7'].join('-');
export const lateKey = ['gw', 'SetLater5pOi2Uy8Tr4Ew1Qa7Sd3Fg9Hj6'].join('-');

/** Ten characters in a row of a key tell too much; its first ten do not, as every key begins so. */
const pieceLength = 10;

/** The pieces of a key that a text holds, plain or in base64 or hexadecimal. */
export function piecesIn(text: string, key: string): string[] {
  const found: string[] = [];
  for (let from = 3; from + pieceLength <= key.length; from++) {
    const piece = key.slice(from, from + pieceLength);
    if (piece.startsWith('-ant-api03')) continue;
    if (text.includes(piece)) found.push(piece);
  }
  const bytes = Buffer.from(key);
  if (text.includes(bytes.toString('hex'))) found.push('in hexadecimal');
  for (const before of [0, 1, 2]) {
    const coded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(4, -4);
    if (text.includes(coded)) found.push('in base64');
  }
  return found;
}

/** All files below a folder. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile());
}

/** Which files hold a piece of a key, with the piece. */
export function filesWith(paths: readonly string[], key: string): { path: string; pieces: string[] }[] {
  return paths
    .map((path) => ({ path, pieces: piecesIn(readFileSync(path, 'latin1'), key) }))
    .filter(({ pieces }) => pieces.length > 0);
}
