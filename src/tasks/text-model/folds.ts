import { ConfigError } from '../../core';

/**
 * Assigns whole groups to folds of even size: groups from the largest down, each to the fold that holds the fewest rows.
 * Returns the fold of each row. Groups of one size keep their order of first appearance; ties go to the lower fold.
 * Throws ConfigError if there are fewer groups than folds.
 */
export function groupFolds(groups: readonly string[], folds: number): Int32Array {
  const sizes = new Map<string, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  if (sizes.size < folds || folds < 2)
    throw new ConfigError(
      `groupFolds: folds must be 2 to the number of groups, got ${folds} folds of ${sizes.size} groups. Take fewer folds.`,
    );
  const rowsInFold = new Array<number>(folds).fill(0);
  const foldOf = new Map<string, number>();
  for (const [group, size] of [...sizes].sort((a, b) => b[1] - a[1])) {
    const fold = rowsInFold.indexOf(Math.min(...rowsInFold));
    foldOf.set(group, fold);
    rowsInFold[fold] += size;
  }
  return Int32Array.from(groups, (group) => foldOf.get(group)!);
}
