export { checkPretrainConfig, type PretrainConfig, pretrainConfigSchema } from './config';
export { type PretrainOptions, type PretrainResult, pretrain } from './pretrain';
