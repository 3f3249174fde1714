export { armCatalogueFrame, proofFrame } from './arm-frames';
export { familyFrame, familyLintFrame, leakFrame } from './label-frames';
export {
  deviationsFrame,
  hypothesesFrame,
  labelLeakageFrame,
  laxPriceFrame,
  ledgerFrame,
  powerFrame,
} from './study-frames';
