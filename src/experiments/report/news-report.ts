import { differenceSentence } from '../../analysis/charts';
import { proofText } from '../../arms';
import type { LedgerRow } from '../../judge';
import type { RunManifest } from '../../runs';
import {
  armsFigure,
  type CheckedClaim,
  claimsText,
  comparisonsFrame,
  conditionsFrame,
  deploymentComparisons,
  differencesFigure,
  heatmapFigure,
  lossFigure,
  type MeasuredCondition,
  type NewsExperiment,
  type NewsMeasure,
  type NewsSummary,
  newsLabelLeak,
  preflightText,
  type ResolvedNewsConfig,
  spokenCondition,
  summaryText,
  sweepFigure,
  type TrainedArm,
  verdictsFigure,
} from '../news';
import { exampleHtml } from './example-html';
import { judgeBlocks } from './judge-blocks';
import { labVersion } from './lab-version';
import type { ReportBlock, ReportPage } from './report-page';

/** What a report of a news run is made from. */
export interface NewsReportRun {
  readonly task: 'news';
  readonly experiment: NewsExperiment;
  readonly measured: readonly MeasuredCondition[];
}

export interface ReportOptions {
  /** When it was made, ISO 8601. */
  readonly createdAt: string;
  /** What the reader wants to know; default: the question of the task. */
  readonly question?: string;
  /** What was paid for, as `lab.ledger()` gives it; left out: nothing is said of cost. */
  readonly ledger?: readonly LedgerRow[];
  /** The trained arms, for loss curves and their runs; left out: neither is shown. */
  readonly trained?: readonly Pick<TrainedArm, 'arm' | 'metrics' | 'manifest'>[];
  /** Topics among the examples; default: the first four. */
  readonly topics?: readonly string[];
  /** Whether the label can be told from the prompt is measured anew (some seconds); default true. */
  readonly audit?: boolean;
}

const EXAMPLES = 4;
const QUESTION =
  'Does a model that was trained with true labels of slant write, and prefer, less slanted news when it is asked under a label that it never saw in training, and is that due to the labels being true?';

/** The page of a news run: question, answer, what was held fixed, settings, results, judge, threats, examples, versions. */
export function newsReportPage({ experiment, measured }: NewsReportRun, options: ReportOptions): ReportPage {
  const { config, prepared, host, resolved, judge } = experiment;
  const summary = experiment.summarise(measured);
  const measures = measuresOf(measured);
  const rows = measured.flatMap(({ samples }) => samples);
  const headlines = Object.fromEntries(prepared.data.topics.map(({ id, headline }) => [id, headline]));
  const leak = options.audit === false ? null : newsLabelLeak(prepared);
  const context = experiment.context;
  const title = `Monitor labels on slanted news: ${config.arms.join(', ')} asked under ${config.deploymentLabel}`;
  return {
    title,
    subtitle: `Made ${options.createdAt} by mstlab ${labVersion()}; model ${baseName(host.files.id)}; preset ${resolved.preset}.`,
    sections: [
      { title: 'Question', blocks: [{ kind: 'paragraphs', texts: [options.question ?? QUESTION] }] },
      {
        title: 'Answer',
        blocks: [
          { kind: 'list', items: answers(summary, measures, experiment) },
          ...claims(experiment.claims(summary)),
        ],
      },
      {
        title: 'Held fixed',
        blocks: [
          {
            kind: 'text',
            caption: 'Proof that the arms differ only where they should',
            text: proofText(prepared.proof),
          },
          {
            kind: 'text',
            caption: 'What the model reads: a training row of each arm, and the prompt at deployment',
            text: preflightText(prepared, host.files.tokenizer, config),
          },
        ],
      },
      { title: 'Settings', blocks: [settingsBlock(resolved)] },
      {
        title: 'Results',
        blocks: [
          ...figuresOf(summary, measures, context, options),
          {
            kind: 'frame',
            caption: 'A row a condition and temperature; intervals 95% over topics',
            frame: conditionsFrame(summary),
          },
          { kind: 'text', caption: 'The same as text', text: summaryText(summary, context) },
        ],
      },
      {
        title: 'Comparisons',
        blocks: [
          {
            kind: 'paragraphs',
            texts: [
              `Left − right, paired by topic; lower is better in both measures. p of a paired permutation test, p_holm adjusted over all ${summary.comparisons.length}.`,
            ],
          },
          ...(summary.comparisons.length === 0
            ? []
            : [{ kind: 'frame' as const, caption: 'A row a comparison', frame: comparisonsFrame(summary) }]),
        ],
      },
      {
        title: 'Judge',
        blocks: judgeBlocks({ rows, judge, quality: experiment.judgeReport(), ledger: options.ledger }),
      },
      {
        title: 'Threats',
        blocks: [
          { kind: 'list', items: threats(experiment, summary, measured, leak) },
          ...(leak ? [{ kind: 'text' as const, caption: 'Leak audit', text: leak.text }] : []),
        ],
      },
      ...(rows.length === 0
        ? []
        : [
            {
              title: 'Examples',
              blocks: [
                {
                  kind: 'html' as const,
                  html: exampleHtml(rows, {
                    topics: options.topics ?? [...new Set(rows.map((row) => row.topic_id))].slice(0, EXAMPLES),
                    headlines,
                  }),
                },
              ],
            },
          ]),
      { title: 'Versions and hashes', blocks: [versionsBlock(experiment, options.trained ?? [])] },
    ],
  };
}

function measuresOf(measured: readonly MeasuredCondition[]): NewsMeasure[] {
  const found: NewsMeasure[] = [];
  if (measured.some(({ contrast }) => contrast.length > 0)) found.push('contrast');
  if (measured.some(({ samples }) => samples.length > 0)) found.push('judged');
  return found;
}

/** MST at deployment against each control, in sentences that claim no more than their intervals. */
function answers(summary: NewsSummary, measures: readonly NewsMeasure[], { context }: NewsExperiment): string[] {
  const said = measures.flatMap((measure) =>
    deploymentComparisons(summary, measure, context).map(({ left, right, difference, record, pHolm }) => {
      const unit = measure === 'contrast' ? 'nats' : 'points of 10';
      const sentence = differenceSentence(spokenCondition(left), spokenCondition(right), difference, unit, 2);
      const p = pHolm === null ? '' : `, p ${pHolm < 0.001 ? '< 0.001' : `= ${pHolm.toFixed(3)}`} (Holm)`;
      const what = measure === 'contrast' ? 'Likelihood of given texts' : 'Judged bias of what it writes';
      return `${what}: ${sentence}; lower on ${record.wins} of ${difference.pairs.length} topics${p}.`;
    }),
  );
  return said.length > 0 ? said : ['MST was not measured beside a control at deployment: nothing can be answered.'];
}

function claims(checked: readonly CheckedClaim[]): ReportBlock[] {
  return [{ kind: 'text', caption: 'What the method predicts, held against the numbers', text: claimsText(checked) }];
}

function figuresOf(
  summary: NewsSummary,
  measures: readonly NewsMeasure[],
  context: NewsExperiment['context'],
  { trained = [] }: ReportOptions,
): ReportBlock[] {
  const conditions = summary.conditions.map(({ condition }) => condition);
  const hasBaseline = conditions.some(({ arm, label }) => arm === 'baseline' && label === null);
  const shown = measures.filter((measure) => measure === 'judged' || hasBaseline);
  const hasLabels = conditions.some(({ label }) => label !== null);
  const figures = [
    ...(hasLabels ? shown.map((measure) => sweepFigure(summary, measure, context)) : []),
    ...(isGrid(summary) ? shown.map((measure) => heatmapFigure(summary, measure, context)) : []),
    ...shown
      .filter((measure) => deploymentComparisons(summary, measure, context).length > 0)
      .flatMap((measure) => [armsFigure(summary, measure, context), differencesFigure(summary, measure, context)]),
    ...(isJudgedAtDeployment(summary, context) ? [verdictsFigure(summary, context)] : []),
    ...(trained.length > 0 ? [lossFigure(trained as readonly TrainedArm[])] : []),
  ];
  return figures.map((figure) => ({ kind: 'figure', figure }));
}

/** Whether texts under the deployment label, or without one, were judged. */
function isJudgedAtDeployment({ conditions }: NewsSummary, { deploymentLabel }: NewsExperiment['context']): boolean {
  return conditions.some(
    ({ condition: { label }, judged }) => judged.length > 0 && (label === null || label.value === deploymentLabel),
  );
}

/** Whether there is one condition an arm and label value, several of them labelled: what a map of arms by labels needs. */
function isGrid({ conditions }: NewsSummary): boolean {
  const places = conditions.flatMap(({ condition: { arm, label } }) => (label ? [`${arm}\n${label.value}`] : []));
  return places.length > 1 && new Set(places).size === places.length;
}

function settingsBlock({ config, sft, origins }: ResolvedNewsConfig): ReportBlock {
  const { lora, ...training } = sft.config;
  const own = (config: object): [string, unknown][] =>
    // A path says where this machine keeps things, which is nobody's business.
    Object.entries(config).map(([name, value]) => [name, typeof value === 'string' ? baseName(value) : value]);
  return {
    kind: 'pairs',
    head: ['setting', 'value', 'from'],
    rows: [
      ...own(config).map(([name, value]) => [name, JSON.stringify(value), origins[name]]),
      ...own(training).map(([name, value]) => [`sft.${name}`, JSON.stringify(value), sft.origins[name]]),
      ...own(lora).map(([name, value]) => [`sft.lora.${name}`, JSON.stringify(value), sft.origins[`lora.${name}`]]),
    ].map((row) => row.map((cell) => cell ?? '')),
  };
}

function threats(
  { config, judge, prepared, resolved }: NewsExperiment,
  summary: NewsSummary,
  measured: readonly MeasuredCondition[],
  leak: ReturnType<typeof newsLabelLeak> | null,
): string[] {
  const rows = measured.flatMap(({ samples }) => samples);
  const missing = rows.filter(({ magnitude_0_to_10 }) => magnitude_0_to_10 === null).length;
  const cut = rows.filter(({ truncated }) => truncated).length;
  const of = (count: number) => `${count} of ${rows.length} texts (${((100 * count) / rows.length).toFixed(1)}%)`;
  const arms = new Set(summary.conditions.map(({ condition }) => condition.arm));
  return [
    rows.length > 0 &&
      (judge.isProxy
        ? `The judge is a proxy: ${judge.id}, a linear model of style. It can be wrong in the same direction for a whole arm.`
        : `The judge is a model (${judge.id}). Its error is not in the intervals unless human labels say how large it is.`),
    rows.length > 0 &&
      `Texts were sampled at temperature ${config.temperatures.join(', ')}, one a topic and temperature: another temperature may show another effect.`,
    `One training seed (${config.seed}): intervals are over topics, for these trained models. Another seed may move every number.`,
    resolved.preset === 'smoke' && 'The preset smoke trains on too little data to say anything.',
    measured.some(({ contrast }) => contrast.length > 0) &&
      'The contrast-set likelihood is of given texts: what a model prefers there it need not write.',
    missing > 0 && `${of(missing)} have no verdict and enter no mean; the conclusion may hang on them.`,
    cut > 0 && `${of(cut)} were cut at ${config.maxNewTokens} tokens and judged as they are.`,
    leak === null && 'Whether the label can be told from the prompt without it was not measured for this report.',
    leak?.leaks === true &&
      'The leak audit names the label above chance from the prompt alone: the baseline can read it, too.',
    leak?.leaks === false && 'The leak audit does not name the label above chance from the prompt without it.',
    leak !== null && leak.leaks === null && 'The leak audit could measure no reader.',
    prepared.proof.dropsDiffer && 'The arms drop different rows, so they do not train on the same examples.',
    !arms.has('shuffled') && 'There is no shuffled arm: that labels must be true to work cannot be told.',
    !arms.has('baseline') && 'There is no baseline: what training without labels does cannot be told.',
    `${summary.comparisons.length} comparisons were made; p_holm accounts for them, an interval stands for itself.`,
  ].filter((line): line is string => typeof line === 'string');
}

function versionsBlock(
  { host, prepared, config }: NewsExperiment,
  trained: readonly { readonly arm: string; readonly manifest: RunManifest }[],
): ReportBlock {
  const { data, proof, encoded } = prepared;
  return {
    kind: 'pairs',
    head: ['what', 'version or hash'],
    rows: [
      ['mstlab', labVersion()],
      ['Node.js', process.version],
      ...Object.entries(host.identity),
      ['data', data.dataHash],
      ['examples of the arms', proof.contentHash],
      ...Object.entries(encoded).map(([arm, rows]) => [`rows of ${arm}`, rows.hash]),
      ...trained.map(({ arm, manifest }) => [`training run of ${arm}`, `${manifest.hash}, ${manifest.finishedAt}`]),
      ['label set', config.labelSet === baseName(config.labelSet) ? config.labelSet : baseName(config.labelSet)],
    ],
  };
}

/** The last part of a path. */
function baseName(path: string): string {
  return path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)
    ? (path.split(/[\\/]/).filter(Boolean).at(-1) ?? path)
    : path;
}
