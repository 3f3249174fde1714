import type { DataFrame } from 'danfojs-node';
import { loadAddon } from '../../compute/backends/tensorflow';
import { ConfigError, DataError } from '../../core';

export type Cell = number | string | boolean | null;
/** Column name → its cells; every column as long as the others. */
export type Columns = Readonly<Record<string, readonly Cell[]>>;

type Dtype = 'int32' | 'float32' | 'string' | 'boolean';

/**
 * A danfo DataFrame from columns. The dtype of a column is decided over all of its rows (danfo looks at the first 20)
 * and a missing cell stays null. Cells keep their float64 value; danfo's own arithmetic would be float32, so numbers
 * are computed before they come here. The first call loads danfo and TensorFlow.
 * Throws ConfigError for a name that is not snake_case or hides a member of DataFrame, DataError for columns of
 * unequal length, a column of mixed types, NaN, infinities and undefined, MachineError when TensorFlow does not load.
 */
export function frameOf(columns: Columns): DataFrame {
  const names = Object.keys(columns);
  const problems = names
    .filter((name) => !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name))
    .map((name) => JSON.stringify(name));
  if (problems.length > 0)
    throw new ConfigError(
      `frameOf: column names must be snake_case, got ${problems.join(', ')}. Rename them, for example magnitude_0_to_10.`,
    );
  const danfo = loadDanfo();
  // danfo defines one property per column on the frame, which would hide its own member of that name.
  const hiding = names.filter((name) => name in danfo.DataFrame.prototype);
  if (hiding.length > 0)
    throw new ConfigError(
      `frameOf: a column must not carry the name of a DataFrame member, got ${hiding.join(', ')}. Add a word, for example ${hiding[0]}_value.`,
    );
  if (names.length === 0) throw new ConfigError('frameOf: a frame needs at least 1 column, got 0. Name one.');
  const rows = columns[names[0]].length;
  for (const name of names)
    if (columns[name].length !== rows)
      throw new DataError(
        `frameOf: every column must have as many cells as ${names[0]} (${rows}), got ${columns[name].length} in ${name}. Write a missing cell as null.`,
      );
  const dtypes = names.map((name) => columnDtype(name, columns[name]));
  if (rows === 0) return new danfo.DataFrame([], { columns: names });
  const copied = Object.fromEntries(names.map((name) => [name, [...columns[name]]]));
  return new danfo.DataFrame(copied, { dtypes });
}

/** danfo brings TensorFlow.js up as it loads (about 1 s), so it waits for the first frame and for the settings of the addon. */
function loadDanfo(): typeof import('danfojs-node') {
  loadAddon();
  return require('danfojs-node');
}

/** The dtype that all non-missing cells of a column share. */
function columnDtype(name: string, cells: readonly Cell[]): Dtype {
  const where = `frameOf: column ${name}`;
  let kind: string | null = null;
  let integers = true;
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row];
    if (cell === null) continue;
    const type = typeof cell;
    if (type !== 'number' && type !== 'string' && type !== 'boolean')
      throw new DataError(`${where} must hold numbers, strings, booleans or null, got ${type} in row ${row}.`);
    if (kind !== null && kind !== type)
      throw new DataError(
        `${where} must hold one type, got ${type} in row ${row} after ${kind}. Convert the column to strings or split it.`,
      );
    kind = type;
    if (type === 'number') {
      if (!Number.isFinite(cell))
        throw new DataError(
          `${where} must hold finite numbers, got ${cell} in row ${row}. Write a missing value as null.`,
        );
      if ((cell as number) !== ((cell as number) | 0)) integers = false;
    }
  }
  if (kind === 'number') return integers ? 'int32' : 'float32';
  return kind === 'boolean' ? 'boolean' : 'string';
}
