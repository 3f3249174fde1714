/** Entropy of a list of names in nats: −Σ p ln p over its counts. */
export function entropyNats(names: readonly string[]): number {
  let sum = 0;
  for (const count of countsOf(names).values()) sum -= (count / names.length) * Math.log(count / names.length);
  // Not -0 for a single name.
  return Math.max(0, sum);
}

/**
 * Mutual information of two lists of names of one length, in nats, from their counts: Σ p(a,b) ln(p(a,b) / p(a)p(b)). It is 0 if the
 * lists are independent as counted and the entropy of one if that follows from the other.
 */
export function mutualInformationNats(left: readonly string[], right: readonly string[]): number {
  const total = left.length;
  const [a, b] = [countsOf(left), countsOf(right)];
  const both = countsOf(left.map((name, at) => JSON.stringify([name, right[at]])));
  let sum = 0;
  for (const [key, count] of both) {
    const [name, other] = JSON.parse(key) as [string, string];
    sum += (count / total) * Math.log((count * total) / (a.get(name)! * b.get(other)!));
  }
  return Math.max(0, sum);
}

/**
 * Mean mutual information, in nats, of two lists if the order of one is random: what a label without any information shows, since
 * counts never agree exactly. The mean is exact, over the hypergeometric counts of every cell.
 * Source: Vinh, Epps and Bailey 2010, JMLR 11, section 3 (the "expected mutual information").
 */
export function expectedMutualInformationNats(left: readonly string[], right: readonly string[]): number {
  const total = left.length;
  const logFactorial = new Float64Array(total + 1);
  for (let n = 2; n <= total; n++) logFactorial[n] = logFactorial[n - 1] + Math.log(n);
  let sum = 0;
  for (const a of countsOf(left).values())
    for (const b of countsOf(right).values())
      for (let n = Math.max(1, a + b - total); n <= Math.min(a, b); n++) {
        const logProbability =
          logFactorial[a] +
          logFactorial[b] +
          logFactorial[total - a] +
          logFactorial[total - b] -
          logFactorial[total] -
          logFactorial[n] -
          logFactorial[a - n] -
          logFactorial[b - n] -
          logFactorial[total - a - b + n];
        sum += (n / total) * Math.log((total * n) / (a * b)) * Math.exp(logProbability);
      }
  return Math.max(0, sum);
}

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
