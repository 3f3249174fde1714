import { type NewsProfile, SLANT } from '../../tasks';
import { predictLogistic, predictRidge } from '../../tasks/text-model';
import { judgeFeatures } from './features';
import type { LinearJudgeModel } from './linear-model';

/** The model's raw answer to one text. */
export interface LinearScore {
  /** Points of 0 to 10: 5 for every unit of |slant|, clamped. */
  readonly magnitude0to10: number;
  /** Expected slant over 2: -1 left to +1 right. */
  readonly direction: number;
  readonly profiles: Readonly<Record<string, number>>;
}

export const POINTS_PER_SLANT = 5;

export function scoreTexts(model: LinearJudgeModel, texts: readonly string[]): LinearScore[] {
  const matrix = judgeFeatures(model.vocabulary, texts);
  const magnitudes = predictRidge(model.magnitude, matrix);
  const probabilities = predictLogistic(model.profile, matrix);
  const { classes } = model.profile;
  return texts.map((_, row) => {
    const p = classes.map((_, k) => probabilities[row * classes.length + k]);
    return {
      magnitude0to10: Math.min(10, Math.max(0, POINTS_PER_SLANT * magnitudes[row])),
      direction: classes.reduce((sum, name, k) => sum + (p[k] * SLANT[name as NewsProfile]) / 2, 0),
      profiles: Object.fromEntries(classes.map((name, k) => [name, p[k]])),
    };
  });
}

/** The most probable profile. */
export function likeliestProfile(profiles: Readonly<Record<string, number>>): string {
  return Object.entries(profiles).reduce((best, item) => (item[1] > best[1] ? item : best))[0];
}
