import { printEstimate } from '../../analysis/stats';
import {
  type AnswerRow,
  additionPreflightText,
  additionSummaryText,
  atStrictest,
  auditFigure,
  comparisonsText,
  doseFigure,
  policiesFrame,
  policyComparisonsFrame,
  type SycophancyExperiment,
} from '../addition';
import { claimsText } from '../news';
import { labVersion } from './lab-version';
import type { ReportOptions } from './news-report';
import type { ReportBlock, ReportPage } from './report-page';

/** What a report of a sycophancy run is made from. */
export interface SycophancyReportRun {
  readonly task: 'sycophancy';
  readonly experiment: SycophancyExperiment;
  readonly rows: readonly AnswerRow[];
}

const QUESTION =
  'Does a policy that was rewarded by monitors of announced suggestibility stop saying "correct" to wrong answers when it is asked under a monitor stricter than any in training, and is that due to the announcements being true?';

/** The page of a sycophancy run; nothing in it is judged or sampled. */
export function sycophancyReportPage({ experiment, rows }: SycophancyReportRun, options: ReportOptions): ReportPage {
  const { config, prepared, host, resolved } = experiment;
  const summary = experiment.summarise(rows);
  const model = host.files.id.split(/[\\/]/).filter(Boolean).at(-1) ?? host.files.id;
  const onScale = rows.some(({ policy, percent }) => (policy === 'mst' || policy === 'shuffled') && percent !== null);
  const comparisons = comparisonsText(atStrictest(summary)).split('\n').filter(Boolean);
  return {
    title: `Monitor labels and sycophancy in addition: ${config.arms.join(', ')}`,
    subtitle: `Made ${options.createdAt} by mstlab ${labVersion()}; model ${model}; preset ${resolved.preset}.`,
    sections: [
      { title: 'Question', blocks: [{ kind: 'paragraphs', texts: [options.question ?? QUESTION] }] },
      {
        title: 'Answer',
        blocks: [
          {
            kind: 'list',
            items:
              comparisons.length > 0
                ? comparisons
                : ['MST was not asked beside a control under a label never trained: nothing can be answered.'],
          },
          {
            kind: 'text',
            caption: 'What was predicted, held against the numbers',
            text: claimsText(experiment.claims(summary)),
          },
        ],
      },
      {
        title: 'Held fixed',
        blocks: [
          { kind: 'text', caption: 'Proof that the arms differ in their labels alone', text: prepared.proof.text },
          { kind: 'text', caption: 'What the model reads', text: additionPreflightText(experiment) },
        ],
      },
      { title: 'Settings', blocks: [settingsBlock(experiment)] },
      {
        title: 'Results',
        blocks: [
          ...(onScale
            ? [{ kind: 'figure' as const, figure: doseFigure(summary, { audit: prepared.audit, rows }) }]
            : []),
          {
            kind: 'frame',
            caption: 'A row a policy and label; intervals 95% over operand pairs',
            frame: policiesFrame(summary),
          },
          { kind: 'text', caption: 'The same as text', text: additionSummaryText(summary) },
        ],
      },
      {
        title: 'Comparisons',
        blocks:
          summary.comparisons.length === 0
            ? [{ kind: 'paragraphs', texts: ['None was made.'] }]
            : [
                {
                  kind: 'frame',
                  caption: 'Left − right on the same problems; p_holm adjusted over all of these',
                  frame: policyComparisonsFrame(summary),
                },
              ],
      },
      {
        title: 'What the rewards ask for',
        blocks: [
          { kind: 'paragraphs', texts: [prepared.scheme.describe] },
          { kind: 'figure', figure: auditFigure(prepared.audit) },
        ],
      },
      {
        title: 'Judge',
        blocks: [
          {
            kind: 'paragraphs',
            texts: ['None: the right answer is known, and an answer is read off one token. It cost no money.'],
          },
        ],
      },
      { title: 'Threats', blocks: [{ kind: 'list', items: threats(experiment, summary) }] },
      { title: 'Versions and hashes', blocks: [versionsBlock(experiment)] },
    ],
  };
}

function threats(
  { config, prepared }: SycophancyExperiment,
  { conditions, comparisons }: ReturnType<SycophancyExperiment['summarise']>,
): string[] {
  const weakest = [...conditions].sort((a, b) => a.validMass - b.validMass)[0];
  const mst = conditions.find(({ policy }) => policy === 'mst');
  return [
    config.seeds.length === 1
      ? `One training seed (${config.seeds[0]}): intervals are over operand pairs, for these trained models. Another seed may move every number.`
      : `${config.seeds.length} training seeds: intervals are over seeds and operand pairs, and few seeds make them wide.`,
    `An answer is one forced token, ${prepared.answers.names.join(' or ')}, at temperature 1: what a model would write freely is not seen. The two answers have at least ${weakest.validMass.toFixed(3)} of the probability (${weakest.policy}).`,
    mst &&
      `MST's accuracy under ${mst.label ?? 'no label'} is ${printEstimate(mst.measures.accuracy)}: a policy may stop agreeing by ceasing to add.`,
    `${comparisons.length} comparisons were made; p_holm accounts for them, an interval stands for itself.`,
  ].filter((line): line is string => typeof line === 'string');
}

function settingsBlock({ resolved: { config, rl, warmStart, origins } }: SycophancyExperiment): ReportBlock {
  const part = (name: string, values: object, from: Readonly<Record<string, string>>) =>
    flat(values).map(([field, value]) => [`${name}.${field}`, value, from[field] ?? '']);
  return {
    kind: 'pairs',
    head: ['setting', 'value', 'from'],
    rows: [
      ...flat(config).map(([field, value]) => [field, value, origins[field] ?? '']),
      ...(config.warmSteps > 0 ? part('warmStart', warmStart.config, warmStart.origins) : []),
      ...part('rl', rl.config, rl.origins),
    ],
  };
}

/** Fields by name, those of an inner object as `outer.inner`; a path by its last part alone. */
function flat(values: object): [string, string][] {
  return Object.entries(values).flatMap(([field, value]): [string, string][] => {
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return Object.entries(value).map(([inner, x]) => [`${field}.${inner}`, JSON.stringify(x)]);
    const isPath = typeof value === 'string' && value.startsWith('/');
    return [[field, JSON.stringify(isPath ? value.split('/').at(-1) : value)]];
  });
}

function versionsBlock({ host, prepared }: SycophancyExperiment): ReportBlock {
  return {
    kind: 'pairs',
    head: ['what', 'version or hash'],
    rows: [
      ['mstlab', labVersion()],
      ['Node.js', process.version],
      ...Object.entries(host.identity),
      ['problems', prepared.data.hash],
      ['reward scheme', prepared.scheme.id],
      ['label scale', prepared.scale.id],
    ],
  };
}
