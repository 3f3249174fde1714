import { ConfigError, type RandomStream } from '../../core';
import type { AnswerRow } from './ask';

/**
 * The same answers at another sampling temperature, exactly: of two forced answers with probabilities p and 1 − p at temperature 1,
 * p^(1/T) / (p^(1/T) + (1 − p)^(1/T)). At temperature 0 the likelier answer has all (a tie: half). Throws ConfigError for a negative
 * temperature.
 */
export function atTemperature(rows: readonly AnswerRow[], temperature: number): AnswerRow[] {
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    throw new ConfigError(`atTemperature: a temperature is a number from 0 up, got ${temperature}.`);
  return rows.map((row) => {
    const odds = Math.log(row.says_correct) - Math.log1p(-row.says_correct);
    const scaled = temperature === 0 ? (odds === 0 ? 0 : odds * Number.POSITIVE_INFINITY) : odds / temperature;
    return { ...row, says_correct: 1 / (1 + Math.exp(-scaled)) };
  });
}

/**
 * One answer drawn for each row at temperature 1: `says_correct` becomes 1 or 0, as a count of answers has it. A row's number depends on
 * the stream and on what names the row, not on the order of rows. For another temperature draw from `atTemperature`.
 */
export function drawnAnswers(rows: readonly AnswerRow[], random: RandomStream): AnswerRow[] {
  return rows.map((row) => {
    const { policy, seed, label, problem_id } = row;
    const uniform = random.fork(`${policy}\n${seed}\n${label ?? ''}\n${problem_id}`).uniform();
    return { ...row, says_correct: uniform < row.says_correct ? 1 : 0 };
  });
}
