import { join } from 'node:path';
import { ConfigError, canonicalJson } from '../../core';
import { appendJsonl, readJsonl } from '../../runs';
import type { FrozenPlan } from './plan';

/** Something that was done otherwise than planned. */
export interface Deviation {
  /** ISO 8601. */
  readonly at: string;
  readonly what: string;
  readonly planned: string;
  readonly done: string;
  /** Why, in the researcher's words; null where it was found by comparison. */
  readonly why: string | null;
}

/** The deviations of a plan, oldest first. */
export function deviationsOf({ dir }: Pick<FrozenPlan, 'dir'>): Deviation[] {
  return readJsonl<Deviation>(join(dir, 'deviations.jsonl'));
}

/** Records a deviation with its reason; the list only grows. Throws ConfigError without a reason. */
export function recordDeviation(
  plan: Pick<FrozenPlan, 'dir'>,
  { what, planned, done, why }: Omit<Deviation, 'at' | 'why'> & { readonly why: string },
): Deviation {
  if (why.trim() === '' || what.trim() === '')
    throw new ConfigError(
      'recordDeviation: what was done otherwise and why must be said, got nothing. Write a sentence.',
    );
  return append(plan, { what, planned, done, why });
}

/**
 * Compares the settings of a run with the plan's, field by field, and records each difference that is not in the list yet. Fields that
 * the plan does not name are not compared. Gives back the differences that stand now.
 */
export function compareWithPlan(frozen: FrozenPlan, config: Readonly<Record<string, unknown>>): Deviation[] {
  const known = deviationsOf(frozen);
  const differing = Object.entries(frozen.plan.config).flatMap(([field, planned]) => {
    const done = config[field];
    return done !== undefined && canonicalJson(done) === canonicalJson(planned)
      ? []
      : [
          {
            what: `config.${field}`,
            planned: canonicalJson(planned),
            done: done === undefined ? 'not set' : canonicalJson(done),
          },
        ];
  });
  return differing.map(
    (one) =>
      known.find(({ what, done }) => what === one.what && done === one.done) ?? append(frozen, { ...one, why: null }),
  );
}

function append({ dir }: Pick<FrozenPlan, 'dir'>, deviation: Omit<Deviation, 'at'>): Deviation {
  const row = { at: new Date().toISOString(), ...deviation };
  appendJsonl(join(dir, 'deviations.jsonl'), [row]);
  return row;
}
