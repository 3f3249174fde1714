import { frameOfRows, type Row } from '../../analysis/frame';
import type { WordingTest } from './types';

const COLUMNS = [
  'wording',
  'text',
  'tokens',
  'stage',
  'pilot_mean_nats',
  'pilot_shrunk_nats',
  'pilot_topics',
  'difference_nats',
  'low',
  'high',
  'n',
  'p',
  'p_holm',
  'finding',
  'missing_reason',
];

/** A row a wording: its pilot (exploratory), and for finalists the confirmation under the arm that the question is about. */
export function wordingFrame(
  { wordings, pilot, confirmed }: Pick<WordingTest, 'wordings' | 'pilot' | 'confirmed'>,
  arm: string,
) {
  const rows = wordings.map(({ name, text, tokens, refused }): Row => {
    const piloted = pilot.find((one) => one.name === name);
    const own = confirmed.find((one) => one.name === name && one.arm === arm);
    return {
      wording: name,
      text,
      tokens,
      stage: refused !== null ? 'refused' : own ? 'confirmed' : 'pilot',
      pilot_mean_nats: piloted && piloted.topics > 0 ? piloted.mean : null,
      pilot_shrunk_nats: piloted?.shrunk ?? null,
      pilot_topics: piloted?.topics ?? 0,
      difference_nats: own?.difference.estimate ?? null,
      low: own?.difference.low ?? null,
      high: own?.difference.high ?? null,
      n: own?.difference.n ?? null,
      p: own?.p ?? null,
      p_holm: own?.pHolm ?? null,
      finding: own?.finding ?? null,
      missing_reason: refused ?? own?.difference.reason ?? null,
    };
  });
  return frameOfRows(rows, COLUMNS);
}
