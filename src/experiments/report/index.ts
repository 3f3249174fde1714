export { type ExampleOptions, type ExampleRow, exampleHtml, examplePlain } from './example-html';
export { inspectLog, inspectLogText } from './inspect-log';
export { type InspectLog, inspectLogSchema } from './inspect-schema';
export type { NewsReportRun, ReportOptions } from './news-report';
export { runReport } from './run-report';
export type { NewsRun, NewsSource, SycophancyRun, SycophancySource } from './run-source';
export type { SycophancyReportRun } from './sycophancy-report';
