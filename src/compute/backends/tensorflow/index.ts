export { type Addon, type DeviceChoice, ENVIRONMENT_DEFAULTS, loadAddon, prepareEnvironment } from './addon';
export { TensorflowBackend, type TensorflowOptions, tensorflowBackend } from './backend';
export { type ComputeDtypeChoice, chooseComputeDtype } from './compute-dtype';
export { readSavedModel, type SavedModel, type SavedNode, savedModelOf } from './saved-model';
export type { TensorflowSession } from './session';
