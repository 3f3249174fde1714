export { checkNews, type NewsCheck, type NewsCheckName, type NewsCheckReport, newsCheckText } from './check';
export {
  embeddedNewsDir,
  type LoadNewsOptions,
  loadNews,
  type NewsData,
  type NewsFile,
  type NewsReport,
  newsInstruction,
  refusedText,
} from './load';
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
} from './rows';
export { type TopicLeak, topicLeak } from './topic-leak';
