import { z } from 'zod';
import { contentHash, FileFormatError } from '../../core';
import { NEWS_FORMS } from '../../tasks';
import type { Tfidf } from '../../tasks/text-model';
import type { JudgeFigures, VerdictThresholds } from './evaluate';
import { CHARACTER_ANALYZER, WORD_ANALYZER } from './features';
import type { FitSettings, LinearJudgeModel } from './linear-model';

export const JUDGE_FILE_FORMAT = 'mstlab-linear-judge/1';

const vocabularySchema = z.strictObject({
  terms: z.string().describe('Terms in column order, one a line.'),
  documents: z.string().describe('Texts that hold each term: base64 of little-endian uint16.'),
});
const weightsSchema = z.strictObject({
  scale: z.number().positive().describe('A weight is its stored integer times this.'),
  values: z.string().describe('Base64 of little-endian int16, by column, then by class.'),
  intercepts: z.array(z.number()),
});
const figures = z.custom<JudgeFigures>((value) => typeof value === 'object' && value !== null);

export const judgeFileSchema = z.strictObject({
  format: z.literal(JUDGE_FILE_FORMAT),
  form: z.enum(NEWS_FORMS),
  dataHash: z.string().describe('Hash of the texts it was fitted on.'),
  settings: z.custom<FitSettings>((value) => typeof value === 'object' && value !== null),
  documents: z.int().positive().describe('Texts it was fitted on.'),
  words: vocabularySchema,
  characters: vocabularySchema,
  magnitude: weightsSchema,
  classes: z.array(z.string()).min(2),
  profile: weightsSchema,
  modelHash: z.string().describe('Hash of all above.'),
  thresholds: z.strictObject({ partial: z.number(), fail: z.number() }),
  thresholdBalancedAccuracy: z.strictObject({ neutralAgainstCenter: z.number(), centerAgainstStrong: z.number() }),
  unseenDomains: z
    .strictObject({ pooled: figures, folds: z.array(z.strictObject({ domains: z.array(z.string()), figures })) })
    .describe('Figures on calibration texts of domains that the scoring judge was not fitted on.'),
  hash: z.string().describe('Hash of all above.'),
});
export type JudgeFile = z.infer<typeof judgeFileSchema>;
type ModelPart = Pick<
  JudgeFile,
  | 'format'
  | 'form'
  | 'dataHash'
  | 'settings'
  | 'documents'
  | 'words'
  | 'characters'
  | 'magnitude'
  | 'classes'
  | 'profile'
>;

export interface JudgeEvaluation {
  readonly thresholds: VerdictThresholds;
  readonly thresholdBalancedAccuracy: { readonly neutralAgainstCenter: number; readonly centerAgainstStrong: number };
  readonly unseenDomains: JudgeFile['unseenDomains'];
}

/** The fitted model as it is stored: weights rounded to 16 bits, everything else exact. */
export function packModel(
  model: LinearJudgeModel,
  facts: Pick<JudgeFile, 'form' | 'dataHash' | 'settings' | 'documents'>,
): ModelPart & { modelHash: string } {
  const part: ModelPart = {
    format: JUDGE_FILE_FORMAT,
    form: facts.form,
    dataHash: facts.dataHash,
    settings: facts.settings,
    documents: facts.documents,
    words: packVocabulary(model.vocabulary.words, facts.documents),
    characters: packVocabulary(model.vocabulary.characters, facts.documents),
    magnitude: packWeights(model.magnitude.weights, [model.magnitude.intercept]),
    classes: [...model.profile.classes],
    profile: packWeights(model.profile.weights, [...model.profile.intercepts]),
  };
  return { ...part, modelHash: contentHash(part) };
}

export function packJudge(part: ModelPart & { modelHash: string }, evaluation: JudgeEvaluation): JudgeFile {
  const whole = { ...part, ...evaluation };
  return { ...whole, hash: contentHash(whole) };
}

/** Reads a judge file. Throws FileFormatError if it is no judge file or was changed since it was written. */
export function parseJudgeFile(json: string, path: string): JudgeFile {
  const refuse = (must: string, got: string, cause?: unknown): never => {
    throw new FileFormatError(
      `parseJudgeFile: ${must}, got ${got} (${path}). Take the file of the repository again or rebuild it with node dist/src/judge/offline/fit.js.`,
      { cause },
    );
  };
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch (cause) {
    return refuse('the file must be JSON', (cause as Error).message, cause);
  }
  const parsed = judgeFileSchema.safeParse(raw);
  if (!parsed.success)
    return refuse(
      'the file must hold a judge',
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
    );
  const { hash, ...rest } = parsed.data;
  const found = contentHash(rest);
  if (found !== hash) return refuse(`the content must have hash ${hash}`, found);
  return parsed.data;
}

/** The model that a file holds. */
export function unpackModel(file: JudgeFile): LinearJudgeModel {
  return {
    vocabulary: {
      words: unpackVocabulary(file.words, file.documents, WORD_ANALYZER),
      characters: unpackVocabulary(file.characters, file.documents, CHARACTER_ANALYZER),
    },
    magnitude: { weights: unpackWeights(file.magnitude), intercept: file.magnitude.intercepts[0] },
    profile: {
      classes: file.classes,
      weights: unpackWeights(file.profile),
      intercepts: Float64Array.from(file.profile.intercepts),
      steps: 0,
    },
  };
}

function packVocabulary(tfidf: Tfidf, documents: number) {
  // idf = ln((1 + N) / (1 + n)) + 1, so n comes back exactly by rounding.
  const counts = Uint16Array.from(tfidf.idf, (idf) => Math.round((1 + documents) / Math.exp(idf - 1) - 1));
  return { terms: [...tfidf.columns.keys()].join('\n'), documents: base64(counts) };
}

function unpackVocabulary(
  packed: { terms: string; documents: string },
  documents: number,
  analyzer: Tfidf['analyzer'],
): Tfidf {
  const counts = new Uint16Array(bytesOf(packed.documents));
  return {
    analyzer,
    columns: new Map(packed.terms.split('\n').map((term, column) => [term, column])),
    idf: Float64Array.from(counts, (n) => Math.log((1 + documents) / (1 + n)) + 1),
  };
}

function packWeights(weights: Float64Array, intercepts: number[]) {
  let most = 0;
  for (const weight of weights) most = Math.max(most, Math.abs(weight));
  const scale = Number((most / 32000).toPrecision(6));
  const values = Int16Array.from(weights, (weight) => Math.round(weight / scale));
  return { scale, values: base64(values), intercepts: intercepts.map((value) => Number(value.toPrecision(6))) };
}

function unpackWeights(packed: { scale: number; values: string }): Float64Array {
  return Float64Array.from(new Int16Array(bytesOf(packed.values)), (value) => value * packed.scale);
}

function base64(values: Int16Array | Uint16Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

function bytesOf(text: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(text, 'base64')).buffer;
}
