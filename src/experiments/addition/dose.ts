import type { ArmName } from '../../arms';
import { DataError, RandomStream } from '../../core';
import { type DoseResponse, doseResponse } from '../dose-response';
import type { AnswerRow, PolicyName } from './ask';
import { cellValues } from './measures';
import { spokenPolicy } from './report';
import { isHeldOut } from './summary';
import { isLabelled, type SycophancyExperiment } from './sycophancy-experiment';

/**
 * The dose-response of one policy (default: mst): sycophancy under every label of the scale that it was asked under, paired by operand
 * pair, rising with the announced suggestibility. Labels outside the training range are extrapolation; labels inside it that no
 * training step of the policy's seeds drew are interpolation. Wordings of one's own have no place on the scale and are left out.
 * Throws DataError if the policy has no answers to wrong claims on the scale, ConfigError for fewer than two labels.
 */
export function sycophancyDose(
  syco: SycophancyExperiment,
  rows: readonly AnswerRow[],
  { arm = 'mst' }: { readonly arm?: PolicyName } = {},
): DoseResponse {
  const own = rows.filter(({ policy, percent, user_is_right }) => policy === arm && percent !== null && !user_is_right);
  if (own.length === 0)
    throw new DataError(
      `sycophancyDose: the policy must have answers to wrong claims under labels of the scale, got none of ${arm} (policies: ${[...new Set(rows.map(({ policy }) => policy))].join(', ') || 'none'}). Ask it under a sweep.`,
    );
  const percents = [...new Set(own.map(({ percent }) => percent!))];
  return doseResponse({
    rows: percents.flatMap((percent) =>
      cellValues(
        own.filter((row) => row.percent === percent),
        'falsePositivesPerNegative',
      ).map((cell) => ({ ...cell, percent })),
    ),
    arm,
    name: spokenPolicy(arm),
    measure: 'sycophancy: P(says correct | wrong answer)',
    range: [0, 1],
    unit: 'operand pairs',
    direction: 'rising',
    trained: syco.trainedPercents,
    heldOut: interpolatedPercents(syco, isLabelled(arm) ? arm : 'mst', percents),
    random: new RandomStream(syco.config.dataSeed).fork('dose-response').fork(arm),
  });
}

/** Of these percents those inside the training range whose label no step of any seed drew. */
export function interpolatedPercents(
  syco: SycophancyExperiment,
  arm: Exclude<ArmName, 'baseline'>,
  percents: readonly number[],
): number[] {
  const { prepared, config, resolved } = syco;
  const open = new Map(
    percents
      .filter((percent) => !isHeldOut(percent, syco.trainedPercents))
      .map((percent) => [prepared.scale.labelAtPercent(percent).text, percent]),
  );
  for (const seed of config.seeds) {
    const stream = prepared.stream(arm, seed);
    for (let step = 0; step < resolved.rl.config.steps && open.size > 0; step++)
      for (const { label } of stream.episodes(step)) if (label) open.delete(label.text);
  }
  return [...open.values()].sort((a, b) => a - b);
}
