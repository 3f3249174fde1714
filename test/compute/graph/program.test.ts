import { describe, expect, test } from 'vitest';
import * as g from '../../../src/compute/graph';
import { ShapeError } from '../../../src/core';
import { outputsOnly } from '../../support/run-values';

describe('printProgram', () => {
  test('names values by their place in the topological order, with shape, dtype and attributes', () => {
    const tokens = g.input('tokens', [2, 3], 'i32');
    const table = g.variable('embed', [7, 5], 'bf16');
    const step = g.variable('step', [], 'f32');
    const h = g.cast(g.gather(table, tokens), 'f32');
    const scores = g.matmul(h, h, { transposeB: true });
    const masked = g.where(g.constant([1, 0, 0], [3], 'bool'), scores, Number.NEGATIVE_INFINITY);
    const program: g.Program = {
      name: 'example',
      outputs: { weights: g.softmax(masked), norm: g.rmsNorm(h, g.constant(new Float32Array(5).fill(1), [5]), 1e-5) },
      updates: [{ variable: step, value: g.add(step, 1) }],
    };
    expect(g.printProgram(program)).toMatchInlineSnapshot(`
      "program example
        %0 bool[3] = constant data=[1,0,0]
        %1 bf16[7,5] = variable name="embed"
        %2 i32[2,3] = input name="tokens"
        %3 bf16[2,3,5] = gather %1 %2
        %4 f32[2,3,5] = cast %3
        %5 f32[2,3,3] = matmul %4 %4 transposeB
        %6 f32[] = fill value=-Infinity
        %7 f32[2,3,3] = where %0 %5 %6
        %8 f32[2,3,3] = softmax %7
        %9 f32[5] = constant data=[1,1,1,1,1]
        %10 f32[2,3,5] = rmsNorm %4 %9 eps=0.00001
        %11 f32[] = variable name="step"
        %12 f32[] = fill value=1
        %13 f32[] = add %11 %12
        output weights = %8
        output norm = %10
        update step = %13
      "
    `);
  });

  test('shows a long constant by its count and hash, so that other numbers give other text', () => {
    const print = (last: number) => {
      const data = Array.from({ length: 9 }, (_, i) => (i === 8 ? last : i));
      return g.printValues([g.constant(data, [9])]);
    };
    expect(print(8)).toMatch(/^ {2}%0 f32\[9\] = constant data=9 numbers sha256:[0-9a-f]{12}\n$/);
    expect(print(8)).not.toBe(print(9));
  });
});

describe('programSignature', () => {
  const x = g.input('x', [2], 'f32');
  const w = g.variable('w', [2], 'f32');

  test('lists inputs and variables by name, written ones too, and each value after its inputs', () => {
    const other = g.variable('a', [2], 'f32');
    const { inputs, variables, values } = g.programSignature({
      name: 'p',
      outputs: { y: g.mul(x, w) },
      updates: [{ variable: other, value: x }],
    });
    expect(inputs.map(({ name }) => name)).toEqual(['x']);
    expect(variables.map(({ name }) => name)).toEqual(['a', 'w']);
    expect(values.every((value, i) => value.inputs.every((input) => values.indexOf(input) < i))).toBe(true);
  });

  test('takes two nodes of one name as the same variable if they agree', () => {
    const again = g.variable('w', [2], 'f32');
    expect(g.programSignature(outputsOnly({ y: g.add(w, again) })).variables).toHaveLength(1);
  });

  const cache = g.variable('cache', [4, 2], 'f32');
  const write = () => g.updateRows(cache, g.input('at', [1], 'i32'), g.input('row', [1, 2], 'f32'));
  const refused: readonly [string, g.Program, string][] = [
    [
      'one name in two shapes',
      outputsOnly({ y: w, z: g.variable('w', [3], 'f32') }),
      'program "test": the variable "w" must have one shape and dtype, got f32[2] and f32[3]. Rename one.',
    ],
    [
      'an update of another dtype',
      { name: 'p', outputs: {}, updates: [{ variable: w, value: g.cast(x, 'bf16') }] },
      'program "p": the update of "w" must be f32[2], got bf16[2]. Cast or reshape it.',
    ],
    [
      'an update of something else than a variable',
      { name: 'p', outputs: {}, updates: [{ variable: x, value: x }] },
      'program "p": an update must go to a variable, got input. Pass variable(...).',
    ],
    [
      'two updates of one variable',
      { name: 'p', outputs: {}, updates: [0, 1].map(() => ({ variable: w, value: x })) },
      'program "p": a variable is updated at most once, got "w" twice. Combine the updates.',
    ],
    [
      'two in-place writes of one variable',
      outputsOnly({ a: write(), b: write() }),
      'program "test": a variable is written at most once, got "cache" twice. Combine the writes.',
    ],
    [
      'a read beside an in-place write',
      outputsOnly({ a: write(), b: g.neg(cache) }),
      'program "test": a variable with updateRows is read only through it, got "cache" also read by neg. Use the result of updateRows.',
    ],
    [
      'an output beside an in-place write',
      outputsOnly({ a: write(), b: cache }),
      'program "test": a variable with updateRows is read only through it, got "cache" also read by output "b". Use the result of updateRows.',
    ],
  ];
  test.each(refused)('refuses %s', (_title, program, message) => {
    expect(() => g.programSignature(program)).toThrow(new ShapeError(message));
  });
});
