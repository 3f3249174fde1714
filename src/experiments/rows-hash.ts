import { contentHash, sha256 } from '../core';

/** Content address of named token rows. */
export function idsHash(
  rows: readonly { readonly id: string; readonly ids: Int32Array; readonly promptLength?: number }[],
): string {
  return contentHash(
    rows.map(({ id, ids, promptLength }) => [
      id,
      sha256(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength)),
      promptLength ?? null,
    ]),
  );
}
