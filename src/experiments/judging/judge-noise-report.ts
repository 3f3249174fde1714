import { type JudgeNoise, judgeNoise, printEstimate } from '../../analysis/stats';
import { ConfigError, RandomStream } from '../../core';
import type { Judgement } from '../../judge';
import { textIdOf } from './human-labels';

/**
 * How much of a mean magnitude's uncertainty is the judge's own noise, from texts that it judged several times (`samples`,
 * as a Claude judge with `repeats` gives them). Equal texts of a topic are one. Throws ConfigError unless there is one
 * judgement for each text.
 */
export function judgeNoiseReport(
  {
    texts,
    judgements,
  }: {
    readonly texts: readonly { readonly text: string; readonly topicId?: string }[];
    readonly judgements: readonly { readonly samples: readonly Pick<Judgement, 'magnitude0to10'>[] }[];
  },
  seed: number | string,
): JudgeNoise {
  if (texts.length !== judgements.length)
    throw new ConfigError(
      `judgeNoiseReport: there must be one judgement for each of ${texts.length} texts, in their order, got ${judgements.length}.`,
    );
  const seen = new Set<string>();
  const rows = texts.flatMap(({ text, topicId }, at) => {
    const id = textIdOf(text);
    const textId = `${topicId ?? id} ${id}`;
    if (seen.has(textId)) return [];
    seen.add(textId);
    return judgements[at].samples.map(({ magnitude0to10 }) => ({
      topicId: topicId ?? id,
      textId,
      value: magnitude0to10,
    }));
  });
  return judgeNoise(rows, { random: new RandomStream(seed).fork('judge noise') });
}

/** The report in sentences: the mean with both intervals, the spreads, and what more judgements a text would bring. */
export function judgeNoiseText(noise: JudgeNoise): string {
  const { overTopics, forTheseTexts, spread, noiseShare, standardErrorAt } = noise;
  const points = (value: number | null) => (value === null ? 'unknown' : value.toFixed(2));
  const lines = [
    `${noise.judgements} judgements of ${noise.texts} texts of ${noise.topics} topics${noise.missing > 0 ? `, ${noise.missing} missing` : ''}.`,
    `Mean magnitude, for further topics: ${printEstimate(overTopics)}; for these texts judged again: ${printEstimate(forTheseTexts)}.`,
    `Standard deviations (points): between topics ${points(spread.topics)}, between texts of a topic ${points(spread.texts)}, between judgements of a text ${points(spread.judgements)}.`,
  ];
  if (noiseShare !== null)
    lines.push(`The judge's noise is ${(100 * noiseShare).toFixed(0)}% of the squared standard error of the mean.`);
  if (standardErrorAt.length > 0)
    lines.push(
      `Standard error by judgements a text: ${standardErrorAt
        .map(
          ({ judgements, standardError }) =>
            `${Number.isFinite(judgements) ? judgements : 'without noise'}: ${standardError.toFixed(3)}`,
        )
        .join(', ')}.`,
    );
  return lines.join('\n');
}
