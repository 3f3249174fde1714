import {
  add,
  barrier,
  concat,
  div,
  mul,
  pad,
  reshape,
  slice,
  sqrt,
  square,
  type Value,
  variable,
  where,
} from '../compute/graph';
import { type AdamWConfig, type AdamWStep, adamWInputs, moved } from './adamw';
import { BLOCK, type DynamicCodec, dynamicCodec, type Encoded } from './dynamic-map';
import type { StateVariable } from './optimiser';

/** Tensors with fewer elements keep f32 moments. Source: bitsandbytes, `min_8bit_size`. */
const LEAST_SIZE = 4096;

/**
 * Blocks that are decoded, updated and encoded together, one group after the other: 2^19 values. That bounds the f32
 * temporaries, which would else take more than 8 bits save; smaller groups are not faster.
 */
const GROUP_BLOCKS = 2048;

export const MOMENTS_8BIT = {
  firstCodes: 'adamw8bit.m.codes',
  firstAbsmax: 'adamw8bit.m.absmax',
  secondCodes: 'adamw8bit.v.codes',
  secondAbsmax: 'adamw8bit.v.absmax',
  smallFirst: 'adamw8bit.m.f32',
  smallSecond: 'adamw8bit.v.f32',
} as const;

/** Neighbours in the flat vector whose moments are kept in one way; no tensor but the last ends within a block. */
interface Run {
  readonly offset: number;
  readonly size: number;
  /** Blocks in 8 bits, zeros filling the last one; 0: moments in f32. */
  readonly blocks: number;
}

/** The runs of a flat vector whose tensors have these sizes: every tensor in 8 bits begins a block of its own. */
function runsOf(sizes: readonly number[]): Run[] {
  const runs: Run[] = [];
  let offset = 0;
  for (const size of sizes) {
    const blocks = size < LEAST_SIZE ? 0 : Math.ceil(size / BLOCK);
    const last = runs.at(-1);
    const joins = last && (blocks === 0 ? last.blocks === 0 : last.blocks > 0 && last.size % BLOCK === 0);
    if (joins) runs[runs.length - 1] = { offset: last.offset, size: last.size + size, blocks: last.blocks + blocks };
    else runs.push({ offset, size, blocks });
    offset += size;
  }
  return runs;
}

/** Blocks in 8 bits, and elements with f32 moments, of all runs. */
function totals(runs: readonly Run[]): { blocks: number; small: number } {
  const blocks = runs.reduce((total, run) => total + run.blocks, 0);
  return { blocks, small: runs.reduce((total, run) => total + (run.blocks === 0 ? run.size : 0), 0) };
}

/** The variables that hold the moments of tensors of these sizes, all zero at the start. */
export function adamW8bitState(sizes: readonly number[]): StateVariable[] {
  const { blocks, small } = totals(runsOf(sizes));
  const [codes, absmax] = [
    [blocks, BLOCK],
    [blocks, 1],
  ];
  const names = MOMENTS_8BIT;
  return [
    ...(blocks === 0
      ? []
      : ([
          // The code of zero: 127 on the signed map, 0 on the unsigned one.
          { name: names.firstCodes, shape: codes, dtype: 'u8', start: 127 },
          { name: names.firstAbsmax, shape: absmax, dtype: 'f32', start: 0 },
          { name: names.secondCodes, shape: codes, dtype: 'u8', start: 0 },
          { name: names.secondAbsmax, shape: absmax, dtype: 'f32', start: 0 },
        ] as const)),
    ...(small === 0
      ? []
      : ([
          { name: names.smallFirst, shape: [small], dtype: 'f32', start: 0 },
          { name: names.smallSecond, shape: [small], dtype: 'f32', start: 0 },
        ] as const)),
  ];
}

/**
 * `adamWStep` with moments in 8 bits. `parameters` and `gradient` f32 [P] are tensors of `sizes` laid end to end; each tensor
 * of 4,096 elements or more keeps a byte for either moment of an element and an f32 scale for 256 of them, in blocks that no
 * other tensor shares; smaller ones keep f32. Each step decodes, updates and encodes again; the parameters move by the moments
 * before they are encoded. A coordinate that never had a gradient never moves (but for decay).
 * p ← p - lr·decay·p - lr·(c2/c1)·m/(√v + ε·c2), c1 = 1-β1^t, c2 = √(1-β2^t).
 * Source: Dettmers et al. 2022, arXiv:2110.02861; bitsandbytes, AdamW8bit.
 */
export function adamW8bitStep(
  parameters: Value,
  gradient: Value,
  config: AdamWConfig,
  sizes: readonly number[],
): AdamWStep {
  const runs = runsOf(sizes);
  const { blocks } = totals(runs);
  const inputs = adamWInputs(gradient, config);
  // Codes are found by index: none may come from a NaN, even where the result is thrown away.
  const finiteGradient = where(inputs.finite, gradient, 0);
  const update: Update = { ...config, ...inputs, clip: where(inputs.finite, inputs.clip, 0) };
  const state = new Map(
    adamW8bitState(sizes).map(({ name, shape, dtype }) => [name, variable(name, shape, dtype)] as const),
  );
  const next = new Map<string, Value>();
  const cut = (run: Run): Value => {
    const piece = slice(finiteGradient, [run.offset], [run.size]);
    const filler = run.blocks * BLOCK - run.size;
    return filler > 0 ? pad(piece, [[0, filler]]) : piece;
  };
  const lanes = { small: runs.filter((run) => run.blocks === 0), large: runs.filter((run) => run.blocks > 0) };
  const moves: { small?: Value; large?: Value } = {};
  if (lanes.small.length > 0) {
    const [m, v] = [state.get(MOMENTS_8BIT.smallFirst)!, state.get(MOMENTS_8BIT.smallSecond)!];
    const g = concat(lanes.small.map(cut), 0);
    const moments = nextMoments(update, g, mul(m, config.beta1), mul(v, config.beta2));
    moves.small = moments.move;
    next.set(MOMENTS_8BIT.smallFirst, moments.m).set(MOMENTS_8BIT.smallSecond, moments.v);
  }
  if (lanes.large.length > 0) {
    const result = blockwise(update, reshape(concat(lanes.large.map(cut), 0), [blocks, BLOCK]), state);
    moves.large = reshape(result.moves, [blocks * BLOCK]);
    for (const [name, value] of result.next) next.set(name, value);
  }
  const done = { small: 0, large: 0 };
  const inOrder = runs.map((run) => {
    const lane = run.blocks === 0 ? 'small' : 'large';
    const piece = slice(moves[lane]!, [done[lane]], [run.size]);
    done[lane] += run.blocks === 0 ? run.size : run.blocks * BLOCK;
    return piece;
  });
  const { finite, gradNorm } = inputs;
  return {
    updates: [
      { variable: parameters, value: moved(parameters, concat(inOrder, 0), inputs, config) },
      ...[...next].map(([name, value]) => {
        const target = state.get(name)!;
        return { variable: target, value: where(finite, value, target) };
      }),
    ],
    gradNorm,
    finite,
  };
}

type Update = AdamWConfig & ReturnType<typeof adamWInputs>;

/** The new moments from the old ones (already times β) and how far the parameters move: all in the shape of g. */
function nextMoments(update: Update, g: Value, oldM: Value, oldV: Value): { m: Value; v: Value; move: Value } {
  const { beta1, beta2, epsilon, clip, learningRate, c1, c2 } = update;
  const m = add(oldM, mul(g, mul(clip, 1 - beta1)));
  const v = add(oldV, square(mul(g, mul(clip, Math.sqrt(1 - beta2)))));
  const root2 = sqrt(c2);
  const move = mul(div(m, add(sqrt(v), mul(root2, epsilon))), div(mul(learningRate, root2), c1));
  return { m, v, move };
}

/** One step on gradients g f32 [blocks,256], group after group. */
function blockwise(
  update: Update,
  g: Value,
  state: ReadonlyMap<string, Value>,
): { moves: Value; next: Map<string, Value> } {
  const codecs = { first: dynamicCodec(true), second: dynamicCodec(false) };
  const groups: { move: Value; m: Encoded; v: Encoded }[] = [];
  const total = g.shape[0];
  for (let begin = 0; begin < total; begin += GROUP_BLOCKS) {
    const count = Math.min(GROUP_BLOCKS, total - begin);
    const before = groups.at(-1)?.v.codes;
    const rows = (x: Value): Value => {
      const cut = slice(x, [begin, 0], [count, x.shape[1]]);
      return before ? barrier(cut, before) : cut;
    };
    const old = (codec: DynamicCodec, codes: string, absmax: string, beta: number): Value =>
      codec.decode({ codes: rows(state.get(codes)!), absmax: rows(state.get(absmax)!) }, beta);
    const oldM = old(codecs.first, MOMENTS_8BIT.firstCodes, MOMENTS_8BIT.firstAbsmax, update.beta1);
    const oldV = old(codecs.second, MOMENTS_8BIT.secondCodes, MOMENTS_8BIT.secondAbsmax, update.beta2);
    const { m, v, move } = nextMoments(update, rows(g), oldM, oldV);
    groups.push({ move, m: codecs.first.encode(m), v: codecs.second.encode(v) });
  }
  const joined = (of: (group: (typeof groups)[number]) => Value): Value => concat(groups.map(of), 0);
  return {
    moves: joined(({ move }) => move),
    next: new Map([
      [MOMENTS_8BIT.firstCodes, joined(({ m }) => m.codes)],
      [MOMENTS_8BIT.firstAbsmax, joined(({ m }) => m.absmax)],
      [MOMENTS_8BIT.secondCodes, joined(({ v }) => v.codes)],
      [MOMENTS_8BIT.secondAbsmax, joined(({ v }) => v.absmax)],
    ]),
  };
}
