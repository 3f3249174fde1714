import { describe, expect, test } from 'vitest';
import * as g from '../../../src/compute/graph';
import { ShapeError } from '../../../src/core';

const x = (...shape: number[]) => g.input('x', shape, 'f32');
const half = (...shape: number[]) => g.input('half', shape, 'bf16');
const ids = (...shape: number[]) => g.input('ids', shape, 'i32');

const REFUSED: readonly [string, () => unknown, string][] = [
  [
    'add of shapes that do not broadcast',
    () => g.add(x(2, 3), x(2)),
    'add: shapes must broadcast (equal or 1 on each axis, aligned right), got f32[2,3] and f32[2]. Reshape one of them.',
  ],
  [
    'add of two dtypes',
    () => g.add(x(2), half(2)),
    'add: dtypes must agree, got f32[2] and bf16[2]. Cast one of them.',
  ],
  ['add of two numbers', () => g.add(1, 2), 'add: one operand must be a value, got 1 and 2. Compute it in TypeScript.'],
  [
    'div of integers',
    () => g.div(ids(2), ids(2)),
    'div: the dividend must be f32 or bf16, got i32[2]. Cast to a float first.',
  ],
  ['exp of integers', () => g.exp(ids(2)), 'exp: x must be f32 or bf16, got i32[2]. Cast it first.'],
  [
    'where on a number',
    () => g.where(x(2), x(2), x(2)),
    'where: the condition must be bool, got f32[2]. Make it with a comparison.',
  ],
  [
    'matmul of unlike inner dimensions',
    () => g.matmul(x(2, 3), x(2, 5)),
    'matmul: inner dimensions must agree, got f32[2,3] · f32[2,5]. Check the transposes.',
  ],
  [
    'matmul with a transpose that does not help',
    () => g.matmul(x(2, 3), x(2, 5), { transposeB: true }),
    'matmul: inner dimensions must agree, got f32[2,3] · f32[2,5]ᵀ. Check the transposes.',
  ],
  [
    'matmul of unlike batches',
    () => g.matmul(x(2, 3, 4), x(5, 4, 6)),
    'matmul: leading dimensions must be equal, or b of rank 2, got f32[2,3,4] · f32[5,4,6]. Broadcast or fold the batch axes first.',
  ],
  [
    'matmul with a batched aᵀ and one b',
    () => g.matmul(x(2, 3, 4), x(3, 5), { transposeA: true }),
    'matmul: a batched a cannot be transposed against a rank-2 b, got f32[2,3,4]ᵀ · f32[3,5]. Swap the operands.',
  ],
  [
    'matmul of f32 and bf16',
    () => g.matmul(x(2, 3), half(3, 4)),
    'matmul: dtypes must agree, got f32[2,3] and bf16[3,4]. Cast one of them.',
  ],
  [
    'matmul of a vector',
    () => g.matmul(x(3), x(3, 4)),
    'matmul: both ranks must be 2 or more, got f32[3] · f32[3,4]. Reshape first.',
  ],
  [
    'reshape to another size',
    () => g.reshape(x(2, 3), [4]),
    'reshape: the element count must stay, got f32[2,3] to [4]. Check the dimensions.',
  ],
  [
    'reshape with a −1 that does not come out even',
    () => g.reshape(x(2, 3), [4, -1]),
    'reshape: the element count must stay, got f32[2,3] to [4,1.5]. Check the dimensions.',
  ],
  [
    'transpose with an axis named twice',
    () => g.transpose(x(2, 3), [0, 0]),
    'transpose: perm must name each axis once, got [0,0] for f32[2,3]. Permute 0 to 1.',
  ],
  [
    'slice past the end',
    () => g.slice(x(4), [3], [2]),
    'slice: begin and size must lie inside x, got begin [3] size [2] of f32[4]. Clip them.',
  ],
  [
    'concat of unlike values',
    () => g.concat([x(2, 3), x(3, 3)], 1),
    'concat: all axes but 1 must agree, got f32[2,3] and f32[3,3]. Pad or slice one.',
  ],
  ['concat of nothing', () => g.concat([], 0), 'concat: there must be at least one value, got none. Skip the concat.'],
  [
    'broadcastTo of an axis that is not 1',
    () => g.broadcastTo(x(2), [2, 3]),
    'broadcastTo: each axis of x must be 1 or that of the target, got f32[2] to [2,3]. Reshape x first.',
  ],
  [
    'sum over an axis out of range',
    () => g.sum(x(2, 3), 2),
    'sum: axes must be distinct and within -2 to 1, got [2] for f32[2,3]. Check them.',
  ],
  [
    'sum over one axis named twice',
    () => g.sum(x(2, 3), [1, -1]),
    'sum: axes must be distinct and within -2 to 1, got [1,-1] for f32[2,3]. Check them.',
  ],
  ['gather by floats', () => g.gather(x(3, 2), x(4)), 'gather: indices must be i32, got f32[4]. Cast them to i32.'],
  [
    'topK of more than there are',
    () => g.topK(x(2, 3), 4),
    'topK: k must be an integer from 1 to the last axis, got k = 4 for f32[2,3]. Lower k.',
  ],
  [
    'crossEntropy in bf16',
    () => g.crossEntropy(half(2, 5), ids(2)),
    'crossEntropy: logits must be f32[N,V] and targets i32[N], got bf16[2,5] and i32[2]. Cast or reshape.',
  ],
  [
    'rmsNorm with a gain of another width',
    () => g.rmsNorm(x(2, 5), x(4), 1e-5),
    'rmsNorm: gain must be [D] with D the last axis of x, got f32[2,5] and f32[4]. Check the gain.',
  ],
  [
    'randomUniform with one seed',
    () => g.randomUniform(ids(1), [3]),
    'randomUniform: the seed must be i32[2], got i32[1]. Feed two integers.',
  ],
  [
    'updateRows of something else than a variable',
    () => g.updateRows(x(4, 2), ids(1), x(1, 2)),
    'updateRows: the target must be a variable, got input. Pass variable(...).',
  ],
  [
    'updateRows with rows of another width',
    () => g.updateRows(g.variable('cache', [4, 2], 'f32'), ids(1), x(1, 3)),
    'updateRows: index must be i32[n] and rows [n, ...] like the variable after axis 0, got f32[4,2], index i32[1], rows f32[1,3]. Reshape the rows.',
  ],
  [
    'an input of unknown size',
    () => g.input('x', [-1, 3], 'f32'),
    'input: dimensions must be integers ≥ 0, known when the graph is made, got f32[-1,3]. Give static sizes.',
  ],
];

describe('a wrong shape or dtype is refused when the value is made', () => {
  test.each(REFUSED)('%s', (_title, build, message) => {
    expect(build).toThrow(new ShapeError(message));
  });
});
