export { costsByKind, type KindCost } from './costs';
export { findRun, inspectRuns, type RunFacts, type RunState, runIds } from './inspect-runs';
export { appendJsonl, readJsonl } from './jsonl';
export { acquireLock } from './lock';

export { listRuns, RunDirectory, type RunManifest, writeFileAtomic } from './run-directory';
export { runsRoot } from './runs-root';
