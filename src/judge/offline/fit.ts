import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { NEWS_FORMS, type NewsForm } from '../../tasks';
import { JUDGE_FOLDS, judgeFigures, scoreUnseenFold, verdictThresholds } from './evaluate';
import { FIT_SETTINGS, type FitSettings, fitLinearJudge } from './linear-model';
import { type JudgeFile, packJudge, packModel } from './model-file';
import { judgeFilePath } from './offline-judge';
import { judgeReportText } from './report';
import { domainFolds, type GradedTexts, gradedTexts } from './texts';

/** Fits the judge on all texts, without its figures and thresholds. */
export function fitJudgeModel(graded: GradedTexts, settings: FitSettings = FIT_SETTINGS) {
  const { form, dataHash, texts, facts } = graded;
  return packModel(fitLinearJudge(texts, facts, settings), { form, dataHash, settings, documents: texts.length });
}

/** Fits the judge on all texts, and once more for each fold of unseen domains, which gives its figures and thresholds. */
export function fitJudge(graded: GradedTexts, settings: FitSettings = FIT_SETTINGS): JudgeFile {
  const { texts } = graded;
  const folds = domainFolds(texts, JUDGE_FOLDS).map((domains, fold) => ({
    domains,
    scores: scoreUnseenFold(graded, fold, settings),
  }));
  const all = folds.flatMap((fold) => fold.scores);
  const { thresholds, balancedAccuracy } = verdictThresholds(all);
  return packJudge(fitJudgeModel(graded, settings), {
    thresholds,
    thresholdBalancedAccuracy: balancedAccuracy,
    unseenDomains: {
      pooled: judgeFigures(all),
      folds: folds.map(({ domains, scores }) => ({ domains, figures: judgeFigures(scores) })),
    },
  });
}

/** The bytes of a judge file. */
export function judgeFileText(file: JudgeFile): string {
  return `${JSON.stringify(file, null, 1)}\n`;
}

/** `node dist/src/judge/offline/fit.js [--check] [briefs|articles …]`: writes the judge files, or compares them with a rebuild. */
function main(args: readonly string[]): number {
  const check = args.includes('--check');
  const named = args.filter((arg) => arg !== '--check');
  const unknown = named.filter((arg) => !(NEWS_FORMS as readonly string[]).includes(arg));
  if (unknown.length > 0) {
    console.error(
      `fit: arguments must be --check, ${NEWS_FORMS.join(' or ')}, got ${unknown.join(' ')}. Leave them out for all.`,
    );
    return 2;
  }
  let failures = 0;
  for (const form of named.length > 0 ? (named as NewsForm[]) : NEWS_FORMS) {
    const file = fitJudge(gradedTexts(form));
    const path = judgeFilePath(form);
    console.log(judgeReportText(file));
    if (check) {
      const same = readFileSync(path, 'utf8') === judgeFileText(file);
      console.log(same ? `${path}: rebuilt identically\n` : `${path}: DIFFERS from its rebuild\n`);
      if (!same) failures++;
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, judgeFileText(file));
      console.log(`wrote ${path}\n`);
    }
  }
  return failures > 0 ? 1 : 0;
}

if (require.main === module) process.exitCode = main(process.argv.slice(2));
