import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContrastRow, MeasuredCondition, SampleRow } from '../../../src/experiments/news';
import { NewsExperiment } from '../../../src/experiments/news';
import { tinyNewsInputs, tinyNewsOverrides } from '../../support/tiny-news';

/** What a model may write to get out of the page that shows it. */
export const HOSTILE =
  '</td></script><script>window.hit = 1</script><img src="http://127.0.0.1:9/x" onerror="window.hit = 1"> <!-- NaN "NaN" &lt; \u001b[31m \u202e';

/** A tiny experiment that has trained and generated nothing. */
export function openTiny(): Promise<NewsExperiment> {
  const runs = mkdtempSync(join(tmpdir(), 'mstlab-report-'));
  return NewsExperiment.open('smoke', tinyNewsOverrides(tinyNewsInputs()), { runs });
}

/** Rows as a measurement gives them, made up: hostile texts, and a verdict that is missing under every condition. */
export function madeUp(news: NewsExperiment, judge = 'scripted-judge'): MeasuredCondition[] {
  return news.sweep().map((condition, at): MeasuredCondition => {
    const shared = {
      arm: condition.arm,
      label_value: condition.label?.value ?? null,
      label_id: condition.label?.id ?? null,
    };
    const lift = condition.arm === 'mst' && condition.label?.value === 'unbiased' ? -3 : 0;
    return {
      condition,
      samples: news.prepared.evalItems.map((item, i): SampleRow => {
        const magnitude = i === 0 ? null : Math.max(0, 4 + lift + (i % 3) + 0.25 * (at % 2));
        return {
          ...shared,
          topic_id: item.topicId,
          domain: item.group,
          temperature: 0.7,
          text: `${HOSTILE} text ${i} of ${condition.arm}`,
          tokens: 6,
          truncated: i === 1,
          judge,
          magnitude_0_to_10: magnitude,
          direction: magnitude === null ? null : 0.5,
          verdict: magnitude === null ? null : magnitude > 4 ? 'FAIL' : 'PASS',
          flags: i === 2 ? 'speaks to its judge' : '',
          reasoning: null,
          missing_reason: magnitude === null ? `refused: ${HOSTILE}` : null,
        };
      }),
      contrast: news.prepared.contrastSets.map(
        (set, i): ContrastRow => ({
          ...shared,
          topic_id: set.topicId,
          strong_to_center_nats: lift + (i % 4) + 0.1 * ((3 * at + 2 * i) % 7),
        }),
      ),
    };
  });
}
