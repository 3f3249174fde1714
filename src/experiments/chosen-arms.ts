import type { LabArm } from '../arms';
import { ConfigError } from '../core';

/** The arms of a call: those named, in the config's order, or all. Throws ConfigError for one that the config does not have. */
export function chosenArms<A extends LabArm>(
  configured: readonly A[],
  named: readonly A[] | undefined,
  where: string,
): readonly A[] {
  if (!named) return configured;
  const unknown = named.filter((arm) => !configured.includes(arm));
  if (unknown.length > 0)
    throw new ConfigError(
      `${where}: the arms must be among the config's, got ${unknown.join(', ')} (configured: ${configured.join(', ')}). Name some of these, or open the experiment with { arms }.`,
    );
  return configured.filter((arm) => named.includes(arm));
}
