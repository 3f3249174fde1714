import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import type { ArmStatus, Exported, Workbench } from '../../../src/experiments';
import { defineMagic, type Magic, progressBar } from '../../host';
import { codeOf } from './code-of';
import type { LabSession } from './session';
import { POLICIES } from './shared-options';
import { showAs } from './shown';

const options = z.strictObject({
  what: z
    .enum(['frame', 'figure', 'adapter', 'labels'])
    .describe('The newest table or chart, an arm’s adapter, or the labels of the task and this session.')
    .meta({ positional: 'one', placeholder: 'frame|figure|adapter|labels' }),
  path: z
    .string()
    .describe(
      'frame: .csv or .jsonl; figure: .png, .html or .json; labels: .json; adapter: a folder, as PEFT reads it.',
    )
    .meta({ positional: 'one', placeholder: 'PATH' }),
  arm: z.enum(POLICIES).default('mst').describe('Whose adapter.').meta({ short: 'a', complete: 'arms' }),
  seed: z.int().min(0).optional().describe('Of which training seed; default: the first.'),
  force: z.boolean().default(false).describe('Replaces what is there.').meta({ short: 'f' }),
});

export const exportMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'export',
    kind: 'line',
    summary: 'Writes the newest table or chart, an adapter or the labels to a file; never overwrites without --force.',
    options,
    returns: "import('mstlab/experiments').Exported",
    examples: [
      '%export frame sweep.csv',
      '%export figure sweep.html',
      '%export adapter adapters/mst --arm mst',
      '%export labels labels.json',
    ],
    async run(call) {
      const lab = session.workbench;
      const { path, force, what } = call.options;
      const files = await import('../../../src/experiments/index.js');
      const how = { force: force || undefined };
      let code: string;
      let exported: Exported;
      if (what === 'frame') {
        exported = files.exportFrame(present(lab.lastFrame, 'table', '%sweep, %compare or %arms'), path, { force });
        code = `exportFrame(lab.lastFrame!, ${codeOf(path)}, ${codeOf(how)})`;
      } else if (what === 'figure') {
        exported = await files.exportFigure(present(lab.lastFigure, 'chart', '%sweep or %train'), path, { force });
        code = `await exportFigure(lab.lastFigure!, ${codeOf(path)}, ${codeOf(how)})`;
      } else if (what === 'labels') {
        exported = files.exportJson(lab.listLabels(), path, 'labels', { force });
        code = `exportJson(lab.listLabels(), ${codeOf(path)}, 'labels', ${codeOf(how)})`;
      } else {
        const status = await trainedArm(lab, call);
        exported = files.exportAdapter(files.adapterFolder(status.path!), path, { force });
        code = `exportAdapter(adapterFolder(${codeOf(status.path)}), ${codeOf(path)}, ${codeOf(how)})`;
      }
      const names = [...new Set(code.match(/\b(export\w+|adapterFolder)(?=\()/g))].sort().join(', ');
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
