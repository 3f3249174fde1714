import { ConfigError } from '../../core';
import { textFlags } from '../blind/flags';
import { holdsNothing } from '../blind/label-copies';
import { neutralised } from '../blind/neutralise';
import type { BudgetLimits, CallEstimate, CallMode, ClaudeCalls, ClaudeRequest } from '../calls/types';
import { missingJudgement } from '../missing-judgement';
import { magnitudePrompt, type RubricPrompt } from '../rubric/prompt';
import { type MagnitudeRubric, type Rubric, rubricOf } from '../rubric/rubric-file';
import { contradicts, type MagnitudeVerdict, magnitudeVerdictSchema, majorityVerdict } from '../rubric/verdict';
import type { Judge, JudgeCall, Judgement } from '../types';
import { askVerdicts, distinctPrompts, type VerdictSample, verdictRequests, verdictSettings } from './ask-verdicts';

/** A judgement by Claude, with every reply that it rests on. */
export interface ClaudeJudgement extends Judgement {
  /** Each reply that was paid for as a judgement of its own, those that could not be read included, in order of asking. */
  readonly samples: readonly Judgement[];
  /** Quotations in the replies that do not stand in the text. They are not among the indicators. */
  readonly droppedQuotes: number;
}

export interface ClaudeJudge extends Judge {
  readonly isProxy: false;
  readonly model: string;
  readonly rubric: MagnitudeRubric;
  judge(completions: readonly string[], call?: JudgeCall): Promise<ClaudeJudgement[]>;
  /** What would be sent: one request a distinct text and repeat. */
  requests(completions: readonly string[], call?: JudgeCall): ClaudeRequest[];
  /** What it would cost if every reply can be read. */
  estimate(completions: readonly string[], call?: JudgeCall): CallEstimate;
}

export interface ClaudeJudgeOptions {
  readonly calls: ClaudeCalls;
  /** A magnitude rubric, its id or its path (default: news-bias). */
  readonly rubric?: Rubric | string;
  /** Default: the default of the list of models. */
  readonly model?: string;
  readonly mode?: CallMode;
  /** Batch mode: false gives what is there, and a reason for the rest. */
  readonly wait?: boolean;
  /** Limits of each call. */
  readonly budget?: Partial<BudgetLimits>;
  /** Most replies paid for in getting one that can be read; then the judgement is missing. Default 2. */
  readonly replies?: number;
  /** Independent replies a text, whose mean is the judgement. Default 1. */
  readonly repeats?: number;
  /** As the ledger shows it; default `judge <rubric id>`. */
  readonly purpose?: string;
}

/**
 * A judge that asks a Claude model by a rubric. It is given the text, and the topic if the rubric asks for it. Equal texts are asked
 * once. With several repeats, magnitude and direction are means and the verdict is that of most replies, of the strictest among equals.
 * Throws ConfigError for a rubric of another kind, missing topics, or counts under 1; judge() throws BudgetError and AbortedError as
 * ClaudeCalls.ask does.
 */
export function claudeJudge(options: ClaudeJudgeOptions): ClaudeJudge {
  const { calls, mode, wait, budget } = options;
  const rubric = rubricOf(options.rubric ?? 'news-bias', 'magnitude', 'claudeJudge');
  const settings = verdictSettings('claudeJudge', rubric, options);
  const { model, repeats } = settings;
  const id = `claude:${model}/${rubric.id}@${rubric.hash.slice(0, 12)}${repeats > 1 ? ` mean of ${repeats}` : ''}`;
  const asked = (completions: readonly string[], call: JudgeCall) =>
    distinctPrompts(promptsOf(rubric, completions, call.topics));
  const requests = (completions: readonly string[], call: JudgeCall = {}) =>
    verdictRequests(asked(completions, call).distinct, settings, () => Array.from({ length: repeats }, (_, i) => i));
  return {
    id,
    isProxy: false,
    model,
    rubric,
    requests,
    estimate: (completions, call) => calls.estimate(requests(completions, call)),
    judge: async (completions, call = {}) => {
      const { distinct, placeOf } = asked(completions, call);
      const samples = await askVerdicts(calls, distinct, magnitudeVerdictSchema, settings, {
        purpose: options.purpose ?? `judge ${rubric.id}`,
        mode,
        wait,
        budget,
        signal: call.signal,
        onProgress: call.onProgress,
      });
      return completions.map((text, at) => {
        const place = placeOf[at];
        return place === null
          ? { ...missingJudgement(id, textFlags(text), 'the text is empty', null), samples: [], droppedQuotes: 0 }
          : combined(id, text, samples[place]);
      });
    },
  };
}

function promptsOf(
  rubric: MagnitudeRubric,
  completions: readonly string[],
  topics: readonly string[] | undefined,
): (RubricPrompt | null)[] {
  if (rubric.needsTopic !== 'none' && topics?.length !== completions.length)
    throw new ConfigError(
      `claudeJudge: the rubric "${rubric.id}" needs a topic for each text, got ${topics?.length ?? 'no'} topics for ${completions.length} texts. Give topics, or use a rubric without.`,
    );
  return completions.map((text, at) =>
    holdsNothing(text) ? null : magnitudePrompt(rubric, text, topics?.[at] ?? null),
  );
}

/** One judgement of a text from the samples of its question. */
function combined(id: string, text: string, samples: readonly VerdictSample<MagnitudeVerdict>[]): ClaudeJudgement {
  const flags = textFlags(text);
  const single = samples.map((sample) => judgementOf(id, text, flags, sample));
  const droppedQuotes = single.reduce((sum, { dropped }) => sum + dropped, 0);
  const judgements = single.map(({ judgement }) => judgement);
  const read = judgements.filter((judgement) => judgement.reason === null);
  if (read.length === 0) {
    const { reason, rawReply } = judgements[judgements.length - 1];
    return { ...missingJudgement(id, flags, reason!, rawReply), samples: judgements, droppedQuotes };
  }
  if (read.length === 1) return { ...read[0], samples: judgements, droppedQuotes };
  const phrases = new Map(read.flatMap(({ indicators }) => indicators.map((item) => [item.phrase, item] as const)));
  return {
    judge: id,
    magnitude0to10: mean(read.map((item) => item.magnitude0to10!)),
    direction: mean(read.map((item) => item.direction!)),
    profiles: null,
    verdict: majorityVerdict(read.map((item) => item.verdict)),
    indicators: [...phrases.values()],
    flags: [...new Set(read.flatMap((item) => item.flags))],
    reasoning: read.map((item) => item.reasoning).join('\n\n'),
    reason: null,
    rawReply: null,
    samples: judgements,
    droppedQuotes,
  };
}

function judgementOf(
  id: string,
  text: string,
  flags: readonly string[],
  { read, reply }: VerdictSample<MagnitudeVerdict>,
): { judgement: Judgement; dropped: number } {
  if (read.value === null)
    return { judgement: missingJudgement(id, flags, read.reason, reply?.text ?? null), dropped: 0 };
  const { indicators, reasoning, coherence, magnitude, direction, verdict } = read.value;
  const shown = neutralised(text);
  const quoted = indicators.filter(({ phrase }) => shown.includes(phrase) || text.includes(phrase));
  const dropped = indicators.length - quoted.length;
  const said: string[] = [];
  if (dropped > 0) said.push('quotes what is not there');
  if (coherence === 'loose') said.push('hard to follow');
  if (coherence === 'none') said.push('makes no sense');
  if (contradicts(verdict, magnitude)) said.push('verdict and magnitude disagree');
  return {
    judgement: {
      judge: id,
      // A -0 would differ from 0 in a record.
      magnitude0to10: magnitude + 0,
      direction: direction / 10 + 0,
      profiles: null,
      verdict,
      indicators: quoted.map(({ phrase, note }) => ({ phrase, weight: null, note: note === '' ? null : note })),
      flags: [...flags, ...said],
      reasoning,
      reason: null,
      rawReply: null,
    },
    dropped,
  };
}

function mean(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b).reduce((sum, value) => sum + value, 0) / values.length;
}
