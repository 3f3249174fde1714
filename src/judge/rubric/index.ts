export {
  type MagnitudeRubric,
  type PairwiseRubric,
  parseRubric,
  type Rubric,
  readRubric,
  rubricIds,
} from './rubric-file';
export { magnitudeRubricSchema, pairwiseRubricSchema } from './rubric-schema';
export { structuredSchema } from './structured-schema';
export {
  type MagnitudeVerdict,
  magnitudeVerdictSchema,
  type PairwiseVerdict,
  pairwiseVerdictSchema,
  type ReadReply,
  readReply,
  verdictSchema,
} from './verdict';
