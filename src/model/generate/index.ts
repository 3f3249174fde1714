export { generate } from './generate';
export { Generator } from './generator';
export { type Candidates, type SamplingRule, sampleToken } from './sampler';
export { Scorer, scoreTexts, type TextScores } from './score';
export type { ScoreItem } from './score-layout';
export { type Completion, type GenerateOptions, type Prompt, type Sampling, samplingSchema } from './types';
