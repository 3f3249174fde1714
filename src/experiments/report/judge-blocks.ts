import { type Judge, type LedgerRow, ledgerText } from '../../judge';
import type { SampleRow } from '../news';
import type { ReportBlock } from './report-page';

/** Who judged, how often without a verdict, how good that judge is known to be, and what was paid. */
export function judgeBlocks({
  rows,
  judge,
  quality,
  ledger,
}: {
  readonly rows: readonly Pick<SampleRow, 'judge' | 'magnitude_0_to_10' | 'missing_reason' | 'flags'>[];
  readonly judge: Pick<Judge, 'id' | 'isProxy'>;
  readonly quality: string;
  readonly ledger?: readonly LedgerRow[];
}): ReportBlock[] {
  if (rows.length === 0) return [{ kind: 'paragraphs', texts: ['No text was judged.'] }];
  const names = [...new Set(rows.map((row) => row.judge))];
  const missing = rows.filter((row) => row.magnitude_0_to_10 === null);
  const reasons = [...new Set(missing.map((row) => row.missing_reason ?? 'no reason given'))];
  const flagged = rows.filter(({ flags }) => flags !== '').length;
  return [
    {
      kind: 'list',
      items: [
        `Judged by ${names.join(', ')}${judge.isProxy ? ', a PROXY that stands in for a better judge' : ''}. It was given the text and no label, arm or prompt.`,
        `${rows.length} texts, ${missing.length} without a verdict${missing.length > 0 ? ` (${reasons.slice(0, 5).join('; ')})` : ''}, ${flagged} with a flag.`,
        ledger === undefined
          ? 'What it cost was not given to this report.'
          : ledger.length === 0
            ? 'It cost no money: nothing was asked of an API.'
            : 'What was paid stands below.',
      ],
    },
    { kind: 'text', caption: 'How good the judge is, where that is known', text: quality },
    ...(ledger && ledger.length > 0
      ? [
          {
            kind: 'text' as const,
            caption: 'Ledger: all that was asked of an API from this folder of runs',
            text: ledgerText(ledger),
          },
        ]
      : []),
  ];
}
