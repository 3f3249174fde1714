export type { JudgeFigures, VerdictThresholds } from './evaluate';
export type { JudgeFile } from './model-file';
export { judgeFilePath, LEAST_KNOWN_WORDS, type OfflineJudge, offlineJudge, readJudgeFile } from './offline-judge';
export { judgeReportText } from './report';
