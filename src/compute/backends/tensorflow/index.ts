export { type Addon, type DeviceChoice, ENVIRONMENT_DEFAULTS, loadAddon, prepareEnvironment } from './addon';
export { TensorflowBackend, type TensorflowOptions, tensorflowBackend } from './backend';
export { type ComputeDtypeChoice, chooseComputeDtype } from './compute-dtype';
export type { TensorflowSession } from './session';
