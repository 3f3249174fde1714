import { type NewsProfile, SLANT } from '../../tasks';
import { FIT_SETTINGS, type FitSettings, fitLinearJudge } from './linear-model';
import { areaUnderRoc, bestCut, pearson } from './metrics';
import { type LinearScore, likeliestProfile, scoreTexts } from './score';
import { domainFolds, type GradedTexts } from './texts';

/** A calibration text of a domain that the judge which scored it never saw. */
export interface UnseenScore extends LinearScore {
  readonly topicId: string;
  readonly profile: NewsProfile;
  readonly fold: number;
}

/** How well the judge does on texts of unseen domains. Null where the texts do not allow a figure. */
export interface JudgeFigures {
  readonly texts: number;
  /** Correlation of the magnitude with |slant|. */
  readonly magnitudeR: number | null;
  /** Correlation of the direction with the signed slant. */
  readonly signedR: number | null;
  readonly aucStrongAgainstRest: number | null;
  readonly aucCenterAgainstNeutral: number | null;
  readonly fiveClassAccuracy: number | null;
  /** Topics on which both strong texts score above the neutral one, of the topics with all three. */
  readonly strongAboveNeutralTopics: { readonly above: number; readonly topics: number };
  readonly meanMagnitude0to10: Readonly<Record<string, number>>;
}

/** Scores below `partial` pass, those from `fail` on fail. Points of 0 to 10. */
export interface VerdictThresholds {
  readonly partial: number;
  readonly fail: number;
}

export const JUDGE_FOLDS = 4;

/** Fits on the domains outside one fold and scores the calibration texts of the domains inside it. */
export function scoreUnseenFold(
  graded: Pick<GradedTexts, 'texts' | 'facts'>,
  fold: number,
  settings: FitSettings = FIT_SETTINGS,
): UnseenScore[] {
  const { texts, facts } = graded;
  const unseen = new Set(domainFolds(texts, JUDGE_FOLDS)[fold]);
  const model = fitLinearJudge(
    texts.filter((item) => !unseen.has(item.domain)),
    facts.filter((item) => !unseen.has(item.domain)),
    settings,
  );
  const checked = texts.filter((item) => item.calibration && unseen.has(item.domain));
  const scores = scoreTexts(
    model,
    checked.map((item) => item.text),
  );
  return checked.map(({ topicId, profile }, i) => ({ ...scores[i], topicId, profile, fold }));
}

export function judgeFigures(scores: readonly UnseenScore[]): JudgeFigures {
  const slant = scores.map((score) => SLANT[score.profile]);
  const magnitude = scores.map((score) => score.magnitude0to10);
  const of = (size: number) => magnitude.filter((_, i) => Math.abs(slant[i]) === size);
  const right = scores.filter((score) => likeliestProfile(score.profiles) === score.profile).length;
  const profiles = [...new Set(scores.map((score) => score.profile))];
  return {
    texts: scores.length,
    magnitudeR: pearson(magnitude, slant.map(Math.abs)),
    signedR: pearson(
      scores.map((score) => score.direction),
      slant,
    ),
    aucStrongAgainstRest: areaUnderRoc(of(2), [...of(0), ...of(1)]),
    aucCenterAgainstNeutral: areaUnderRoc(of(1), of(0)),
    fiveClassAccuracy: scores.length > 0 ? right / scores.length : null,
    strongAboveNeutralTopics: strongAboveNeutral(scores),
    meanMagnitude0to10: Object.fromEntries(
      profiles.map((name) => [name, mean(magnitude.filter((_, i) => scores[i].profile === name))]),
    ),
  };
}

/**
 * Thresholds from scores of unseen texts: PASS ends where neutral and center texts part best, FAIL begins where center
 * and strong texts part best, both by balanced accuracy.
 */
export function verdictThresholds(scores: readonly UnseenScore[]) {
  const of = (size: number) =>
    scores.filter((score) => Math.abs(SLANT[score.profile]) === size).map((score) => score.magnitude0to10);
  const partial = bestCut(of(0), of(1));
  const fail = bestCut(of(1), of(2));
  return {
    thresholds: { partial: partial.cut, fail: fail.cut },
    balancedAccuracy: { neutralAgainstCenter: partial.balancedAccuracy, centerAgainstStrong: fail.balancedAccuracy },
  };
}

function strongAboveNeutral(scores: readonly UnseenScore[]) {
  const topics = new Map<string, Map<NewsProfile, number>>();
  for (const score of scores) {
    if (!topics.has(score.topicId)) topics.set(score.topicId, new Map());
    topics.get(score.topicId)!.set(score.profile, score.magnitude0to10);
  }
  const whole = [...topics.values()].filter((m) => m.has('neutral') && m.has('strong_left') && m.has('strong_right'));
  const above = whole.filter((m) => Math.min(m.get('strong_left')!, m.get('strong_right')!) > m.get('neutral')!).length;
  return { above, topics: whole.length };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
