export { type Checkpoint, loadCheckpoint, saveCheckpoint } from './checkpoint';
export { liveBytes } from './memory/live-bytes';
export { type FreeMemory, freeMemory, type PeakMemory, peakMemory } from './memory/machine-memory';
export { type MemoryOptions, memoryText, type RunMemory } from './memory/run-memory';
export { freshState, OPTIMISERS, type OptimiserName, optimiserBytes, optimiserState, optimiserStep } from './optimiser';
export * from './rl';
export { learningRateAt, SCHEDULES, type Schedule, type ScheduleName } from './schedule';
export * from './sft';
