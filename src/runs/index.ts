export { appendJsonl, readJsonl } from './jsonl';
export { acquireLock } from './lock';

export { listRuns, RunDirectory, type RunManifest, writeFileAtomic } from './run-directory';
export { runsRoot } from './runs-root';
