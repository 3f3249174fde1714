import type { DataFrame } from 'danfojs-node';
import type { Cell } from './frame-of';

type ParquetType = 'BOOLEAN' | 'INT32' | 'DOUBLE' | 'STRING';

/**
 * A frame as a Parquet file (Snappy, one row group up to the writer's limit). Columns are BOOLEAN, INT32 (whole numbers of 32 bits),
 * DOUBLE (any other number: all digits are kept) or STRING, every one nullable; a missing cell is null, an empty text is not. A
 * column that is missing throughout is STRING. Text is UTF-8: half of a surrogate pair becomes U+FFFD.
 */
export async function frameParquet(frame: DataFrame): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const rows = frame.values as Cell[][];
  const columnData = (frame.columns as string[]).map((name, at) => {
    const cells = rows.map((row) => row[at]);
    return { name, data: cells, type: typeOf(cells), nullable: true };
  });
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'mstlab' }));
}

function typeOf(cells: readonly Cell[]): ParquetType {
  const present = cells.filter((cell) => cell !== null);
  if (present.length === 0 || typeof present[0] === 'string') return 'STRING';
  if (typeof present[0] === 'boolean') return 'BOOLEAN';
  return present.every((cell) => cell === ((cell as number) | 0)) ? 'INT32' : 'DOUBLE';
}
