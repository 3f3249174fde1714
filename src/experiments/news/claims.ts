import type { LabelSet } from '../../labels';
import { conditionName } from './conditions';
import { type Comparison, type NewsSummary, toBaseline } from './summary';

/** One expectation, stated before the run, and whether the numbers bear it out. */
export interface CheckedClaim {
  readonly claim: string;
  /** Null where the numbers that would decide it are missing. */
  readonly holds: boolean | null;
  readonly evidence: string;
}

/** MST under the deployment label must lie below the baseline on this share of contrast topics. */
const CLEAR_SHARE = 0.85;
/** Shuffled is flat if its means over the labels spread less than this share of MST's. */
const FLAT_SHARE = 0.25;

/** What the method predicts for the contrast-set likelihood, each prediction held against the numbers. */
export function checkClaims(
  summary: NewsSummary,
  labelSet: LabelSet,
  deploymentLabel: string,
  { wording = null }: { wording?: string | null } = {},
): CheckedClaim[] {
  const name = (arm: 'mst' | 'shuffled', value: string) =>
    conditionName({ arm, label: labelSet.get(value, wording ?? undefined) });
  const against = (left: string, right = 'baseline/none'): Comparison | undefined =>
    summary.comparisons.find(
      (c) => c.left === left && c.right === right && c.measure === 'contrast-set log-odds (nats)',
    );
  const trained = labelSet.values.filter(({ trained }) => trained);
  const strong = trained.filter(({ slant }) => Math.abs(slant ?? 0) >= 2);
  const center = trained.filter(({ slant }) => Math.abs(slant ?? 0) === 1);
  const claims: CheckedClaim[] = [
    verdictOn(
      `MST under ${deploymentLabel} lies below the unlabelled baseline on at least ${CLEAR_SHARE * 100}% of topics`,
      against(name('mst', deploymentLabel)),
      (c) => c.record.wins / c.difference.pairs.length >= CLEAR_SHARE,
    ),
    verdictOn(
      `MST under ${deploymentLabel} lies below shuffled under the same label (interval below 0)`,
      against(name('mst', deploymentLabel), name('shuffled', deploymentLabel)),
      (c) => (c.difference.high === null ? null : c.difference.high < 0),
    ),
    ...strong.map(({ value }) =>
      verdictOn(`MST under ${value} lies above the baseline (interval above 0)`, against(name('mst', value)), (c) =>
        c.difference.low === null ? null : c.difference.low > 0,
      ),
    ),
    ...center.map(({ value }) =>
      verdictOn(`MST under ${value} lies below the baseline (interval below 0)`, against(name('mst', value)), (c) =>
        c.difference.high === null ? null : c.difference.high < 0,
      ),
    ),
    flatClaim(
      [...trained.map(({ value }) => value), deploymentLabel].map((value) => ({
        mst: meanOf(summary, name('mst', value)),
        shuffled: meanOf(summary, name('shuffled', value)),
      })),
    ),
  ];
  return claims;
}

function verdictOn(
  claim: string,
  comparison: Comparison | undefined,
  holds: (c: Comparison) => boolean | null,
): CheckedClaim {
  if (!comparison) return { claim, holds: null, evidence: 'not measured' };
  const { difference, record } = comparison;
  if (difference.estimate === null || difference.low === null || difference.high === null)
    return { claim, holds: null, evidence: difference.reason ?? 'no interval' };
  const range = `${difference.estimate.toFixed(2)} [${difference.low.toFixed(2)}, ${difference.high.toFixed(2)}] nats`;
  return {
    claim,
    holds: holds(comparison),
    evidence: `${range}, lower on ${record.wins} of ${difference.pairs.length} topics`,
  };
}

function meanOf(summary: NewsSummary, name: string): number | null {
  return toBaseline(summary, name)?.difference.estimate ?? null;
}

function flatClaim(means: readonly { mst: number | null; shuffled: number | null }[]): CheckedClaim {
  const claim = `shuffled does not follow the label: its means over the labels spread less than ${FLAT_SHARE * 100}% of MST's`;
  const spread = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value): value is number => value !== null);
    return known.length < values.length ? null : Math.max(...known) - Math.min(...known);
  };
  const [mst, shuffled] = [spread(means.map((m) => m.mst)), spread(means.map((m) => m.shuffled))];
  if (mst === null || shuffled === null) return { claim, holds: null, evidence: 'not measured' };
  return {
    claim,
    holds: shuffled < FLAT_SHARE * mst,
    evidence: `spread over ${means.length} labels: shuffled ${shuffled.toFixed(2)} nats, MST ${mst.toFixed(2)} nats`,
  };
}
