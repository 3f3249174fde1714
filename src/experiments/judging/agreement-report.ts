import {
  type AgreementEstimate,
  type ConfusionTable,
  confusionTable,
  krippendorffAlpha,
  type RaterDifference,
  raterDifference,
  spearman,
  weightedKappa,
} from '../../analysis/stats';
import { ConfigError, RandomStream } from '../../core';
import type { Judgement, Verdict } from '../../judge';
import { type HumanLabel, textIdOf } from './human-labels';
import { humanRaters, humansTogether, judgeRater, type Rater, type RaterKind, VERDICTS } from './raters';

export interface AgreementInput {
  /** The texts that were judged, and the topic of each if texts share topics. */
  readonly texts: readonly { readonly text: string; readonly topicId?: string }[];
  /** What each judge says of the texts, by the judge's name, in their order. */
  readonly judgements: Readonly<Record<string, readonly Judgement[]>>;
  readonly human?: readonly HumanLabel[];
  /** What the offline judge says of the texts. */
  readonly offline?: readonly Judgement[];
}

export type PairKind = `${RaterKind}-${RaterKind}`;

/** How two raters agree, or, where `right` is null, all raters of a kind together. */
export interface AgreementRow {
  readonly kind: PairKind | 'all humans' | 'all judges';
  readonly left: string;
  readonly right: string | null;
  /** Texts that both gave a verdict; of several raters, that at least two did. */
  readonly verdicts: number;
  readonly magnitudes: number;
  /** Of verdicts, quadratic weights; null for more than two raters. */
  readonly kappa: AgreementEstimate | null;
  /** Krippendorff's, ordinal, of verdicts. */
  readonly alphaVerdict: AgreementEstimate;
  /** Krippendorff's, interval, of magnitudes. */
  readonly alphaMagnitude: AgreementEstimate;
  readonly spearman: AgreementEstimate | null;
  /** Magnitude of left − right. */
  readonly difference: RaterDifference | null;
  readonly confusion: ConfusionTable<Verdict> | null;
}

export interface AgreementReport {
  readonly rows: readonly AgreementRow[];
  readonly texts: number;
  /** Texts with a label of at least one person. */
  readonly labelled: number;
  /** Labels whose text is not among those given. */
  readonly labelsOfOtherTexts: number;
}

/**
 * How people, judges and the offline judge agree on the same texts, pair by pair: people with each other, each judge with
 * the people together (and with each of them if there are several), judges with each other and with the offline judge.
 * A pair uses the texts that both rated. Intervals: bootstrap over texts, or over topics where texts share them.
 * Throws ConfigError for a judge that lacks a judgement for a text, or without two raters.
 */
export function agreementReport(
  input: AgreementInput,
  seed: number | string,
  { resamples }: { readonly resamples?: number } = {},
): AgreementReport {
  const ids = input.texts.map(({ text }) => textIdOf(text));
  const topics = input.texts.map(({ topicId }, at) => topicId ?? ids[at]);
  const labels = input.human ?? [];
  const humans = humanRaters(labels, ids);
  const judges = Object.entries(input.judgements).map(([name, own]) => judgeRater(name, 'judge', own, ids.length));
  const offline = input.offline ? [judgeRater('offline', 'offline', input.offline, ids.length)] : [];
  const together = humans.length > 1 ? [humansTogether(humans, ids.length)] : humans;
  if (humans.length + judges.length + offline.length < 2)
    throw new ConfigError(
      `agreementReport: needs at least 2 raters of the texts, got ${humans.length} people, ${judges.length} judges and ${offline.length} offline judges (${labels.length} labels, none of these texts counts). Judge the texts, or label some of them.`,
    );
  const everyone = humans.length > 1 ? [...together, ...humans] : together;
  const machines = [...judges, ...offline];
  const pairs = [
    ...pairsOf(humans),
    ...machines.flatMap((judge) => everyone.map((human) => [human, judge] as const)),
    ...pairsOf(judges),
    ...judges.flatMap((judge) => offline.map((other) => [judge, other] as const)),
  ];
  const random = new RandomStream(seed).fork('agreement');
  const settings: Settings = {
    random,
    // Intervals over topics only where texts share them: elsewhere each text stands for itself.
    ...(new Set(topics).size < ids.length ? { clusters: topics } : {}),
    ...(resamples === undefined ? {} : { resamples }),
  };
  const groups = [
    { kind: 'all humans' as const, raters: humans },
    { kind: 'all judges' as const, raters: judges },
  ].filter(({ raters }) => raters.length > 2);
  const known = new Set(ids);
  return {
    rows: [
      ...pairs.map(([left, right]) => pairRow(left, right, settings)),
      ...groups.map(({ kind, raters }) => groupRow(kind, raters, settings)),
    ],
    texts: ids.length,
    labelled: ids.filter((id) => labels.some(({ textId }) => textId === id)).length,
    labelsOfOtherTexts: labels.filter(({ textId }) => !known.has(textId)).length,
  };
}

function pairsOf(raters: readonly Rater[]): (readonly [Rater, Rater])[] {
  return raters.flatMap((left, at) => raters.slice(at + 1).map((right) => [left, right] as const));
}

type Settings = Parameters<typeof spearman>[2];

function pairRow(left: Rater, right: Rater, settings: Settings): AgreementRow {
  const options = { ...settings, random: settings.random.fork(`${left.name} ${right.name}`) };
  const { clusters } = settings;
  const verdicts = { left: left.verdicts, right: right.verdicts, categories: VERDICTS };
  const confusion = confusionTable(verdicts);
  const difference = raterDifference(left.magnitudes, right.magnitudes, clusters ? { clusters } : {});
  return {
    kind: `${left.kind}-${right.kind}`,
    left: left.name,
    right: right.name,
    verdicts: confusion.n,
    magnitudes: difference.items,
    kappa: weightedKappa(verdicts, { ...options, weights: 'quadratic' }),
    ...alphas([left, right], options),
    spearman: spearman(left.magnitudes, right.magnitudes, options),
    difference,
    confusion,
  };
}

function groupRow(kind: 'all humans' | 'all judges', raters: readonly Rater[], settings: Settings): AgreementRow {
  const found = alphas(raters, { ...settings, random: settings.random.fork(kind) });
  return {
    kind,
    left: raters.map(({ name }) => name).join(', '),
    right: null,
    verdicts: found.alphaVerdict.items,
    magnitudes: found.alphaMagnitude.items,
    kappa: null,
    ...found,
    spearman: null,
    difference: null,
    confusion: null,
  };
}

function alphas(raters: readonly Rater[], options: Settings): Pick<AgreementRow, 'alphaVerdict' | 'alphaMagnitude'> {
  const places = raters.map(({ verdicts }) =>
    verdicts.map((verdict) => (verdict === null ? null : VERDICTS.indexOf(verdict))),
  );
  return {
    alphaVerdict: krippendorffAlpha(places, { ...options, metric: 'ordinal' }),
    alphaMagnitude: krippendorffAlpha(
      raters.map(({ magnitudes }) => magnitudes),
      { ...options, metric: 'interval' },
    ),
  };
}
