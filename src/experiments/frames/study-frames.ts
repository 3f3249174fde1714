import { frameOfRows, type Row } from '../../analysis/frame';
import type { Estimate, PowerOverTopics } from '../../analysis/stats';
import type { LedgerRow } from '../../judge';
import type { Deviation, Plan } from '../preregistration';
import type { LabelLeakage, LaxPrice } from '../probes';

/** A row a hypothesis of a plan: id, claim, measure, left_arm, left_label, right_arm, right_label (null: none), direction, test, alpha. */
export function hypothesesFrame({ hypotheses, alpha }: Pick<Plan, 'hypotheses' | 'alpha'>) {
  return frameOfRows(
    hypotheses.map(
      ({ id, claim, measure, left, right, direction, test }): Row => ({
        id,
        claim,
        measure,
        left_arm: left.arm,
        left_label: left.label,
        right_arm: right.arm,
        right_label: right.label,
        direction,
        test,
        alpha,
      }),
    ),
    ['id', 'claim', 'measure', 'left_arm', 'left_label', 'right_arm', 'right_label', 'direction', 'test', 'alpha'],
  );
}

/** A row a deviation from a plan: noted_at (ISO 8601), what, planned, done, why (null where it was found by comparison). */
export function deviationsFrame(deviations: readonly Deviation[]) {
  return frameOfRows(
    deviations.map(({ at, ...deviation }): Row => ({ noted_at: at, ...deviation })),
    ['noted_at', 'what', 'planned', 'done', 'why'],
  );
}

/** A row a number of topics tried: topics, power (share of simulated studies that reject, 0 to 1), power_low, power_high. */
export function powerFrame({ points }: Pick<PowerOverTopics, 'points'>) {
  return frameOfRows(
    points.map(
      ({ topics, power }): Row => ({ topics, power: power.estimate, power_low: power.low, power_high: power.high }),
    ),
    ['topics', 'power', 'power_low', 'power_high'],
  );
}

/** Gain and price of an arm in the unit of its measure: quantity, estimate, low, high, n (topics), verdict of the whole, missing_reason. */
export function laxPriceFrame({ gain, price, verdict }: LaxPrice) {
  return estimatesFrame({ gain, price }, { verdict });
}

/** Shares of texts that talk about their label (0 to 1; overlap minus that of other labels): quantity, estimate, low, high, n, missing_reason. */
export function labelLeakageFrame({ repeats, overlap, speaksOfJudging }: LabelLeakage) {
  return estimatesFrame({ repeats, overlap, speaks_of_judging: speaksOfJudging }, {});
}

/** A row a purpose, model and call_mode (messages or batch): paid, failed and uncertain (attempts), input_tokens, output_tokens, cost_usd, may_have_cost_usd. */
export function ledgerFrame(rows: readonly LedgerRow[]) {
  return frameOfRows(
    rows.map(
      ({ purpose, model, mode, paid, failed, uncertain, inputTokens, outputTokens, costUsd, mayHaveCostUsd }): Row => ({
        purpose,
        model,
        call_mode: mode,
        paid,
        failed,
        uncertain,
        input_tokens: inputTokens,
        output_tokens: outputTokens,
        cost_usd: costUsd,
        may_have_cost_usd: mayHaveCostUsd,
      }),
    ),
    [
      'purpose',
      'model',
      'call_mode',
      'paid',
      'failed',
      'uncertain',
      'input_tokens',
      'output_tokens',
      'cost_usd',
      'may_have_cost_usd',
    ],
  );
}

function estimatesFrame(estimates: Readonly<Record<string, Estimate>>, more: Row) {
  return frameOfRows(
    Object.entries(estimates).map(
      ([quantity, { estimate, low, high, n, reason }]): Row => ({
        quantity,
        estimate,
        low,
        high,
        n,
        ...more,
        missing_reason: reason,
      }),
    ),
    ['quantity', 'estimate', 'low', 'high', 'n', ...Object.keys(more), 'missing_reason'],
  );
}
