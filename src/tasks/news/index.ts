export {
  checkNews,
  type NewsCheck,
  type NewsCheckName,
  type NewsCheckReport,
  newsCheckText,
  WORD_BOUNDS,
} from './check';
export { LEAK_TARGETS, type Leak, type LeakTarget, unmeasurable } from './leak-measure';
export {
  CALIBRATION_FILE,
  embeddedNewsDir,
  type LoadNewsOptions,
  loadNews,
  type NewsData,
  type NewsFile,
  type NewsReport,
  newsInstruction,
  refusedText,
} from './load';
export { jaccard, MINHASH_DEFAULTS, MINHASH_RUN, MinHash, type MinHashOptions, wordRuns } from './minhash';
export {
  NEAR_DUPLICATE_RULES,
  NearDuplicateIndex,
  type NearDuplicateRules,
  type Resemblance,
} from './near-duplicate-index';
export { plainWords, shingles } from './near-duplicates';
export {
  CALIBRATION_PROFILES,
  NEWS_FORMS,
  NEWS_SPLITS,
  type NewsForm,
  type NewsProfile,
  type NewsSplit,
  type RefusedRow,
  SLANT,
  type Topic,
  TRAINED_PROFILES,
  topicSchema,
  trainRowSchema,
} from './rows';
export { SURFACES, type Surface, type SurfaceLeak, sentenceCount, surfaceFeatures, surfaceLeak } from './surface-leak';
export { type TopicLeak, topicLeak } from './topic-leak';
