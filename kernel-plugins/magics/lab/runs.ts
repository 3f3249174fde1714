import { z } from 'zod';
import { ConfigError } from '../../../src/core';
import type { RunFacts } from '../../../src/runs';
import { defineMagic, type Magic } from '../../host';
import { codeOf } from './code-of';
import type { LabSession } from './session';
import { framed, showTable } from './shown';

const options = z.strictObject({
  action: z
    .enum(['show'])
    .optional()
    .describe('show: the details of one run.')
    .meta({ positional: 'one', placeholder: 'show' }),
  id: z
    .string()
    .optional()
    .describe("The run's id, or its first digits.")
    .meta({ positional: 'one', placeholder: 'ID', complete: 'runs' }),
  kind: z
    .string()
    .optional()
    .describe('Only runs of this kind, such as news-train.')
    .meta({ short: 'k', placeholder: 'KIND' }),
  last: z.int().min(1).default(20).describe('How many, newest first (runs).').meta({ short: 'n' }),
});

export const runsMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'runs',
    kind: 'line',
    summary: 'Lists the run folders with their state, time and size; `%runs show ID` tells all of one.',
    options,
    returns: "import('mstlab/runs').RunFacts[]",
    examples: ['%runs', '%runs --kind news-train --last 5', '%runs show 3fa9'],
    async run(call) {
      const lab = session.workbench;
      const { action, id, kind, last } = call.options;
      if ((action === 'show') !== (id !== undefined))
        throw new ConfigError('%runs: show must have the id of a run, got none. Write %runs show ID.');
      const { findRun, inspectRuns } = await import('../../../src/runs/index.js');
      if (id !== undefined) {
        const run = findRun(lab.runs, id);
        const kept = await showTable(lab, await framed(detailsOf(run)), `Run ${run.kind}/${run.id}`, [run]);
        call.standsFor(`import { findRun } from 'mstlab/runs';\nfindRun(lab.runs, ${codeOf(id)})`);
        return kept;
      }
      const all = inspectRuns(lab.runs).filter((run) => kind === undefined || run.kind === kind);
      const runs = all.slice(0, last);
      const broken = all.filter(({ state }) => state === 'broken').length;
      if (broken > 0)
        call.print(
          `${broken} broken: delete such a folder, and it is made again when it is asked for. %runs show ID says what is wrong.`,
        );
      const filter = kind === undefined ? '' : `.filter((run) => run.kind === ${codeOf(kind)})`;
      const caption = `${runs.length} of ${all.length} runs${kind === undefined ? '' : ` of kind ${kind}`}, newest first`;
      const kept = await showTable(
        lab,
        await framed(runs.map(rowOf), ['id', 'kind', 'state', 'when', 'seconds', 'megabytes']),
        caption,
        runs,
      );
      call.standsFor(`import { inspectRuns } from 'mstlab/runs';\ninspectRuns(lab.runs)${filter}.slice(0, ${last})`);
      return kept;
    },
  });

function rowOf({ id, kind, state, when, seconds, bytes }: RunFacts) {
  return { id, kind, state, when, seconds, megabytes: bytes / 1e6 };
}

/** Everything that a run says of itself, one line each; configs and records by their own fields. */
function detailsOf(run: RunFacts): { field: string; value: string }[] {
  const { manifest, problem, path } = run;
  const flat = (prefix: string, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.entries(value).map(([name, item]) => ({ field: `${prefix}.${name}`, value: JSON.stringify(item) ?? '' }))
      : [];
  return [
    ...Object.entries(rowOf(run)).map(([field, value]) => ({ field, value: String(value ?? 'not recorded') })),
    { field: 'path', value: path },
    ...(problem ? [{ field: 'problem', value: problem }] : []),
    ...flat('record', manifest?.record),
    ...flat('config', manifest?.config),
    ...Object.entries(manifest?.files ?? {}).map(([name, { bytes }]) => ({
      field: `file ${name}`,
      value: `${bytes} bytes`,
    })),
  ];
}
