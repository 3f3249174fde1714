import type { ResultRow, Results } from './results';

const GB = 1e9;

/** The rows as a table for a terminal: each side's rate with its spread, and memory. */
export function rowsTable(rows: readonly ResultRow[]): string {
  const head = ['part', 'work', 'dtype', 'side', 'median', 'spread', 'unit', 'peak GB', 'of matmul', 'others'];
  const lines = rows.map((row) => [
    row.part,
    row.work,
    row.dtype ?? '',
    row.peer ?? row.side,
    row.median.toFixed(1),
    `${row.low.toFixed(1)} to ${row.high.toFixed(1)}`,
    row.unit,
    row.peakBytes ? (row.peakBytes / GB).toFixed(2) : '',
    row.rooflineShare ? `${(100 * row.rooflineShare).toFixed(0)}%` : '',
    row.othersShare === undefined ? '' : `${(100 * row.othersShare).toFixed(0)}%`,
  ]);
  return aligned([head, ...lines]);
}

/** Ratios and targets as they stand at the end of a run. */
export function ratiosTable({ ratios, targets }: Pick<Results, 'ratios' | 'targets'>): string {
  const lines = Object.entries(ratios).map(([name, value]) => {
    const target = targets.find(({ ratio }) => ratio === name);
    const verdict = target ? `${target.rule} ${target.value}: ${target.met ? 'met' : 'MISSED'}` : '';
    return [name, value.toFixed(2), verdict];
  });
  const open = targets.filter(({ got }) => got === null).map(({ ratio }) => [ratio, '-', 'not measured']);
  return aligned([['ratio', 'value', 'target'], ...lines, ...open]);
}

/** The table that the README shows. */
export function markdownTable({ machine, versions, date, rows, ratios, targets }: Results): string {
  const shown = rows.filter(({ part }) => part !== 'growth' && part !== 'kernel');
  const cells = shown.map((row) => [
    row.work,
    row.dtype ?? '',
    row.side === 'ours' ? 'mstlab' : peerName(versions, row),
    `${row.median.toFixed(0)} (${row.low.toFixed(0)} to ${row.high.toFixed(0)}) ${row.unit}`,
    row.peakBytes ? `${(row.peakBytes / GB).toFixed(2)} GB` : '',
  ]);
  const growth = rows.filter(({ part, side }) => part === 'growth' && side === 'ours');
  return [
    `${machine.processor}, ${machine.cores} cores, ${date.slice(0, 10)}; ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}. Median of rounds that took turns, slowest and fastest in brackets.`,
    '',
    markdown(['work', 'dtype', 'side', 'rate', 'peak memory'], cells),
    '',
    markdown(
      ['ratio (ours / peer)', 'value', 'target'],
      targets.map(({ ratio, rule, value, got, met }) => [
        ratio,
        got === null ? 'not measured' : got.toFixed(2),
        `${rule} ${value}: ${met ? 'met' : 'missed'}`,
      ]),
    ),
    ...(growth.length > 0
      ? [
          '',
          markdown(
            ['training, tokens/s', 'mstlab', 'peer', 'ratio'],
            growth.map((row) => {
              const peer = rows.find(
                ({ part, side, work }) => part === 'growth' && side === 'peer' && work === row.work,
              );
              return [
                row.work,
                row.median.toFixed(0),
                peer?.median.toFixed(0) ?? '',
                ratios[`growth: ${row.work}`]?.toFixed(2) ?? '',
              ];
            }),
          ),
        ]
      : []),
    ...kernelTable(rows),
  ].join('\n');
}

/** One line a piece of work, kernels beside each other; a dash where a kernel did not do it. */
function kernelTable(rows: readonly ResultRow[]): string[] {
  const own = rows.filter(({ part }) => part === 'kernel');
  if (own.length === 0) return [];
  const name = (row: ResultRow): string => row.peer ?? 'mstlab';
  const [names, works] = [[...new Set(own.map(name))], [...new Set(own.map(({ work }) => work))]];
  const cell = (work: string, kernel: string): string => {
    const row = own.find((one) => one.work === work && name(one) === kernel);
    return row ? `${row.median.toFixed(row.median < 10 ? 1 : 0)} ${row.unit}` : '-';
  };
  return [
    '',
    markdown(
      ['kernel', ...names],
      works.map((work) => [work, ...names.map((kernel) => cell(work, kernel))]),
    ),
  ];
}

function peerName(versions: Readonly<Record<string, string>>, { part }: ResultRow): string {
  if (part === 'generate') return 'transformers';
  return part === 'qlora' && versions.bitsandbytes ? 'TRL + PEFT + bitsandbytes' : 'TRL + PEFT';
}

function markdown(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...lines.map(row)].join('\n');
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
