/**
 * P(Z ≤ x) for a standard normal Z, with a relative error below 1e-12 for |x| ≤ 35: a Taylor series of erf for small
 * |x| and a continued fraction of the tail (Abramowitz and Stegun 26.2.14) beyond.
 */
export function normalCdf(x: number): number {
  const size = Math.abs(x);
  const density = Math.exp(-0.5 * size * size) / Math.sqrt(2 * Math.PI);
  if (size < 3.5) {
    let term = size;
    let sum = size;
    for (let k = 1; Math.abs(term) > 1e-18 * sum && k < 200; k++) {
      term *= (size * size) / (2 * k + 1);
      sum += term;
    }
    const half = density * sum;
    return x >= 0 ? 0.5 + half : 0.5 - half;
  }
  let fraction = size;
  for (let k = 80; k >= 1; k--) fraction = size + k / fraction;
  const tail = density / fraction;
  return x >= 0 ? 1 - tail : tail;
}

/**
 * The x with normalCdf(x) = p, for 0 < p < 1: a rational start (Abramowitz and Stegun 26.2.23) and three of Halley's
 * steps. Throws RangeError outside.
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`normalQuantile: p must lie between 0 and 1, got ${p}.`);
  if (p === 0.5) return 0;
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let x = -(
    t -
    (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t)
  );
  for (let step = 0; step < 3; step++) {
    const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
    const newton = (normalCdf(x) - p) / density;
    x -= newton / (1 + 0.5 * x * newton);
  }
  return x;
}

/** P(T ≤ x) for Student's t with `freedom` degrees, through the regularised incomplete beta function. */
export function studentCdf(x: number, freedom: number): number {
  const tail = 0.5 * incompleteBeta(freedom / (freedom + x * x), freedom / 2, 0.5);
  return x >= 0 ? 1 - tail : tail;
}

/** The x with studentCdf(x, freedom) = p, for 0 < p < 1, by bisection to the last bits. */
export function studentQuantile(p: number, freedom: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`studentQuantile: p must lie between 0 and 1, got ${p}.`);
  if (p === 0.5) return 0;
  if (p > 0.5) return -studentQuantile(1 - p, freedom);
  let [low, high] = [-1, 0];
  while (studentCdf(low, freedom) > p) low *= 2;
  for (let step = 0; step < 200 && high - low > 1e-15 * Math.abs(low); step++) {
    const middle = (low + high) / 2;
    if (studentCdf(middle, freedom) > p) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** log Γ(x) for x > 0: Stirling's series after shifting x to 10 or more. */
export function logGamma(x: number): number {
  let shift = 0;
  while (x < 10) shift += Math.log(x++);
  const r = 1 / (x * x);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188))))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/** Regularised incomplete beta I_x(a, b), by its continued fraction (Abramowitz and Stegun 26.5.8), Lentz's way. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const tiny = 1e-300;
  const guarded = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / guarded(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guarded(1 + even * d);
    c = guarded(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guarded(1 + odd * d);
    c = guarded(1 + odd / c);
    const change = d * c;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  const front = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  return (Math.exp(front) * fraction) / a;
}
