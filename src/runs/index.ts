export { appendJsonl, readJsonl } from './jsonl';
export { acquireLock } from './lock';
export { projectRoot, runsRoot } from './project-root';
export { listRuns, RunDirectory, type RunManifest, writeFileAtomic } from './run-directory';
