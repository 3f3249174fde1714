export {
  type ComputeDtypeChoice,
  chooseComputeDtype,
  type DeviceChoice,
  TensorflowBackend,
  type TensorflowOptions,
  tensorflowBackend,
} from './tensorflow';
export type { Backend, DeviceTensor, Session } from './types';
