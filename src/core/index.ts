export * from './content-hash';
export * from './errors';
export * from './progress';
export * from './project-root';
export * from './random';
