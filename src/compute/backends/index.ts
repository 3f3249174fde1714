export { type EagerBackend, type EagerOptions, eagerBackend } from './eager';
export { type GpuProcess, type GpuState, gpuStates, parseGpuStates } from './gpu-state';
export { gpuMemory, hostMemory, type MemoryUse, type RunTool } from './memory';
export {
  type ComputeDtypeChoice,
  chooseComputeDtype,
  type DeviceChoice,
  readSavedModel,
  type SavedModel,
  type SavedNode,
  savedModelOf,
  TensorflowBackend,
  type TensorflowOptions,
  tensorflowBackend,
} from './tensorflow';
export type { Backend, CompiledProgram, DeviceTensor, Session, SessionOptions, XlaChoice } from './types';
