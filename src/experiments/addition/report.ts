import { printEstimate } from '../../analysis/stats';
import type { PolicyName } from './ask';
import { type AdditionComparison, type AdditionSummary, conditionAt, isHeldOut } from './summary';
import type { TrainedPolicy } from './train-arm';
import type { WarmStart } from './warm-start';

/** The result for a terminal: a line a policy and label, what the label moves, the article's numbers, MST against its controls. */
export function additionSummaryText(summary: AdditionSummary): string {
  const header = ['policy', 'label', 'sycophancy', 'P(correct | right)', 'accuracy', "d'", 'on Yes or No'];
  const rows = summary.conditions.map(({ policy, label, percent, measures, validMass }) => {
    const hits = measures.falseNegativesPerPositive.estimate;
    return [
      spokenPolicy(policy),
      label === null ? 'none' : `${label}${isHeldOut(percent, summary.trained) ? ' (never trained)' : ''}`,
      printEstimate(measures.falsePositivesPerNegative),
      hits === null ? 'missing' : (1 - hits).toFixed(2),
      printEstimate(measures.accuracy),
      printEstimate(measures.dPrime),
      validMass.toFixed(3),
    ];
  });
  const { n, seeds, method } = (summary.conditions.find(({ policy }) => policy === 'mst') ?? summary.conditions[0])
    .measures.falsePositivesPerNegative;
  return [
    ...aligned([header, ...rows]),
    '',
    `${n} operand pairs${seeds ? ` and ${seeds} seeds` : ', one seed'}; intervals: 95% ${method}. ${summary.conditions[0].answers} answers a condition and seed or more; sycophancy: false positives per negative.`,
    '',
    ...summary.labelEffects.map(
      ({ policy, labels, effect, rangeOfMeans }) =>
        `${spokenPolicy(policy)}: over ${labels} labels the mean sycophancy moves by ${rangeOfMeans.toFixed(3)}, on the same problem by ${printEstimate(effect)}`,
    ),
    '',
    besideArticleText(summary),
    '',
    comparisonsText(summary),
  ].join('\n');
}

/** MST against its controls, a line each: difference, interval, p. */
export function comparisonsText({ comparisons }: Pick<AdditionSummary, 'comparisons'>): string {
  return comparisons
    .map(({ difference, pHolm, measure, ...names }) => {
      const p = pHolm === null ? '' : `, p ${pHolm < 0.001 ? '< 0.001' : `= ${pHolm.toFixed(3)}`} (Holm)`;
      return `${measure === 'accuracy' ? 'accuracy' : 'sycophancy'}: ${spokenComparison(names)} = ${printEstimate(difference)}${p}`;
    })
    .join('\n');
}

/** The article's numbers for its untrained model beside those here. */
export function besideArticleText({ besideArticle }: Pick<AdditionSummary, 'besideArticle'>): string {
  return besideArticle
    .map(
      ({ what, article, here }) =>
        `${what}: ${article} in the article, ${here ? printEstimate(here) : 'not asked'} here`,
    )
    .join('\n');
}

/** What the warm start learned on held-out pairs, beside the model as it came. Ask both without label. */
export function warmStartText(warm: WarmStart | null, summary: AdditionSummary): string {
  if (!warm) return 'No warm start: every arm begins with the model as it came.';
  const losses = warm.metrics.flatMap(({ loss }) => loss ?? []);
  const quality = (['untrained', 'warm-start'] as const).map((policy) => {
    const found = conditionAt(summary, policy, null);
    if (!found) return `${spokenPolicy(policy)}: not asked`;
    const { accuracy, falsePositivesPerNegative, falseNegativesPerPositive: missed } = found.measures;
    const right = missed.estimate === null ? 'missing' : (1 - missed.estimate).toFixed(2);
    return `${spokenPolicy(policy)}: P(correct | right) ${right}, P(correct | wrong) ${printEstimate(falsePositivesPerNegative)}, accuracy ${printEstimate(accuracy)}, ${(100 * found.validMass).toFixed(1)}% of the probability on Yes and No`;
  });
  return [
    `warm start: ${warm.metrics.length} steps${warm.trainedNow ? '' : ' (found on disk)'}, loss ${losses[0]?.toFixed(3) ?? 'missing'} to ${losses.at(-1)?.toFixed(3) ?? 'missing'} nats`,
    ...quality,
  ].join('\n');
}

/** How training went, an arm and seed a line, then every alarm in words. */
export function trainingText(trained: readonly TrainedPolicy[]): string {
  const lines = trained.map((policy) => {
    const last = policy.metrics.at(-1);
    const effect = policy.probes.at(-1)?.labelEffect ?? null;
    const seconds = last?.elapsedSeconds ?? 0;
    return `${nameOf(policy, trained)}: ${last?.step ?? 0} steps in ${(seconds / 60).toFixed(1)} min${policy.trainedNow ? '' : ' (found on disk)'}, expected reward ${last?.expectedReward.toFixed(3) ?? 'missing'}, entropy ${last?.entropy.toFixed(3) ?? 'missing'} nats${effect === null ? '' : `, the label moves the answer to a training problem by ${effect.toFixed(2)}`}`;
  });
  return [...lines, ...alarmText(trained).split('\n')].join('\n');
}

/** Where the probe found the label ignored, as steps in words; says so too where it never did. */
export function alarmText(trained: readonly TrainedPolicy[]): string {
  return trained
    .flatMap((policy) => {
      const name = nameOf(policy, trained);
      if (policy.probes.every(({ labelEffect }) => labelEffect === null)) return [];
      const stopped = policy.stopped === null ? [] : [`${name}: STOPPED EARLY: ${policy.stopped}`];
      const spans = spansOf(policy.probes.map(({ step, alarm }) => ({ step, alarm })));
      if (spans.length === 0) return [`${name}: no alarm in ${policy.probes.length} probes`, ...stopped];
      return [
        ...spans.map(({ alarm, from, to, open }) => {
          const when = open
            ? `from step ${from} to the end (${to})`
            : from === to
              ? `at step ${from}`
              : `from step ${from} to ${to}`;
          return alarm === 'collapsed'
            ? `${name}: ALARM ${when}: the label is ignored and no entropy is left, so no gradient leads out`
            : `${name}: alarm ${when}: the label is ignored so far`;
        }),
        ...stopped,
      ];
    })
    .join('\n');
}

function spansOf(
  probes: readonly { readonly step: number; readonly alarm: string }[],
): { alarm: string; from: number; to: number; open: boolean }[] {
  const spans: { alarm: string; from: number; to: number; open: boolean }[] = [];
  let before = 'quiet';
  for (const { step, alarm } of probes) {
    const last = spans.at(-1);
    if (alarm !== 'quiet' && alarm === before && last) last.to = step;
    else if (alarm !== 'quiet') spans.push({ alarm, from: step, to: step, open: false });
    before = alarm;
  }
  const last = spans.at(-1);
  if (last && last.to === probes.at(-1)?.step) last.open = true;
  return spans;
}

function nameOf({ arm, seed }: TrainedPolicy, all: readonly TrainedPolicy[]): string {
  const several = new Set(all.map((policy) => policy.seed)).size > 1;
  return several ? `${spokenPolicy(arm)}, seed ${seed}` : spokenPolicy(arm);
}

/** A policy as a reader says it. */
export function spokenPolicy(policy: PolicyName): string {
  return policy === 'mst' ? 'MST' : policy === 'warm-start' ? 'warm start' : policy;
}

/** `MST − shuffled under 0%`, `MST under 0% − baseline without label`. */
export function spokenComparison({
  left,
  right,
  label,
  rightLabel,
}: Pick<AdditionComparison, 'left' | 'right' | 'label' | 'rightLabel'>): string {
  return rightLabel === null
    ? `${spokenPolicy(left)} under ${label} − ${spokenPolicy(right)} without label`
    : `${spokenPolicy(left)} − ${spokenPolicy(right)}, both under ${label}`;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}
