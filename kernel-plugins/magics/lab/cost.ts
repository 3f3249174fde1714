import { z } from 'zod';
import type { LedgerRow } from '../../../src/judge';
import { defineMagic, type Magic } from '../../host';
import { duration } from '../../host/progress-bar';
import type { LabSession } from './session';
import { framed, showTable } from './shown';

export const costMagic = (session: LabSession): Magic =>
  defineMagic({
    name: 'cost',
    kind: 'line',
    summary: 'Says what the runs of this project took, in seconds and disk, and what judges were asked and cost.',
    options: z.strictObject({}),
    returns: "import('mstlab/runs').KindCost[]",
    examples: ['%cost'],
    async run(call) {
      const lab = session.workbench;
      const { costsByKind, inspectRuns } = await import('../../../src/runs/index.js');
      const costs = costsByKind(inspectRuns(lab.runs));
      const frame = await framed(
        costs.map(({ kind, runs, finished, seconds, runsWithoutSeconds, bytes }) => ({
          kind,
          runs,
          finished,
          seconds,
          runs_without_seconds: runsWithoutSeconds,
          megabytes: bytes / 1e6,
        })),
        ['kind', 'runs', 'finished', 'seconds', 'runs_without_seconds', 'megabytes'],
      );
      const seconds = costs.reduce((sum, cost) => sum + cost.seconds, 0);
      const megabytes = costs.reduce((sum, cost) => sum + cost.bytes, 0) / 1e6;
      const judges = [...lab.judgeCalls.values()].map(
        ({ judge, calls, texts, isFree }) =>
          `${judge}: ${texts} texts in ${calls} calls this session${isFree ? ', which cost no money: it is arithmetic on this machine' : '; what was paid stands below'}`,
      );
      const { ledgerText } = await import('../../../src/judge/index.js');
      const ledger = lab.ledger();
      call.print(
        [
          `In all ${duration(seconds)} of work and ${megabytes.toFixed(1)} MB on disk.`,
          judges.length > 0 ? `Judges: ${judges.join('; ')}.` : 'Judges: none was asked this session.',
          ledger.length > 0 ? ledgerText(ledger) : 'No API was ever called from here, so no money was spent.',
        ].join('\n'),
      );
      if (ledger.length > 0) await showTable(lab, await framed(ledger.map(ledgerRow)), 'Claude, all notebooks', ledger);
      const kept = await showTable(lab, frame, 'Cost of the runs by kind', costs);
      call.standsFor(
        "import { costsByKind, inspectRuns } from 'mstlab/runs';\nlab.ledger();\ncostsByKind(inspectRuns(lab.runs))",
      );
      return kept;
    },
  });

function ledgerRow(row: LedgerRow) {
  return {
    purpose: row.purpose,
    model: row.model,
    asked_by: row.mode,
    paid: row.paid,
    failed: row.failed,
    uncertain: row.uncertain,
    input_tokens: row.inputTokens,
    output_tokens: row.outputTokens,
    cost_usd: row.costUsd,
  };
}
