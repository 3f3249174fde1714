export { type Adapter, initAdapter } from './adapter';
export { type ExportedModel, type ExportOptions, exportModel } from './export-model';
export {
  ADAPTER_VARIABLE,
  type AdapterEntry,
  type AdapterGraph,
  type AdapterLayout,
  adapterGraph,
  adapterLayout,
  flattenAdapter,
  peftKey,
  unflattenAdapter,
} from './layout';
export { type LoraConfig, type LoraConfigInput, loraConfigSchema, loraScale, resolveLoraConfig } from './lora-config';
export { mergeProgram, unpackProgram } from './merge';
export { type AdapterBase, loadAdapter, saveAdapter } from './peft-files';
