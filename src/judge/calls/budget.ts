import { ConfigError } from '../../core';
import type { BudgetLimits } from './types';

/** An amount of money and tokens. Money is null if the price is not known. */
export interface Spending {
  readonly usd: number | null;
  readonly tokens: number;
}

/** `reserved`: it may be sent. `wait`: it fits once requests that are under way cost less than they could. `reached`: it does not fit. */
export type Reservation = 'reserved' | 'wait' | 'reached';

const none: BudgetLimits = { usd: null, tokens: null };

/** Fills a budget's limits; throws ConfigError unless each is null or a number above 0. */
export function checkedLimits(budget: Partial<BudgetLimits> | undefined, where: string): BudgetLimits {
  const limits = { ...none, ...budget };
  for (const [name, value] of Object.entries({ usd: limits.usd, tokens: limits.tokens }))
    if (value !== null && !(typeof value === 'number' && value > 0))
      throw new ConfigError(`${where}: budget.${name} must be a number above 0, or null for no limit, got ${value}.`);
  return limits;
}

/**
 * Counts spending against limits. What a request can cost at most is reserved before it is sent, so that the sum of what was spent and
 * of what is under way never passes a limit. A budget of one call is `within` the one of the session, and both must have room.
 */
export class Budget {
  private readonly spentSoFar = { usd: 0, tokens: 0 };
  private readonly reserved = { usd: 0, tokens: 0, requests: 0 };
  private waiting: (() => void)[] = [];

  constructor(
    readonly owner: 'session' | 'call',
    readonly limits: BudgetLimits,
    private readonly within: Budget | null = null,
  ) {}

  /** US dollars and tokens, with the most that broken-off requests may have cost. */
  get spent(): { readonly usd: number; readonly tokens: number } {
    return { ...this.spentSoFar };
  }

  /** Whether money is limited, here or in the session. */
  get limitsMoney(): boolean {
    return this.limits.usd !== null || (this.within?.limitsMoney ?? false);
  }

  reserve(most: Spending): Reservation {
    const answers = [...this.chain()].map((budget) => budget.room(most));
    if (answers.includes('reached')) return 'reached';
    if (answers.includes('wait')) return 'wait';
    for (const { reserved } of this.chain()) {
      add(reserved, most, 1);
      reserved.requests++;
    }
    return 'reserved';
  }

  /** Ends a reservation of `most` with what it came to. */
  settle(most: Spending, actual: Spending): void {
    for (const budget of this.chain()) {
      const { reserved } = budget;
      add(reserved, most, -1);
      // Rounding must not leave a remainder that somebody waits for.
      if (--reserved.requests === 0) Object.assign(reserved, { usd: 0, tokens: 0 });
      add(budget.spentSoFar, actual, 1);
      const { waiting } = budget;
      budget.waiting = [];
      for (const wake of waiting) wake();
    }
  }

  /** Resolves when something was settled, here or by another call of the session. */
  settled(): Promise<void> {
    const root = this.within ?? this;
    return new Promise((resolve) => root.waiting.push(resolve));
  }

  /** Which limit `most` does not fit into any more, and what was spent of it. */
  reachedText(most: Spending): string {
    for (const { limits, spentSoFar, owner } of this.chain()) {
      if (limits.usd !== null && spentSoFar.usd + (most.usd ?? 0) > limits.usd)
        return `$${spentSoFar.usd.toFixed(4)} of the ${owner}'s limit of $${limits.usd}`;
      if (limits.tokens !== null && spentSoFar.tokens + most.tokens > limits.tokens)
        return `${spentSoFar.tokens} of the ${owner}'s limit of ${limits.tokens} tokens`;
    }
    return 'the limit';
  }

  private room(most: Spending): Reservation {
    const kinds = [
      { limit: this.limits.usd, spent: this.spentSoFar.usd, reserved: this.reserved.usd, most: most.usd ?? 0 },
      { limit: this.limits.tokens, spent: this.spentSoFar.tokens, reserved: this.reserved.tokens, most: most.tokens },
    ];
    let answer: Reservation = 'reserved';
    for (const { limit, spent, reserved, most: needed } of kinds) {
      if (limit === null) continue;
      if (spent + needed > limit) return 'reached';
      if (spent + reserved + needed > limit) answer = 'wait';
    }
    return answer;
  }

  private *chain(): Generator<Budget> {
    yield this;
    if (this.within) yield* this.within.chain();
  }
}

function add(sum: { usd: number; tokens: number }, amount: Spending, sign: 1 | -1): void {
  sum.usd += sign * (amount.usd ?? 0);
  sum.tokens += sign * amount.tokens;
}
