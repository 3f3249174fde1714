export { type Checkpoint, loadCheckpoint, saveCheckpoint } from './checkpoint';
export { learningRateAt, SCHEDULES, type Schedule, type ScheduleName } from './schedule';
export * from './sft';
