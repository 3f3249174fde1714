/** Pearson correlation; null if either side is constant or there are fewer than 2 pairs. */
export function pearson(a: readonly number[], b: readonly number[]): number | null {
  const n = a.length;
  const meanA = a.reduce((sum, x) => sum + x, 0) / n;
  const meanB = b.reduce((sum, x) => sum + x, 0) / n;
  let both = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (let i = 0; i < n; i++) {
    both += (a[i] - meanA) * (b[i] - meanB);
    squaresA += (a[i] - meanA) ** 2;
    squaresB += (b[i] - meanB) ** 2;
  }
  return n < 2 || squaresA === 0 || squaresB === 0 ? null : both / Math.sqrt(squaresA * squaresB);
}

/** Area under the ROC curve: P(a positive scores above a negative), ties half. Null if either side is empty. */
export function areaUnderRoc(positives: readonly number[], negatives: readonly number[]): number | null {
  if (positives.length === 0 || negatives.length === 0) return null;
  let wins = 0;
  for (const p of positives) for (const n of negatives) wins += p > n ? 1 : p === n ? 0.5 : 0;
  return wins / (positives.length * negatives.length);
}

/**
 * The score that best parts lower from upper: the cut with the largest balanced accuracy (mean of the shares of each
 * side that fall on their side; Youden 1950), halfway between the two scores next to it; the middle one of equal cuts.
 * Throws RangeError if a side is empty.
 */
export function bestCut(lower: readonly number[], upper: readonly number[]): { cut: number; balancedAccuracy: number } {
  if (lower.length === 0 || upper.length === 0) throw new RangeError('bestCut: both sides must hold scores.');
  const scores = [...new Set([...lower, ...upper])].sort((a, b) => a - b);
  const cuts = scores.slice(1).map((score, i) => (score + scores[i]) / 2);
  if (cuts.length === 0) cuts.push(scores[0]);
  const rated = cuts.map((cut) => ({
    cut,
    balancedAccuracy:
      (lower.filter((s) => s < cut).length / lower.length + upper.filter((s) => s >= cut).length / upper.length) / 2,
  }));
  const best = Math.max(...rated.map((item) => item.balancedAccuracy));
  const equal = rated.filter((item) => item.balancedAccuracy === best);
  return equal[Math.floor((equal.length - 1) / 2)];
}
