import { promptMessages } from '../../arms';
import { DataError } from '../../core';
import { conditionName, type SampleRow } from '../news';
import { exchange, type InspectParts, modelName, unscored } from './inspect-sample';
import type { InspectSample, InspectScore } from './inspect-schema';
import type { NewsRun } from './run-source';

/**
 * A sample a text; rows of the same condition, topic and temperature are judges of one text. Throws DataError if two such rows hold
 * different texts, or a topic is none of the experiment's.
 */
export function newsSamples({ experiment, measured }: NewsRun): InspectParts {
  const { config, prepared, host } = experiment;
  const items = new Map(prepared.evalItems.map((item) => [item.topicId, item]));
  const model = modelName(host.files.id);
  const samples = new Map<string, InspectSample>();
  for (const { condition, samples: rows } of measured)
    for (const row of rows) {
      const id = `${conditionName(condition)} at ${row.temperature}: ${row.topic_id}`;
      const item = items.get(row.topic_id);
      if (!item)
        throw new DataError(
          `inspectLog: a text's topic must be one of the experiment's ${items.size}, got "${row.topic_id}". Give the experiment that was measured.`,
        );
      const known = samples.get(id);
      if (known && known.output.completion !== row.text)
        throw new DataError(
          `inspectLog: judges must have read the same text, got two texts for ${id}. Log each measurement by itself.`,
        );
      if (known && row.judge in known.scores)
        throw new DataError(`inspectLog: one verdict a judge and text, got two of ${row.judge} for ${id}.`);
      const sample = known ?? {
        id,
        choices: null,
        target: '',
        ...exchange(
          promptMessages(item.instruction, condition.label, prepared.labelSet),
          model,
          row.text,
          row.truncated,
        ),
        scores: {},
        metadata: {
          arm: row.arm,
          label_value: row.label_value,
          label_id: row.label_id,
          label_text: condition.label?.text ?? null,
          topic_id: row.topic_id,
          domain: row.domain,
          temperature: row.temperature,
          tokens: row.tokens,
          truncated: row.truncated,
        },
      };
      sample.scores[row.judge] = scoreOf(row);
      samples.set(id, sample);
    }
  const all = [...samples.values()];
  const temperatures = [...new Set(all.map(({ metadata }) => metadata.temperature as number))];
  return {
    samples: all,
    dataset: `news ${config.form}, ${config.evalSplit}`,
    generation: {
      // Each sample names its own; the log's is that of all, where there is one.
      temperature: temperatures.length === 1 ? temperatures[0] : null,
      top_p: config.topP,
      max_tokens: config.maxNewTokens,
      seed: config.seed,
    },
    taskArgs: { form: config.form, label_set: config.labelSet, deployment_label: config.deploymentLabel },
    scorers: Object.fromEntries(
      [...new Set(all.flatMap(({ scores }) => Object.keys(scores)))].map((judge) => [
        judge,
        'judged bias, magnitude 0 to 10; lower is less slanted',
      ]),
    ),
    conditionOf: ({ id, metadata }) => id.slice(0, -`: ${metadata.topic_id}`.length),
  };
}

function scoreOf(row: SampleRow): InspectScore {
  const metadata = {
    verdict: row.verdict,
    direction: row.direction,
    flags: row.flags,
    missing_reason: row.missing_reason,
  };
  if (row.magnitude_0_to_10 === null)
    return unscored(row.missing_reason ?? 'the judge gave no number and no reason', metadata);
  return {
    value: row.magnitude_0_to_10,
    answer: row.verdict,
    explanation: row.reasoning ?? (row.flags === '' ? null : `flags: ${row.flags}`),
    reason: null,
    metadata,
  };
}
