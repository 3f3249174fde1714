export { bitsandbytesTensors } from './bitsandbytes';
export { dynamicMap } from './dynamic-map';
export { configFromGguf } from './gguf-config';
export { type GgufSource, openGguf } from './gguf-reader';
export { type FetchedModel, type FetchModelOptions, fetchModel, gigabytes } from './hub-model';
export { configFromHuggingFace } from './huggingface-config';
export {
  checkModelConfig,
  expectedTensors,
  type ModelConfig,
  modelConfigSchema,
  type RopeScaling,
} from './model-config';
export { DEFAULT_MODEL, type LocatedModel, locateModel, resolveModelPath } from './model-path';
export { dequantiseNf4, NF4_BLOCK, NF4_NESTED_BLOCK, NF4_VALUES, type Nf4Tensor, quantiseNf4 } from './nf4';
export { type ModelOnDisk, modelOnDisk } from './on-disk';
export { type ModelFiles, type OpenModelOptions, openModel } from './open-model';
export { openSafetensors, type SafetensorsSource } from './safetensors-reader';
export { writeSafetensors } from './safetensors-writer';
export { checkShape, readTensor, type TensorInfo, type TensorSource } from './tensor-source';
