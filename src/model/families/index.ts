export { cacheVariables } from './attention';
export { PROJECTION_BLOCK, projectionModule } from './decoder';
export { type LoadedModel, type LoadModelOptions, loadModel } from './load-model';
export { logits, logitsOf, type SupervisedLoss, supervisedLoss } from './logits';
export { type Quantisation, unpackedWeights } from './nf4-weight';
export { isQuantisable, type ParamSpec, paramSpecs, paramVariables, projectionShape } from './params';
export { forward } from './registry';
export * from './types';
export { weightShapes } from './weight-shapes';
