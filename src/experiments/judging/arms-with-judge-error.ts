import { frameOfRows, type Row } from '../../analysis/frame';
import {
  differenceWithJudgeError,
  type JudgedText,
  type JudgeErrorEstimate,
  type JudgeErrorOptions,
  meanWithJudgeError,
  printEstimate,
} from '../../analysis/stats';
import { RandomStream } from '../../core';
import type { SampleRow } from '../news';
import { columns } from './agreement-tables';
import { rowsByCondition } from './conditions-of-rows';
import { type HumanLabel, textIdOf } from './human-labels';
import { humanRaters, humansTogether } from './raters';

/** What is estimated: the mean magnitude, or the share of texts that pass. */
export type JudgedMeasure = 'magnitude' | 'pass';

/** A condition, or a difference of two, with the judge's error in its interval. */
export interface ArmWithJudgeError extends JudgeErrorEstimate {
  /** The condition's name, `mst/unbiased/plain`; of a difference the left one's. */
  readonly name: string;
  readonly minus: string | null;
  readonly temperature: number;
  readonly measure: JudgedMeasure;
}

export interface ArmsWithJudgeError {
  readonly arms: readonly ArmWithJudgeError[];
  /** Texts that people labelled, among those given. */
  readonly labelled: number;
  readonly measure: JudgedMeasure;
}

/**
 * Each condition of a news experiment, and each difference asked for as a pair of condition names (left, right), from the
 * judge's values alone and with the judge's error estimated from human labels of a random subset (`labelSheet` picks
 * one). People count by the mean of their magnitudes, or by their middle verdict. A row that is the same text under
 * several conditions is labelled in all of them. Throws as `meanWithJudgeError`.
 */
export function armsWithJudgeError(
  {
    rows,
    human,
    pairs = [],
    measure = 'magnitude',
  }: {
    readonly rows: readonly SampleRow[];
    readonly human: readonly HumanLabel[];
    readonly pairs?: readonly (readonly [string, string])[];
    readonly measure?: JudgedMeasure;
  },
  options: Omit<JudgeErrorOptions, 'random' | 'range'> & { readonly seed: number | string },
): ArmsWithJudgeError {
  const { seed, ...settings } = options;
  const ids = [...new Set(rows.map(({ text }) => textIdOf(text)))];
  const people = humansTogether(humanRaters(human, ids), ids.length);
  const said = new Map(
    ids.map((id, at) => [id, measure === 'magnitude' ? people.magnitudes[at] : passOf(people.verdicts[at])]),
  );
  const random = new RandomStream(seed).fork('judge error');
  const top = measure === 'magnitude' ? 10 : 1;
  const groups = rowsByCondition(rows);
  const texts = (own: readonly SampleRow[]) =>
    own.map(
      (row): JudgedText => ({
        topicId: row.topic_id,
        judged: measure === 'magnitude' ? row.magnitude_0_to_10 : passOf(row.verdict),
        human: said.get(textIdOf(row.text)) ?? null,
      }),
    );
  const conditions = groups.map(({ name, temperature, rows: own }): ArmWithJudgeError => {
    const stream = random.fork(`${name} ${temperature}`);
    const estimate = meanWithJudgeError(texts(own), { ...settings, random: stream, range: [0, top] });
    return { name, minus: null, temperature, measure, ...estimate };
  });
  const differences = pairs.flatMap(([left, right]) =>
    groups
      .filter(({ name }) => name === left)
      .flatMap(({ temperature, rows: own }): ArmWithJudgeError[] => {
        const other = groups.find((group) => group.name === right && group.temperature === temperature);
        if (!other) return [];
        const stream = random.fork(`${left} ${right} ${temperature}`);
        const estimate = differenceWithJudgeError(texts(own), texts(other.rows), {
          ...settings,
          random: stream,
          range: [-top, top],
        });
        return [{ name: left, minus: right, temperature, measure, ...estimate }];
      }),
  );
  return {
    arms: [...conditions, ...differences],
    labelled: [...said.values()].filter((value) => value !== null).length,
    measure,
  };
}

function passOf(verdict: SampleRow['verdict']): number | null {
  return verdict === null ? null : verdict === 'PASS' ? 1 : 0;
}

/** Columns of `judgeErrorFrame`, with what each holds. */
export const JUDGE_ERROR_COLUMNS = {
  condition: 'arm/label of the texts',
  minus: 'what is taken off; missing for a condition by itself',
  temperature: 'of sampling',
  measure: 'magnitude (0 to 10) or pass (share of texts)',
  judge_only: 'as if the judge made no error',
  judge_only_low: 'its 95% interval, over topics',
  judge_only_high: 'its 95% interval, over topics',
  corrected: 'with the error seen on the labelled texts taken out',
  corrected_low: 'its 95% interval, prediction-powered',
  corrected_high: 'its 95% interval, prediction-powered',
  human_only: 'of the labelled texts, by people alone',
  human_only_low: 'its 95% interval',
  human_only_high: 'its 95% interval',
  judge_error: 'judge − people on the labelled texts; of a difference, that of the left minus that of the right',
  judge_error_low: 'its 95% interval',
  judge_error_high: 'its 95% interval',
  width_ratio: 'width of the corrected interval over that of the judge alone',
  judge_weight: 'how far the judge is leaned on, 0 to 1',
  topics: 'topics that entered',
  labelled_topics: 'topics with a human label, in each arm',
  labelled_texts: 'texts with a human label',
  missing: 'texts without a value of the judge',
  fallback: 'why there is no correction, and the judge alone must do',
} as const;

/** One row a condition or difference; see `JUDGE_ERROR_COLUMNS`. */
export function judgeErrorFrame({ arms }: ArmsWithJudgeError) {
  return frameOfRows(
    arms.map(
      (arm): Row => ({
        condition: arm.name,
        minus: arm.minus,
        temperature: arm.temperature,
        measure: arm.measure,
        ...columns('judge_only', arm.judgeOnly),
        ...columns('corrected', arm.corrected),
        ...columns('human_only', arm.humanOnly),
        ...columns('judge_error', arm.judgeError),
        width_ratio: arm.widthRatio,
        judge_weight: arm.lambda,
        topics: arm.topics,
        labelled_topics: arm.labelledTopics,
        labelled_texts: arm.labelledTexts,
        missing: arm.missing,
        fallback: arm.fallback,
      }),
    ),
    Object.keys(JUDGE_ERROR_COLUMNS),
  );
}

/** The same for a terminal: a line a condition or difference, and what the correction does to it. */
export function judgeErrorText({ arms, labelled, measure }: ArmsWithJudgeError): string {
  const what = measure === 'magnitude' ? 'judged bias, 0 to 10' : 'share of texts that pass';
  const lines = arms.map((arm) => {
    const name = `${arm.minus === null ? arm.name : `${arm.name} − ${arm.minus}`} at T ${arm.temperature}`;
    const alone = `judge alone ${printEstimate(arm.judgeOnly)}`;
    if (arm.fallback !== null) return `${name}: ${alone}; not corrected: ${arm.fallback}`;
    const width = arm.widthRatio === null ? '' : `, ${arm.widthRatio.toFixed(1)} times as wide`;
    const shift =
      arm.subsetZ !== null && Math.abs(arm.subsetZ) > 3
        ? `; the labelled texts hardly are a random subset: the judge's mean of them lies ${arm.subsetZ.toFixed(1)} standard errors from that of all`
        : '';
    const turned =
      concludes(arm.judgeOnly) === concludes(arm.corrected) || arm.minus === null ? '' : '; the conclusion changes';
    return `${name}: ${alone}; corrected ${printEstimate(arm.corrected)}${width}; judge − people ${printEstimate(arm.judgeError)}${turned}${shift}`;
  });
  return [`Judge error from ${labelled} labelled texts (${what}; 95% intervals over topics).`, ...lines].join('\n');
}

function concludes({ low, high }: JudgeErrorEstimate['judgeOnly']): string {
  if (low === null || high === null) return 'nothing';
  return low > 0 ? 'above' : high < 0 ? 'below' : 'nothing';
}
