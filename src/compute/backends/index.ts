export { type EagerBackend, type EagerOptions, eagerBackend } from './eager';
export {
  type ComputeDtypeChoice,
  chooseComputeDtype,
  type DeviceChoice,
  TensorflowBackend,
  type TensorflowOptions,
  tensorflowBackend,
} from './tensorflow';
export type { Backend, CompiledProgram, DeviceTensor, Session, SessionOptions, XlaChoice } from './types';
