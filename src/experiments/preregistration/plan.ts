import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, contentHash, FileFormatError } from '../../core';
import { writeFileAtomic } from '../../runs';

const sideSchema = z.strictObject({
  arm: z.string().min(1).describe('Arm of this side.'),
  label: z.string().min(1).nullable().describe('Label of this side: its id or value; null: none.'),
});

/** One prediction that can fail. */
export const hypothesisSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z][\w-]*$/)
    .describe('Short name, as H1.'),
  claim: z.string().min(1).describe('What is expected, in words.'),
  measure: z.string().min(1).describe('The measure, as the summary names it.'),
  left: sideSchema,
  right: sideSchema,
  direction: z.enum(['lower', 'higher', 'different']).describe('Where the left side is expected to lie.'),
  test: z.string().min(1).describe('The test whose p is read, as the summary names it.'),
});
export type Hypothesis = z.output<typeof hypothesisSchema>;

/** What is fixed before a confirmatory run. */
export const planSchema = z.strictObject({
  title: z.string().min(1),
  question: z.string().min(1).describe('What is to be found out.'),
  hypotheses: z.array(hypothesisSchema).min(1).describe('All that will be tested: p is adjusted by Holm over these.'),
  alpha: z.number().gt(0).lt(1).default(0.05).describe('Level of the tests after adjustment.'),
  arms: z.array(z.string().min(1)).min(1),
  labels: z.array(z.string().min(1)).describe('Labels that will be asked.'),
  topics: z.int().min(1).describe('Topics of each condition (topics).'),
  seeds: z.array(z.int().min(0)).min(1).describe('Training seeds.'),
  exclusions: z.array(z.string().min(1)).describe('What is left out, by which rule.'),
  stopRule: z.string().min(1).describe('When the collection ends.'),
  leastJudgedShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.95)
    .describe('Share of texts that must have a verdict in each condition, else the run says nothing.'),
  config: z
    .record(z.string(), z.json())
    .describe('The resolved settings of the run, data and model hashes included: what is compared for deviations.'),
});
export type Plan = z.output<typeof planSchema>;
export type PlanInput = z.input<typeof planSchema>;

/** A plan on disk, fixed. */
export interface FrozenPlan {
  readonly plan: Plan;
  /** SHA-256 of the plan's canonical JSON. */
  readonly hash: string;
  /** ISO 8601. */
  readonly frozenAt: string;
  readonly dir: string;
}

/**
 * Fixes a plan: checks it, writes `plan.json` into the folder and never again. The same plan frozen once more gives back what is there.
 * Throws ConfigError, all problems in one message, for a plan that is not whole or hypotheses that name an arm or label that the plan
 * does not have; ConfigError where the folder holds another plan.
 */
export function freezePlan(input: PlanInput, dir: string): FrozenPlan {
  const parsed = planSchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'plan'}: ${message}`);
    throw new ConfigError(`freezePlan: a plan must be whole, got ${problems.join('; ')}. Correct these fields.`);
  }
  const plan = parsed.data;
  const problems = planProblems(plan);
  if (problems.length > 0)
    throw new ConfigError(`freezePlan: a plan must be of one piece, got ${problems.join('; ')}. Correct the plan.`);
  const hash = contentHash(plan);
  if (existsSync(join(dir, 'plan.json'))) {
    const known = readPlan(dir);
    if (known.hash === hash) return known;
    throw new ConfigError(
      `freezePlan: a frozen plan must not change, got another plan for ${dir} (frozen ${known.hash.slice(0, 12)}, given ${hash.slice(0, 12)}). Freeze it in a folder of its own, or record a deviation.`,
    );
  }
  mkdirSync(dir, { recursive: true });
  const frozenAt = new Date().toISOString();
  writeFileAtomic(join(dir, 'plan.json'), `${JSON.stringify({ hash, frozenAt, plan }, null, 2)}\n`);
  return { plan, hash, frozenAt, dir };
}

/** Reads a frozen plan. Throws ConfigError where there is none, FileFormatError if it was changed after it was frozen. */
export function readPlan(dir: string): FrozenPlan {
  const path = join(dir, 'plan.json');
  if (!existsSync(path))
    throw new ConfigError(`readPlan: the folder must hold a frozen plan, got no plan.json (${dir}). Freeze one first.`);
  const stored = z.strictObject({ hash: z.string(), frozenAt: z.string(), plan: planSchema });
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new FileFormatError(`readPlan: a plan must be JSON, this one is not (${path}). Take it from a copy.`, {
      cause,
    });
  }
  const parsed = stored.safeParse(raw);
  if (!parsed.success || contentHash(parsed.data.plan) !== parsed.data.hash)
    throw new FileFormatError(
      `readPlan: a frozen plan must be what it was, this one was changed after it was frozen (${path}). Take it from a copy; a change of plan is a deviation.`,
    );
  return { ...parsed.data, dir };
}

function planProblems({ hypotheses, arms, labels }: Plan): string[] {
  const ids = hypotheses.map(({ id }) => id);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  return [
    ...twice.map((id) => `hypothesis ${id} twice`),
    ...hypotheses.flatMap(({ id, left, right }) =>
      [left, right].flatMap((side) => [
        ...(arms.includes(side.arm) || side.arm === 'untrained'
          ? []
          : [`${id} names the arm ${side.arm}, which is not planned`]),
        ...(side.label === null || labels.includes(side.label)
          ? []
          : [`${id} names the label ${side.label}, which is not planned`]),
      ]),
    ),
    ...hypotheses
      .filter(({ left, right }) => left.arm === right.arm && left.label === right.label)
      .map(({ id }) => `${id} compares a condition with itself`),
  ];
}
