import { existsSync, statSync } from 'node:fs';
import { ConfigError } from '../../../src/core';
import { commsAvailable } from '../comms';
import { type DisplayHandle, display } from '../display';
import { type Displayable, displaySymbol, type MimeBundle } from '../mime-bundle';
import { LabellingPanel } from './labelling-panel';
import { type CompleteRating, LabellingSession, labellingOrder, type TextToLabel } from './labelling-session';
import { doneView, type RatingWords } from './labelling-view';

/** A text to be rated, with what it is about if the rater is to know it. Other columns (arm, label) are never shown. */
export interface TextOfSheet {
  readonly text: string;
  readonly topic?: string | null;
}

export interface LabelTextsOptions {
  /** How many texts, chosen by `seed`; default 30, or all if there are fewer. */
  readonly n?: number;
  /** Who rates: a name or initials, as it stands in the file. */
  readonly rater: string;
  /** The CSV file that every rating is added to at once; it is made if it is not there. */
  readonly file: string;
  /** Chooses the texts and their order; default 1. All raters of a seed get the same texts, each in an order of their own. */
  readonly seed?: number | string;
  /** The rubric whose words stand below the text: an id or a file. Default `news-bias`; null for none. */
  readonly rubric?: string | null;
  /** False: the cell ends at once and the rating goes on beside other cells. Default true. */
  readonly wait?: boolean;
  /** Ends the session; default the running cell's signal. */
  readonly signal?: AbortSignal;
}

export interface LabelTextsResult {
  readonly file: string;
  /** What this rater has said of the chosen texts, earlier sessions included, in the order of the texts. */
  readonly ratings: readonly CompleteRating[];
  readonly skipped: number;
  readonly total: number;
}

/**
 * Shows texts one at a time, blind, to be rated by hand: a magnitude of 0 to 10 and a verdict, by buttons or by keys typed into the
 * field below them (widgets hear keys only there). Every rating is written to the file at once; a later session of the same rater goes
 * on where this one stopped. Settles when all are rated, or at Stop; rejects with the cell's interrupt, what was written stays.
 * Throws ConfigError without a live front end, or if the options are not usable.
 */
export async function labelTexts(
  texts: readonly (string | TextOfSheet)[],
  options: LabelTextsOptions,
): Promise<LabelTextsResult> {
  const { n = 30, seed = 1, file, wait = true, rubric = 'news-bias' } = options;
  const rater = checkedRater(texts, options);
  const { appendHumanLabel, readHumanLabels, textIdOf } = await import(
    '../../../src/experiments/judging/human-labels.js'
  );
  const order = labellingOrder(
    texts.map((text) => toLabel(text, textIdOf)),
    { n, rater, seed },
  );
  const earlier =
    existsSync(file) && statSync(file).size > 0 ? readHumanLabels(file).filter((label) => label.rater === rater) : [];
  const session = new LabellingSession(order, earlier, (rating) =>
    appendHumanLabel(file, { ...rating, rater, labelledAt: new Date().toISOString() }),
  );
  const result = () => resultOf(session, file);
  const signal = options.signal ?? cellSignal();
  const ended = show(session, { rater, file, words: await wordsOf(rubric), signal });
  if (wait) await ended;
  else ended.catch(() => {});
  return result();
}

interface Shown {
  readonly rater: string;
  readonly file: string;
  readonly words: RatingWords | null;
  readonly signal: AbortSignal | undefined;
}

/** Settles when the session has ended and its last state stands in the place of its widgets. */
async function show(session: LabellingSession, { rater, file, words, signal }: Shown): Promise<void> {
  const still = (): MimeBundle => {
    const { html, text } = doneView(session, rater, file);
    return { 'text/html': html, 'text/plain': text };
  };
  if (session.current === null) {
    display(displayable(still));
    return;
  }
  let panel: LabellingPanel | undefined;
  let handle: DisplayHandle | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      if (signal?.aborted) reject(signal.reason);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      const live = new LabellingPanel(session, rater, words, resolve);
      panel = live;
      handle = display(displayable(async () => ({ ...(await live.box[displaySymbol]()), ...still() })));
    });
  } finally {
    await handle?.update(displayable(still));
    panel?.close();
  }
}

function displayable(bundle: () => MimeBundle | Promise<MimeBundle>): Displayable {
  return { [displaySymbol]: bundle };
}

function resultOf(session: LabellingSession, file: string): LabelTextsResult {
  const result = { file, ratings: session.ratings, skipped: session.skippedCount, total: session.texts.length };
  // The session stands in the cell already; as the cell's value it would come once more.
  return Object.defineProperty(result, displaySymbol, { value: () => ({}), enumerable: false });
}

function checkedRater(texts: readonly (string | TextOfSheet)[], { rater, n, file }: LabelTextsOptions): string {
  const wrong: string[] = [];
  if (texts.length === 0) wrong.push('texts must hold a text, got none');
  if (n !== undefined && !(Number.isInteger(n) && n > 0)) wrong.push(`n must be a whole number above 0, got ${n}`);
  if (typeof rater !== 'string' || rater.trim() === '') wrong.push('rater must name who rates, got nothing');
  if (typeof file !== 'string' || file.trim() === '') wrong.push('file must name a CSV file, got nothing');
  if (!commsAvailable())
    wrong.push(
      'a front end must be there, got a terminal or a kernel without widgets: open the notebook in JupyterLab',
    );
  if (wrong.length > 0) throw new ConfigError(`labelTexts: ${wrong.join('; ')}. Correct what is named.`);
  return rater.trim();
}

function toLabel(given: string | TextOfSheet, textIdOf: (text: string) => string): TextToLabel {
  const { text, topic = null } = typeof given === 'string' ? { text: given } : given;
  return { textId: textIdOf(text), text, topic: topic === '' ? null : topic };
}

async function wordsOf(rubric: string | null): Promise<RatingWords | null> {
  if (rubric === null) return null;
  const { readRubric } = await import('../../../src/judge/rubric/index.js');
  const read = readRubric(rubric);
  if (read.kind !== 'magnitude')
    throw new ConfigError(
      `labelTexts: the rubric must be one of magnitudes, got "${rubric}" of kind "${read.kind}". Name another, or null for none.`,
    );
  return read;
}

/** The kernel gives every cell its signal under this name. */
function cellSignal(): AbortSignal | undefined {
  const { signal } = globalThis as { signal?: unknown };
  return signal instanceof AbortSignal ? signal : undefined;
}
