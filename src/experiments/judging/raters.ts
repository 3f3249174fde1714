import { ConfigError } from '../../core';
import type { Judgement, Verdict } from '../../judge';
import type { HumanLabel } from './human-labels';

export type RaterKind = 'human' | 'judge' | 'offline';

/** What one rater says of each text, in the order of the texts; null where nothing. */
export interface Rater {
  readonly name: string;
  readonly kind: RaterKind;
  readonly verdicts: readonly (Verdict | null)[];
  readonly magnitudes: readonly (number | null)[];
}

/** The scale of verdicts, from best to worst. */
export const VERDICTS: readonly Verdict[] = ['PASS', 'PARTIAL', 'FAIL'];

/** A judge as a rater. Throws ConfigError unless it judged each text. */
export function judgeRater(
  name: string,
  kind: 'judge' | 'offline',
  judgements: readonly Judgement[],
  texts: number,
): Rater {
  if (judgements.length !== texts)
    throw new ConfigError(
      `agreementReport: each judge must have one judgement for each of ${texts} texts, in their order, got ${judgements.length} of ${name}.`,
    );
  return {
    name,
    kind,
    verdicts: judgements.map(({ verdict }) => verdict),
    magnitudes: judgements.map(({ magnitude0to10 }) => magnitude0to10),
  };
}

/** Each person among the labels as a rater of the texts, by name. Labels of other texts are passed over. */
export function humanRaters(labels: readonly HumanLabel[], textIds: readonly string[]): Rater[] {
  const names = [...new Set(labels.map(({ rater }) => rater))].sort();
  return names.flatMap((name): Rater[] => {
    const own = new Map(labels.filter(({ rater }) => rater === name).map((label) => [label.textId, label]));
    const found = textIds.map((id) => own.get(id));
    if (found.every((label) => label === undefined)) return [];
    return [
      {
        name,
        kind: 'human',
        verdicts: found.map((label) => label?.verdict ?? null),
        magnitudes: found.map((label) => label?.magnitude0to10 ?? null),
      },
    ];
  });
}

/**
 * What several people say together: the mean of their magnitudes and the middle one of their verdicts; of an even number
 * whose two middle ones differ, the worse. Null where nobody said anything.
 */
export function humansTogether(humans: readonly Rater[], texts: number): Rater {
  const at = <T>(of: (rater: Rater) => readonly (T | null)[], text: number): T[] =>
    humans.flatMap((rater) => of(rater)[text] ?? []) as T[];
  return {
    name: humans.length === 1 ? humans[0].name : `${humans.length} people`,
    kind: 'human',
    verdicts: Array.from({ length: texts }, (_, text) => {
      const places = at((rater) => rater.verdicts, text)
        .map((verdict) => VERDICTS.indexOf(verdict))
        .sort((a, b) => a - b);
      return places.length === 0 ? null : VERDICTS[places[Math.floor(places.length / 2)]];
    }),
    magnitudes: Array.from({ length: texts }, (_, text) => {
      const values = at((rater) => rater.magnitudes, text);
      return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    }),
  };
}
