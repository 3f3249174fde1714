import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import type { ArmStatus, Exported, Workbench } from '../../../src/experiments';
import { defineMagic, type Magic, type MagicCall, progressBar } from '../../host';
import { codeOf } from './code-of';
import type { LabSession } from './session';
import { POLICIES } from './shared-options';
import { showAs } from './shown';

const options = z.strictObject({
  what: z
    .enum(['frame', 'figure', 'report', 'inspect', 'adapter', 'labels'])
    .describe(
      'The newest table or chart, a report or an Inspect log of the newest sweep, an arm’s adapter, or the labels of the task and this session.',
    )
    .meta({ positional: 'one', placeholder: 'frame|figure|report|inspect|adapter|labels' }),
  path: z
    .string()
    .describe(
      'frame: .csv, .jsonl or .parquet; figure: .png, .html or .json; report: .html; inspect, labels: .json; adapter: a folder, as PEFT reads it.',
    )
    .meta({ positional: 'one', placeholder: 'PATH' }),
  arm: z.enum(POLICIES).default('mst').describe('Whose adapter.').meta({ short: 'a', complete: 'arms' }),
  seed: z.int().min(0).optional().describe('Of which training seed; default: the first.'),
  force: z.boolean().default(false).describe('Replaces what is there.').meta({ short: 'f' }),
});

type Kind = z.output<typeof options>['what'];
type Call = MagicCall<z.output<typeof options>>;
type Files = typeof import('../../../src/experiments/index.js');

/** What was written, and the code that writes it. */
interface Written {
  readonly exported: Exported;
  readonly code: string;
}

/** The options of the code: none, or force. */
const how = (force: boolean): string => codeOf({ force: force || undefined });

const WRITERS: Readonly<Record<Kind, (files: Files, lab: Workbench, call: Call) => Promise<Written>>> = {
  async frame(files, lab, { options: { path, force } }) {
    const frame = present(lab.lastFrame, 'table', '%sweep, %compare or %arms');
    if (path.toLowerCase().endsWith('.parquet'))
      return {
        exported: await files.exportParquet(frame, path, { force }),
        code: `await exportParquet(lab.lastFrame!, ${codeOf(path)}, ${how(force)})`,
      };
    return {
      exported: files.exportFrame(frame, path, { force }),
      code: `exportFrame(lab.lastFrame!, ${codeOf(path)}, ${how(force)})`,
    };
  },
  async figure(files, lab, { options: { path, force } }) {
    return {
      exported: await files.exportFigure(present(lab.lastFigure, 'chart', '%sweep or %train'), path, { force }),
      code: `await exportFigure(lab.lastFigure!, ${codeOf(path)}, ${how(force)})`,
    };
  },
  async report(files, lab, { options: { path, force }, signal }) {
    const html = () => files.labReport(lab, { signal, onProgress: progressBar() });
    return {
      exported: await files.exportReport(html, path, { force }),
      code: `await exportReport(await labReport(lab), ${codeOf(path)}, ${how(force)})`,
    };
  },
  async inspect(files, lab, { options: { path, force }, signal }) {
    return {
      exported: files.exportInspectLog(await files.labInspectLog(lab, { signal }), path, { force }),
      code: `exportInspectLog(await labInspectLog(lab), ${codeOf(path)}, ${how(force)})`,
    };
  },
  async labels(files, lab, { options: { path, force } }) {
    return {
      exported: files.exportJson(lab.listLabels(), path, 'labels', { force }),
      code: `exportJson(lab.listLabels(), ${codeOf(path)}, 'labels', ${how(force)})`,
    };
  },
  async adapter(files, lab, call) {
    const { path, force } = call.options;
    const status = await trainedArm(lab, call);
    return {
      exported: files.exportAdapter(files.adapterFolder(status.path!), path, { force }),
      code: `exportAdapter(adapterFolder(${codeOf(status.path)}), ${codeOf(path)}, ${how(force)})`,
    };
  },
};

export const exportMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'export',
    kind: 'line',
    summary:
      'Writes the newest table or chart, a report or log of the newest sweep, an adapter or the labels to a file; never overwrites without --force.',
    options,
    returns: "import('mstlab/experiments').Exported",
    examples: [
      '%export frame sweep.csv',
      '%export frame sweep.parquet',
      '%export figure sweep.html',
      '%export report sweep-report.html',
      '%export inspect logs/sweep.json',
      '%export adapter adapters/mst --arm mst',
      '%export labels labels.json',
    ],
    async run(call) {
      const files = await import('../../../src/experiments/index.js');
      const { exported, code } = await WRITERS[call.options.what](files, session.workbench, call);
      const names = [...new Set(code.match(/\b(export\w+|adapterFolder|lab(Report|InspectLog))(?=\()/g))]
        .sort()
        .join(', ');
      const size = exported.bytes === null ? '' : `, ${(exported.bytes / 1e3).toFixed(1)} kB`;
      const kept = showAs(exported, { 'text/plain': `Wrote ${exported.path}: ${exported.what}${size}.` });
      call.standsFor(`import { ${names} } from 'mstlab/experiments';\n${code}`);
      return kept;
    },
  });

function present<T>(value: T | null, what: string, how: string): T {
  if (value !== null) return value;
  throw new ConfigError(`%export: there must be a ${what} of this session, got none yet. Run ${how} first.`);
}

async function trainedArm(
  lab: Workbench,
  { options: { arm, seed }, signal }: { options: { arm: string; seed?: number }; signal: AbortSignal },
): Promise<ArmStatus> {
  const own = (await lab.arms({ signal, onProgress: progressBar() })).filter((status) => status.arm === arm);
  const found = own.find((status) => seed === undefined || status.seed === seed);
  if (found?.state === 'trained') return found;
  const what = found
    ? `${arm}, which is ${found.state}`
    : `${arm}${seed === undefined ? '' : `, seed ${seed}`}, which the settings do not have`;
  throw new ConfigError(
    `%export: an adapter must be of a trained arm, got ${what}. %arms lists them; train it with %train.`,
  );
}
