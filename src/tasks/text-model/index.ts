export { type Analyzer, type Occurrence, occurrences, whitespaceWords } from './analyzers';
export { groupFolds } from './folds';
export { type LbfgsOptions, minimizeLbfgs } from './lbfgs';
export { fitLogistic, type LogisticModel, type LogisticOptions, predictClasses, predictLogistic } from './logistic';
export { fitRidge, predictRidge, type RidgeModel } from './ridge';
export { type SparseRows, sideBySide, takeRows } from './sparse';
export { fitTfidf, type Tfidf, type TfidfOptions, tfidfRow, transformTfidf } from './tfidf';
