import type { Cell } from './frame-of';

/** What a missing cell shows. */
export const missingText = '–';

/**
 * A function that writes the cells of one column alike: integers whole, other numbers with one count of decimals for
 * the whole column (three significant digits at the column's typical size, 0 to 6 decimals), text as it is.
 * A number too small for that, or from 1e9 up, is written with an exponent.
 */
export function cellWriter(cells: readonly Cell[]): (cell: Cell) => string {
  const sizes = cells
    .filter((cell): cell is number => typeof cell === 'number' && cell !== 0)
    .map((cell) => Math.abs(cell))
    .sort((a, b) => a - b);
  const whole = sizes.every((size) => Number.isInteger(size));
  const typical = sizes.length > 0 ? sizes[Math.floor((sizes.length - 1) / 2)] : 1;
  const decimals = whole ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(typical))));
  return (cell) => {
    if (cell === null) return missingText;
    if (typeof cell !== 'number') return String(cell);
    const size = Math.abs(cell);
    if (size >= 1e9 || (size > 0 && !whole && size < 0.5 * 10 ** -decimals)) return cell.toExponential(2);
    const text = cell.toFixed(decimals);
    return /^-0\.?0*$/.test(text) ? text.slice(1) : text;
  };
}
