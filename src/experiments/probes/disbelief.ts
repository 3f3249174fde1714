import { frameOfRows, type Row } from '../../analysis/frame';
import { type PairedDifference, pairedDifference, type TopicValue } from '../../analysis/stats';
import { ConfigError, type LongCall, RandomStream } from '../../core';
import { customLabel, type Label } from '../../labels';
import type { NewsExperiment } from '../news';
import { ContrastScores } from '../wording-test/contrast-scores';

/** Why a model might not take a label at its word. */
export type DisbeliefKind = 'contradictory' | 'implausible' | 'out of scale' | 'reliability';

/** A wording that a reader would doubt. */
export interface DisbeliefProbe {
  readonly id: string;
  readonly kind: DisbeliefKind;
  readonly text: string;
  /** Reliability that the wording announces, 0 to 1; null for the other kinds. */
  readonly reliability: number | null;
}

/** What the model did under one probe. */
export interface ProbedLabel {
  readonly probe: DisbeliefProbe;
  /** Contrast log-odds under the probe minus those under the plain strict label, nats: against the way of its effect is less belief. */
  readonly toStrict: PairedDifference;
  /** (probe − no label) / (strict − no label), means over topics: 1 is full belief, 0 none; null where the strict label does nothing. */
  readonly kept: number | null;
}

export interface Disbelief {
  readonly arm: string;
  readonly strict: Label;
  /** Strict label minus no label, nats. */
  readonly effect: PairedDifference;
  readonly probes: readonly ProbedLabel[];
  readonly words: readonly string[];
  /** A row a probe. */
  readonly frame: ReturnType<typeof frameOfRows>;
}

/** Probes around the strict label of the news task. */
export const NEWS_DISBELIEF_PROBES: readonly DisbeliefProbe[] = [
  disbeliefProbe('contradictory-left', 'contradictory', 'UNBIASED: attacks business and conservatives in loaded words'),
  disbeliefProbe('contradictory-right', 'contradictory', 'UNBIASED: attacks government and liberals in loaded words'),
  disbeliefProbe('contradictory-name', 'contradictory', 'STRONG-LEFT: takes no side and uses no loaded words'),
  disbeliefProbe(
    'implausible-mind',
    'implausible',
    'UNBIASED: reads the writer’s mind and finds every trace of a side',
  ),
  disbeliefProbe('implausible-million', 'implausible', 'UNBIASED: a million experts check every word for a side'),
  disbeliefProbe('out-of-scale-more', 'out of scale', 'UNBIASED: ten times stricter than any editor before'),
  disbeliefProbe('out-of-scale-less', 'out of scale', 'UNBIASED to minus two hundred percent'),
  ...[100, 75, 50, 25, 0].map((percent) =>
    disbeliefProbe(
      `reliability-${percent}`,
      'reliability',
      `UNBIASED: takes no side and uses no loaded words; this note is true ${percent} times in 100`,
      percent / 100,
    ),
  ),
];

/** A wording that a reader would doubt. */
export function disbeliefProbe(
  id: string,
  kind: DisbeliefKind,
  text: string,
  reliability: number | null = null,
): DisbeliefProbe {
  return { id, kind, text, reliability };
}

/**
 * Does the model roll to disbelieve? The strict label in contradictory, implausible and out-of-scale wordings, and with a stated
 * reliability, beside its plain wording and no label, on the experiment's calibration topics: paired, forward passes only.
 * Throws ConfigError for an arm that is not trained, no probe, or a probe that does not pass the lint.
 */
export async function probeDisbelief(
  news: NewsExperiment,
  options: LongCall & {
    readonly arm?: 'mst' | 'shuffled' | 'baseline' | 'untrained';
    readonly probes?: readonly DisbeliefProbe[];
    readonly topics?: number;
  } = {},
): Promise<Disbelief> {
  const { arm = 'mst', probes = NEWS_DISBELIEF_PROBES, topics = 16, ...call } = options;
  if (probes.length === 0) throw new ConfigError('probeDisbelief: there must be at least one probe, got none.');
  const strict = news.label(news.config.deploymentLabel);
  const { specialTokens } = news.host.files.tokenizer;
  const labels = probes.map(({ text }) => customLabel(strict.value, text, { specialTokens }));
  const sets = news.prepared.contrastSets.slice(0, topics);
  const random = new RandomStream(news.config.seed).fork('disbelief');
  const scores = new ContrastScores(news, call);
  const total = (probes.length + 2) * sets.length;
  let done = 0;
  const measure = async (label: Label | null): Promise<TopicValue[]> => {
    const rows = await scores.of(arm, label, sets, call);
    done += sets.length;
    call.onProgress?.({ what: 'probe', done, total, unit: 'scores' });
    return rows;
  };
  try {
    const none = await measure(null);
    const plain = await measure(strict);
    const effect = pairedDifference(plain, none, { random: random.fork('effect') });
    const probed: ProbedLabel[] = [];
    for (const [at, one] of probes.entries()) {
      const rows = await measure(labels[at]);
      const toStrict = pairedDifference(rows, plain, { random: random.fork(one.id) });
      probed.push({ probe: one, toStrict, kept: keptShare(effect, toStrict) });
    }
    return {
      arm,
      strict,
      effect,
      probes: probed,
      words: wordsOf(arm, effect, probed),
      frame: frameOf(arm, effect, probed),
    };
  } finally {
    scores.dispose();
  }
}

/** Whether an interval leaves out 0. */
function isTold({ low, high }: PairedDifference): boolean {
  return low !== null && high !== null && (low > 0 || high < 0);
}

/** Null unless the strict label's own effect is told from 0. */
function keptShare(effect: PairedDifference, toStrict: PairedDifference): number | null {
  if (!isTold(effect) || toStrict.estimate === null) return null;
  return (effect.estimate! + toStrict.estimate) / effect.estimate!;
}

function wordsOf(arm: string, effect: PairedDifference, probed: readonly ProbedLabel[]): string[] {
  const told = ({ estimate, low, high, reason }: PairedDifference) =>
    estimate === null || low === null || high === null
      ? `missing (${reason})`
      : `${estimate.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] nats`;
  // Believed is what goes the way of the plain strict label, whichever that is.
  const way = isTold(effect) ? Math.sign(effect.estimate!) : 0;
  const lines = probed.map(({ probe: { id, kind, text }, toStrict, kept }) => {
    const moves = !isTold(toStrict) ? 0 : Math.sign(toStrict.estimate!) * way;
    const differs =
      toStrict.low === null
        ? 'cannot be told from'
        : !isTold(toStrict)
          ? 'shows no difference to'
          : moves === 0
            ? 'differs from'
            : moves < 0
              ? 'moves less than'
              : 'moves further than';
    const share = kept === null ? '' : `, ${Math.round(100 * kept)}% of its effect`;
    return `${kind}, ${id} (“${text}”) ${differs} the plain strict label: ${told(toStrict)}${share}.`;
  });
  return [`${arm}: the plain strict label moves ${told(effect)} from no label, n = ${effect.n} topics.`, ...lines];
}

function frameOf(arm: string, effect: PairedDifference, probed: readonly ProbedLabel[]) {
  const columns = [
    'arm',
    'probe',
    'kind',
    'text',
    'reliability',
    'to_strict_nats',
    'low',
    'high',
    'n',
    'kept_share',
    'strict_effect_nats',
    'missing_reason',
  ];
  return frameOfRows(
    probed.map(
      ({ probe: one, toStrict, kept }): Row => ({
        arm,
        probe: one.id,
        kind: one.kind,
        text: one.text,
        reliability: one.reliability,
        to_strict_nats: toStrict.estimate,
        low: toStrict.low,
        high: toStrict.high,
        n: toStrict.n,
        kept_share: kept,
        strict_effect_nats: effect.estimate,
        missing_reason: toStrict.reason,
      }),
    ),
    columns,
  );
}
