import type { BenchDtype, Side } from './job';
import type { Part, ResultRow, Results } from './results';

/** What the benchmark is to show, on one machine in one run, against the peer's fastest setting. */
export const TARGETS = [
  { ratio: 'sft', rule: 'at least', value: 3 },
  { ratio: 'generate', rule: 'at least', value: 3 },
  { ratio: 'peak_memory', rule: 'at most', value: 0.7 },
  { ratio: 'roofline_share', rule: 'at least', value: 0.6 },
  { ratio: 'kernel_start_seconds', rule: 'at most', value: 1.5 },
  { ratio: 'kernel_trivial_cell_ms', rule: 'at most', value: 40 },
] as const;

/**
 * Ratios by name: ours over the peer's rate. Without a dtype in its name a ratio takes each side's faster dtype; `rl` names its
 * work.
 * `kernel_*` are times of ours alone; `kernel: work, peer` is ours over that peer's, where less is better.
 * `peak_memory` is ours over the peer's, both in the training run that gave `sft`; `roofline_share` is of our run there.
 */
export function ratiosOf(rows: readonly ResultRow[]): Record<string, number> {
  const ratios: Record<string, number> = {};
  for (const part of ['sft', 'qlora', 'generate'] as const) {
    const [ours, peer] = [fastest(rows, part, 'ours'), fastest(rows, part, 'peer')];
    if (ours && peer) ratios[part] = ours.median / peer.median;
    for (const dtype of ['f32', 'bf16'] as const) {
      const [left, right] = [one(rows, part, 'ours', dtype), one(rows, part, 'peer', dtype)];
      if (left && right) ratios[`${part}_${dtype}`] = left.median / right.median;
    }
    if (part === 'generate') continue;
    const name = part === 'sft' ? 'peak_memory' : 'qlora_peak_memory';
    if (ours?.peakBytes && peer?.peakBytes) ratios[name] = ours.peakBytes / peer.peakBytes;
    if (part === 'sft' && ours?.rooflineShare) ratios.roofline_share = ours.rooflineShare;
    if (part === 'sft' && ours?.executedShare) ratios.roofline_share_executed = ours.executedShare;
  }
  for (const ours of rows.filter(({ part, side }) => part === 'growth' && side === 'ours')) {
    const peer = rows.find(({ part, side, work }) => part === 'growth' && side === 'peer' && work === ours.work);
    if (peer) ratios[`growth: ${ours.work}`] = ours.median / peer.median;
  }
  const works = new Set(rows.filter(({ part }) => part === 'rl').map(({ work }) => work));
  for (const work of works) {
    const own = rows.filter((row) => row.work === work);
    const [ours, peer] = [fastest(own, 'rl', 'ours'), fastest(own, 'rl', 'peer')];
    if (ours && peer) ratios[`rl: ${work}`] = ours.median / peer.median;
  }
  for (const ours of rows.filter(({ part, side }) => part === 'kernel' && side === 'ours')) {
    if (ours.work === 'start') ratios.kernel_start_seconds = ours.median / 1000;
    if (ours.work === 'trivial cell') ratios.kernel_trivial_cell_ms = ours.median;
    for (const { side, work, peer, median } of rows)
      if (side === 'peer' && work === ours.work && ours.unit === 'ms')
        ratios[`kernel: ${work}, ${peer}`] = ours.median / median;
  }
  return ratios;
}

/** The targets, held against these ratios; one that was not measured is not met. */
export function targetsOf(ratios: Readonly<Record<string, number>>): Results['targets'] {
  return TARGETS.map(({ ratio, rule, value }) => {
    const got = ratios[ratio] ?? null;
    return {
      ratio,
      rule,
      value,
      got,
      met: got !== null && (rule === 'at least' ? got >= value : got <= value),
    };
  });
}

function fastest(rows: readonly ResultRow[], part: Part, side: Side): ResultRow | undefined {
  return rows
    .filter((row) => row.part === part && row.side === side)
    .reduce<ResultRow | undefined>((best, row) => (best && best.median >= row.median ? best : row), undefined);
}

function one(rows: readonly ResultRow[], part: Part, side: Side, dtype: BenchDtype): ResultRow | undefined {
  return rows.find((row) => row.part === part && row.side === side && row.dtype === dtype);
}
