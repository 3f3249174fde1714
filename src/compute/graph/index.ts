export { barrier, custom, randomUniform, stopGradient, updateRows } from './control';
export {
  abs,
  add,
  cast,
  div,
  equal,
  exp,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  mul,
  neg,
  rsqrt,
  sigmoid,
  sqrt,
  square,
  sub,
  tanh,
  where,
} from './elementwise';
export { crossEntropy, crossEntropyGrad, rmsNorm, silu, softmax } from './fused';
export { type GradientOptions, gradients } from './gradients';
export { broadcastTo, concat, pad, reshape, slice, transpose } from './layout';
export { gather, type MatmulOptions, matmul, unsortedSegmentSum } from './linear';
export { bodyValues, constantOperands, type Loop, type LoopOptions, loop, variablesWrittenIn } from './loop';
export { withInputs } from './node';
export { topologicalOrder } from './order';
export { printProgram, printValues } from './print';
export { type Declared, type Program, type ProgramSignature, programSignature } from './program';
export { argMax, max, mean, sum, topK } from './reductions';
export { constant, fill, input, variable } from './sources';
export {
  bf16BitsToF32,
  byteSize,
  convertHost,
  type DType,
  describe,
  emptyData,
  f32ToBf16Bits,
  fromBf16Array,
  type HostArray,
  type HostData,
  type HostTensor,
  hostNumbers,
  hostTensor,
  isFloat,
  roundToBf16,
  type Shape,
  sameShape,
  sizeOf,
  toBf16Array,
} from './tensor';
export type { CustomBackward, OpAttrs, Operand, OpName, Value } from './value';
