import {
  type ExampleOptions,
  type ExampleRow,
  exampleHtml,
  examplePlain,
} from '../../src/experiments/report/example-html';
import type { MimeBundle } from './mime-bundle';

/**
 * Judged texts of the same topic over arms and labels, side by side: a fold a topic, without scripts, so that it also reads where a
 * notebook is only looked at; one under another in plain text. What a model wrote is escaped. Throws ConfigError for no rows, or a
 * topic or label that no row has.
 */
export function exampleBrowser(rows: readonly ExampleRow[], options: ExampleOptions = {}): MimeBundle {
  return { 'text/html': exampleHtml(rows, options), 'text/plain': examplePlain(rows, options) };
}
