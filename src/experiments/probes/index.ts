export {
  type Disbelief,
  type DisbeliefKind,
  type DisbeliefProbe,
  disbeliefProbe,
  NEWS_DISBELIEF_PROBES,
  type ProbedLabel,
  probeDisbelief,
} from './disbelief';
export { type LabelLeakage, type LabelledText, labelLeakage } from './label-leakage';
export { type LaxPrice, laxPrice } from './lax-price';
export {
  type ProbedAnswer,
  probeSycophancyDisbelief,
  type SycophancyDisbelief,
  sycophancyDisbeliefProbes,
} from './sycophancy-disbelief';
export { type FreeAnswer, writeFreeAnswers } from './sycophancy-texts';
