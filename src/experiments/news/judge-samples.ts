import { allControlLabels } from '../../arms';
import type { LongCall } from '../../core';
import { type Judge, labelTextsOf, withoutLabel } from '../../judge';
import type { Condition } from './conditions';
import type { PreparedNews } from './prepare';
import { type SampleRow, sampleRows } from './rows';
import { readSamples, type SampleJob } from './sample';

/** The judged texts of one condition at one temperature. */
export interface JudgedJob {
  readonly condition: Condition;
  readonly rows: readonly SampleRow[];
}

/**
 * Has the texts of finished jobs graded, all in one call so that a judge can order them as it likes. The judge is given the text
 * and the topic, never a label: where a model repeats one word for word, it is cut out and the row is flagged.
 */
export async function judgeSamples(
  judge: Judge,
  jobs: readonly SampleJob[],
  { evalItems, data, labelSet, controls }: Pick<PreparedNews, 'evalItems' | 'data' | 'labelSet' | 'controls'>,
  { signal, onProgress }: LongCall,
): Promise<JudgedJob[]> {
  const topics = new Map(data.topics.map(({ id, headline, context }) => [id, `${headline}. ${context}`]));
  const written = jobs.map((job) => ({ job, texts: readSamples(job, evalItems) }));
  // Every label that a model of this experiment may have read.
  const asked = jobs.flatMap(({ condition }) => condition.label ?? []);
  const labels = [...labelSet.labels, ...allControlLabels(controls), ...asked];
  const labelTexts = [...new Set(labels.flatMap((label) => labelTextsOf(label, labelSet.format)))];
  const flat = written.flatMap(({ texts }) => texts);
  const blind = flat.map(({ text }) => withoutLabel(text, labelTexts));
  const judgements = await judge.judge(
    blind.map(({ text }) => text),
    { topics: flat.map(({ topicId }) => topics.get(topicId) ?? ''), signal, onProgress },
  );
  let next = 0;
  return written.map(({ job, texts }) => {
    const own = texts.map((_, index) => {
      const judgement = judgements[next + index];
      return { ...judgement, flags: [...judgement.flags, ...blind[next + index].flags] };
    });
    next += texts.length;
    return { condition: job.condition, rows: sampleRows(job.condition, job.temperature, texts, own, evalItems) };
  });
}
