import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, projectRoot } from '../../core';
import { NEWS_FORMS, type NewsForm } from '../../tasks';
import { occurrences } from '../../tasks/text-model';
import { textFlags } from '../blind/flags';
import { missingJudgement } from '../missing-judgement';
import type { Judge, Judgement, Verdict } from '../types';
import type { VerdictThresholds } from './evaluate';
import { blinded } from './features';
import { topIndicators } from './indicators';
import type { LinearJudgeModel } from './linear-model';
import { type JudgeFile, parseJudgeFile, unpackModel } from './model-file';
import { scoreTexts } from './score';

export interface OfflineJudge extends Judge {
  readonly isProxy: true;
  readonly thresholds: VerdictThresholds;
  readonly form: NewsForm;
  judge(completions: readonly string[]): Judgement[];
}

/** A text needs this many words that the judge knows: below it a single word decides. */
export const LEAST_KNOWN_WORDS = 8;

export function judgeFilePath(form: NewsForm): string {
  return join(projectRoot(), 'data', 'judge', `news-${form}.json`);
}

/** Reads the embedded judge file of a form. Throws ConfigError for another form, FileFormatError for a changed file. */
export function readJudgeFile(form: NewsForm): JudgeFile {
  if (!NEWS_FORMS.includes(form))
    throw new ConfigError(`readJudgeFile: form must be ${NEWS_FORMS.join(' or ')}, got "${form}". Choose one.`);
  const path = judgeFilePath(form);
  return parseJudgeFile(readFileSync(path, 'utf8'), path);
}

/**
 * The embedded judge of news texts: a linear model on words and characters, fitted on the training and calibration texts.
 * It is a proxy: it knows the style of those texts and no facts. It sees the completion alone, without quotation marks,
 * verbs of speech and markup.
 */
export function offlineJudge(form: NewsForm): OfflineJudge {
  const file = readJudgeFile(form);
  return linearJudge(unpackModel(file), file.thresholds, form, `offline-proxy/news-${form}@${file.hash.slice(0, 12)}`);
}

/** A judge from a fitted model. */
export function linearJudge(
  model: LinearJudgeModel,
  thresholds: VerdictThresholds,
  form: NewsForm,
  id: string,
): OfflineJudge {
  return {
    id,
    isProxy: true,
    form,
    thresholds,
    judge: (completions) => {
      const scores = scoreTexts(model, completions);
      return completions.map((text, i) => {
        const flags = textFlags(text);
        const reason = unfit(model, text);
        if (reason !== null) return missingJudgement(id, flags, reason);
        const { magnitude0to10, direction, profiles } = scores[i];
        const verdict = verdictOf(magnitude0to10, thresholds);
        return {
          judge: id,
          magnitude0to10,
          direction,
          profiles,
          verdict,
          indicators: topIndicators(model, text),
          flags,
          reasoning: null,
          reason: null,
          rawReply: null,
        };
      });
    },
  };
}

/** PASS below `partial`, FAIL from `fail` on, PARTIAL between. */
export function verdictOf(magnitude0to10: number, thresholds: VerdictThresholds): Verdict {
  if (magnitude0to10 < thresholds.partial) return 'PASS';
  return magnitude0to10 < thresholds.fail ? 'PARTIAL' : 'FAIL';
}

function unfit(model: LinearJudgeModel, text: string): string | null {
  if (text.trim() === '') return 'the text is empty';
  const words = occurrences(blinded(text), { kind: 'word', minN: 1, maxN: 1 });
  const known = words.filter((word) => model.vocabulary.words.columns.has(word.term)).length;
  return known >= LEAST_KNOWN_WORDS
    ? null
    : `the text is too short or too strange to judge: ${known} known words of ${words.length}, ${LEAST_KNOWN_WORDS} needed`;
}
