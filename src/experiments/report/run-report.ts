import { type NewsReportRun, newsReportPage, type ReportOptions } from './news-report';
import { reportHtml } from './report-page';
import { type SycophancyReportRun, sycophancyReportPage } from './sycophancy-report';

/**
 * A run as one HTML file (some 5 MB) that needs no network and no kernel: the question, what was held fixed, the settings with their
 * origins, results with live charts (pictures where scripts do not run), comparisons with intervals and p, the judge and its cost,
 * threats, examples, versions and hashes. Nothing is trained, generated or judged; the leak audit is computed. Text of models and
 * data is escaped.
 */
export function runReport(run: NewsReportRun | SycophancyReportRun, options: ReportOptions): Promise<string> {
  return reportHtml(run.task === 'news' ? newsReportPage(run, options) : sycophancyReportPage(run, options));
}
