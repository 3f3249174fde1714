export type CurveName = 'line' | 'logistic' | 'step' | 'bent line';
export type CurveKind = 'smooth' | 'segmented';

export const curveKind: Readonly<Record<CurveName, CurveKind>> = {
  line: 'smooth',
  logistic: 'smooth',
  step: 'segmented',
  'bent line': 'segmented',
};

/** One curve up to its linear coefficients: orthonormal columns over the labels, besides the constant. */
export interface CurveShape {
  readonly name: CurveName;
  readonly columns: readonly (readonly number[])[];
  /** Where it changes: the middle of a step or of a logistic rise, the knot of a bent line; null for a line. */
  readonly at: number | null;
  /** Labels over which a logistic goes from 10% to 90% of its rise; null for others. */
  readonly width: number | null;
}

export interface CurveFit {
  readonly shape: CurveShape;
  /** Sum of squared distances. */
  readonly squares: number;
}

const widths = 8;
const middles = 41;

/**
 * All curves that are tried over labels in ascending order: the line; logistic rises a + b/(1 + exp(−(x − c)/s)) with
 * c on 41 places over the range and 10-to-90% widths 4.39·s from two median gaps to twice the range, in 8 equal
 * ratios; a step between any two neighbours; a line bent at any inner label. A logistic narrower than two gaps is a
 * step to these labels.
 */
export function curveShapes(percents: readonly number[]): CurveShape[] {
  const [first, last] = [percents[0], percents[percents.length - 1]];
  const range = last - first;
  const gaps = percents.slice(1).map((percent, at) => percent - percents[at]);
  const gap = [...gaps].sort((a, b) => a - b)[gaps.length >> 1];
  const shapes: (CurveShape | null)[] = [shapeOf('line', [percents], null, null)];
  const narrowest = Math.min(2 * gap, range);
  for (let w = 0; w < widths; w++) {
    const width = narrowest * ((2 * range) / narrowest) ** (w / (widths - 1));
    const s = width / (2 * Math.log(9));
    for (let m = 0; m < middles; m++) {
      const c = first + (range * m) / (middles - 1);
      shapes.push(shapeOf('logistic', [percents.map((x) => 1 / (1 + Math.exp(-(x - c) / s)))], c, width));
    }
  }
  for (let cut = 1; cut < percents.length; cut++) {
    const at = (percents[cut - 1] + percents[cut]) / 2;
    shapes.push(shapeOf('step', [percents.map((x) => (x > at ? 1 : 0))], at, null));
  }
  for (const at of percents.slice(1, -1))
    shapes.push(shapeOf('bent line', [percents, percents.map((x) => Math.max(0, x - at))], at, null));
  return shapes.filter((shape) => shape !== null);
}

function shapeOf(
  name: CurveName,
  columns: readonly (readonly number[])[],
  at: number | null,
  width: number | null,
): CurveShape | null {
  const done: number[][] = [];
  for (const column of columns) {
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
    let rest = column.map((value) => value - mean);
    const before = Math.sqrt(dot(rest, rest));
    for (const other of done) {
      const share = dot(rest, other);
      rest = rest.map((value, i) => value - share * other[i]);
    }
    const size = Math.sqrt(dot(rest, rest));
    if (!(size > 1e-9 * before)) return null;
    done.push(rest.map((value) => value / size));
  }
  return { name, columns: done, at, width };
}

/** The closest curve of each name to a curve in least squares; the constant is free. */
export function closestCurves(curve: readonly number[], shapes: readonly CurveShape[]): Map<CurveName, CurveFit> {
  const mean = curve.reduce((sum, value) => sum + value, 0) / curve.length;
  const centred = curve.map((value) => value - mean);
  const all = dot(centred, centred);
  const best = new Map<CurveName, CurveFit>();
  for (const shape of shapes) {
    let squares = all;
    for (const column of shape.columns) squares -= dot(centred, column) ** 2;
    const known = best.get(shape.name);
    if (!known || squares < known.squares) best.set(shape.name, { shape, squares: Math.max(0, squares) });
  }
  return best;
}

/** The values of a shape fitted to a curve. */
export function fittedCurve(curve: readonly number[], { columns }: CurveShape): number[] {
  const mean = curve.reduce((sum, value) => sum + value, 0) / curve.length;
  const shares = columns.map((column) => dot(curve, column));
  return curve.map((_, at) => mean + columns.reduce((sum, column, i) => sum + shares[i] * column[at], 0));
}

/** The closest of one kind. */
export function closestOfKind(fits: ReadonlyMap<CurveName, CurveFit>, kind: CurveKind): CurveFit {
  const own = [...fits.values()].filter(({ shape }) => curveKind[shape.name] === kind);
  return own.reduce((a, b) => (b.squares < a.squares ? b : a));
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
