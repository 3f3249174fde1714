/** How the learning rate moves after its warm-up. */
export const SCHEDULES = ['cosine', 'linear', 'constant'] as const;
export type ScheduleName = (typeof SCHEDULES)[number];

export interface Schedule {
  readonly name: ScheduleName;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/**
 * The learning rate of step `step` (0 is the first). Warm-up: learningRate · step/warmupSteps; then with
 * u = (step - warmupSteps)/(totalSteps - warmupSteps): cosine ½(1 + cos πu), linear 1 - u, constant 1.
 * Source: transformers, get_cosine_schedule_with_warmup and its siblings; with a warm-up the first step is at 0.
 */
export function learningRateAt(schedule: Schedule, step: number): number {
  const { name, learningRate, warmupSteps, totalSteps } = schedule;
  if (step < warmupSteps) return (learningRate * step) / warmupSteps;
  if (name === 'constant') return learningRate;
  const u = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return learningRate * (name === 'linear' ? 1 - u : 0.5 * (1 + Math.cos(Math.PI * u)));
}
