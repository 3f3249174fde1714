import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../core';
import {
  type CallEstimate,
  type CallMode,
  type ClaudeCalls,
  type ClaudeJudge,
  claudeJudge,
  defaultModel,
  type Judge,
  type JudgeCall,
  type Judgement,
  type LedgerRow,
  offlineJudge,
  openClaudeCalls,
} from '../../judge';
import type { NewsForm } from '../../tasks';
import { countedJudge, type JudgeCalls } from './counted-judge';

export const JUDGE_NAMES = ['offline', 'claude'] as const;
export type JudgeName = (typeof JUDGE_NAMES)[number];

/** Who judges, and what that may cost. What is left out has its default; the offline judge reads none of the rest. */
export interface JudgeChoice {
  /** Default: the offline judge, a proxy that costs nothing. */
  readonly judge?: JudgeName;
  /** Rubric id or file; default `news-bias`. */
  readonly rubric?: string;
  /** Claude model; default that of the models file. */
  readonly model?: string;
  /** `batch`: half the price, within 24 hours; what is not there yet is missing with its reason. */
  readonly mode?: CallMode;
  /** The most that one call may spend, US dollars. */
  readonly budgetUsd?: number;
  /** Independent judgements of each text, averaged. */
  readonly repeats?: number;
}

export const DEFAULT_RUBRIC = 'news-bias';
/** What one call may spend where nothing is said: enough for hundreds of texts, and no surprise. */
export const DEFAULT_BUDGET_USD = 1;

/** The judges of a session and what they were asked. Replies lie in one store beside the runs, shared by all notebooks. */
export class SessionJudges {
  /** What judges were asked in this session, by judge. */
  readonly tally = new Map<string, JudgeCalls>();
  private opened: ClaudeCalls | null = null;

  constructor(private readonly runs: string) {}

  private get store(): string {
    return join(this.runs, 'claude-calls.sqlite');
  }

  /** Opens the store of replies when first needed; no key is looked for before something has to be asked. */
  get calls(): ClaudeCalls {
    if (!this.opened) {
      mkdirSync(this.runs, { recursive: true });
      this.opened = openClaudeCalls({ store: this.store });
    }
    return this.opened;
  }

  /** The judge of a choice, its calls counted. Throws ConfigError for options that the offline judge does not have. */
  judge(choice: JudgeChoice, form: NewsForm): Judge {
    return choice.judge === 'claude'
      ? countedJudge(this.claude(choice), false, this.tally)
      : countedJudge(this.offline(choice, form), true, this.tally);
  }

  judgeNow(texts: readonly string[], choice: JudgeChoice, form: NewsForm, call: JudgeCall): Promise<Judgement[]> {
    return Promise.resolve(this.judge(choice, form).judge(texts, call));
  }

  /** What judging would cost; null for the offline judge, which is free. */
  estimate(texts: readonly string[], choice: JudgeChoice): CallEstimate | null {
    return choice.judge === 'claude' ? this.claude(choice).estimate(texts) : null;
  }

  /** Nothing was ever asked where there is no store; looking does not make one. */
  ledger(since?: string): LedgerRow[] {
    return this.opened || existsSync(this.store) ? this.calls.ledger(since) : [];
  }

  close(): void {
    this.opened?.close();
    this.opened = null;
  }

  private offline({ judge: _, ...rest }: JudgeChoice, form: NewsForm): Judge {
    const given = Object.entries(rest).filter(([, value]) => value !== undefined);
    if (given.length > 0)
      throw new ConfigError(
        `judge: ${given.map(([name]) => name).join(', ')} belong to the Claude judge, got them with the offline judge. Add judge: 'claude', or leave them out.`,
      );
    return offlineJudge(form);
  }

  private claude(choice: JudgeChoice): ClaudeJudge {
    const { rubric = DEFAULT_RUBRIC, model = defaultModel(), mode = 'messages' } = choice;
    return claudeJudge({
      calls: this.calls,
      rubric,
      model,
      mode,
      wait: mode === 'messages',
      budget: { usd: choice.budgetUsd ?? DEFAULT_BUDGET_USD },
      ...(choice.repeats === undefined ? {} : { repeats: choice.repeats }),
    });
  }
}

/** `claude-x with rubric news-bias, at most $1 a call`. */
export function judgeText(choice: JudgeChoice): string {
  if (choice.judge !== 'claude') return 'the offline judge (proxy)';
  const { rubric = DEFAULT_RUBRIC, model = defaultModel(), mode = 'messages', repeats = 1 } = choice;
  const times = repeats > 1 ? `, ${repeats} times a text` : '';
  return `${model} with rubric ${rubric}${mode === 'batch' ? ', in batches' : ''}${times}, at most $${choice.budgetUsd ?? DEFAULT_BUDGET_USD} a call`;
}
