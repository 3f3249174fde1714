import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Cell, frameOf, frameParquet } from '../../../src/analysis/frame';

/** What another program would read: names with types, and the rows. */
async function read(bytes: Uint8Array) {
  const { parquetMetadata, parquetReadObjects } = await import('hyparquet');
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const [, ...schema] = parquetMetadata(file).schema;
  return {
    rows: (await parquetReadObjects({ file })) as Record<string, Cell>[],
    types: Object.fromEntries(schema.map(({ name, type, converted_type }) => [name, converted_type ?? type])),
    nullable: schema.every(({ repetition_type }) => repetition_type === 'OPTIONAL'),
  };
}

test('a frame comes back from Parquet with its types, its digits and its gaps', async () => {
  const columns = {
    arm: ['mst', '', null, 'a,"b"\r\n\u0000 😀 é'],
    topics: [0, -2_147_483_648, null, 2_147_483_647],
    nats: [0.1 + 0.2, -1e-300, null, 2 ** 53 + 2],
    trained: [true, false, null, true],
    never: [null, null, null, null],
  };
  const { rows, types, nullable } = await read(await frameParquet(frameOf(columns)));
  expect(types).toEqual({ arm: 'UTF8', topics: 'INT32', nats: 'DOUBLE', trained: 'BOOLEAN', never: 'UTF8' });
  expect(nullable).toBe(true);
  const expected = columns.arm.map((_, at) =>
    Object.fromEntries(Object.entries(columns).map(([name, cells]) => [name, cells[at]])),
  );
  expect(rows).toEqual(expected);
});

test('whole numbers past 32 bits keep their value', async () => {
  const { rows, types } = await read(await frameParquet(frameOf({ tokens: [2 ** 31, 2 ** 53, -(2 ** 40)] })));
  expect(types.tokens).toBe('DOUBLE');
  expect(rows.map(({ tokens }) => tokens)).toEqual([2 ** 31, 2 ** 53, -(2 ** 40)]);
});

test('a frame without rows is a file with its columns', async () => {
  const { rows, types } = await read(await frameParquet(frameOf({ arm: [], nats: [] })));
  expect(rows).toEqual([]);
  expect(Object.keys(types)).toEqual(['arm', 'nats']);
});

test('any text and any finite number read back as they were', async () => {
  const text = fc.option(fc.string({ unit: 'binary' }));
  const number = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, number), { minLength: 1, maxLength: 40 }), async (cells) => {
      const frame = frameOf({ text: cells.map(([one]) => one), number: cells.map(([, one]) => one) });
      const { rows } = await read(await frameParquet(frame));
      expect(rows.map(({ text: one }) => one)).toEqual(cells.map(([one]) => one));
      // −0 and 0 are one number here, as in CSV and JSON.
      expect(rows.map(({ number: one }) => (one === null ? null : Number(one) + 0))).toEqual(
        cells.map(([, one]) => (one === null ? null : one + 0)),
      );
    }),
    { seed: 3, numRuns: 25 },
  );
});
