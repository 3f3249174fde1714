import { ConfigError } from '../../../src/core';
import { commsAvailable } from '../comms';
import { type Displayable, displaySymbol, type MimeBundle } from '../mime-bundle';
import { Box } from './boxes';
import { type DialColumn, type DialTableRow, dialHtml, dialTable } from './label-dial-view';
import { Latest } from './latest';
import { Html } from './readouts';
import { Dropdown, Slider, TextField } from './settings';
import { failureOf, reportFailures } from './widget';

/** What an arm says under a label: a text, or the probability of what `heading` names. */
export interface DialAnswer {
  /** Such as `P(says correct)`. */
  readonly heading?: string;
  readonly text?: string;
  /** 0 to 1. */
  readonly probability?: number;
  readonly note?: string;
}

export interface DialArm {
  readonly name: string;
  /** Answers under the label for the chosen problem; `signal` aborts when the dial was moved on. */
  answer(label: string, signal: AbortSignal, choice: string): Promise<DialAnswer>;
}

/** A label chosen by a number. */
export interface DialScale {
  readonly description: string;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly value: number;
  /** The label's text at a place of the slider. */
  labelAt(value: number): string;
  /** Places of the slider in the static table. */
  readonly examples: readonly number[];
}

/** A label worded by hand. */
export interface DialWording {
  readonly description: string;
  readonly value: string;
  /** Wordings in the static table, beside the one in the field. */
  readonly examples?: readonly string[];
}

export interface LabelDialOptions {
  readonly arms: readonly DialArm[];
  readonly label: DialScale | DialWording;
  /** Problems or prompts that can be chosen, by the name that `answer` is given. */
  readonly choices?: { readonly description: string; readonly names: readonly string[] };
  readonly caption?: string;
}

/** Answers kept, so that moving back over a place is at once. */
const keptAnswers = 512;

/**
 * A label that is turned by hand, and what each arm answers under it, side by side. The arms answer one after the other, the newest
 * label wins. Saved, or without a front end, it is a table over a few labels.
 */
export class LabelDial implements Displayable {
  private readonly control: Slider | TextField;
  private readonly choice: Dropdown<string> | null;
  private readonly answers: Html;
  private readonly box: Box;
  private readonly known = new Map<string, DialAnswer>();
  private readonly queue = new Latest<void>((_, signal) => this.answerAll(signal));

  constructor(private readonly options: LabelDialOptions) {
    const { arms, label, choices } = options;
    if (arms.length === 0) throw new ConfigError('labelDial: arms must hold an arm, got none. Name one.');
    this.control =
      'labelAt' in label
        ? new Slider({ ...label, width: '560px' })
        : new TextField({ description: label.description, value: label.value, width: 'auto' }, 'Text');
    this.choice = choices
      ? new Dropdown<string>({ description: choices.description, options: choices.names, width: 'auto' })
      : null;
    this.answers = new Html({ trusted: '' }, { width: 'auto' });
    this.box = new Box('column', [this.control, ...(this.choice ? [this.choice] : []), this.answers], {
      width: 'auto',
    });
    this.show(arms.map(({ name }) => ({ name, answer: null })));
    // The control's own queue waits for its handlers; the dial's queue is the one that aborts.
    this.control.onChange(() => this.queue.push());
    this.choice?.onChange(() => this.queue.push());
  }

  /** The label as the arms are given it. */
  get label(): string {
    return this.labelOf(this.control.value);
  }

  /** Turns the dial, as its reader would. */
  turn(value: number | string): void {
    (this.control as { value: number | string }).value = value;
  }

  /** Chooses a problem by name. */
  choose(name: string): void {
    if (this.choice) this.choice.value = name;
  }

  /** Settles when the answers under the present label are shown. */
  settled(): Promise<void> {
    return this.queue.settled();
  }

  /** Removes the dial; a running answer is aborted. */
  close(): void {
    this.queue.cancel();
    this.box.close();
  }

  async [displaySymbol](): Promise<MimeBundle> {
    const rows = await this.exampleRows();
    const { caption } = this.options;
    const still = dialTable(
      this.options.arms.map(({ name }) => name),
      rows,
      caption,
    );
    if (this.box.closed || !commsAvailable()) return still;
    this.queue.push();
    return { ...(await this.box[displaySymbol]()), ...still };
  }

  private labelOf(value: number | string): string {
    const { label } = this.options;
    return 'labelAt' in label ? label.labelAt(Number(value)) : String(value);
  }

  private async exampleRows(): Promise<DialTableRow[]> {
    const { label, arms } = this.options;
    const examples: readonly (number | string)[] = label.examples ?? [];
    const places = [...new Set('labelAt' in label ? examples : [this.control.value, ...examples])];
    const { signal } = new AbortController();
    const rows: DialTableRow[] = [];
    for (const place of places) {
      const text = this.labelOf(place);
      const answers: DialAnswer[] = [];
      for (const arm of arms) answers.push(await this.ask(arm, text, signal));
      rows.push({ label: text, answers });
    }
    return rows;
  }

  private async answerAll(signal: AbortSignal): Promise<void> {
    const { arms } = this.options;
    const { label } = this;
    const columns: DialColumn[] = arms.map(({ name }) => ({ name, answer: null }));
    const failure = await failureOf(async () => {
      for (const [at, arm] of arms.entries()) {
        if (!this.known.has(this.keyOf(arm, label))) this.show(columns);
        columns[at] = { name: arm.name, answer: await this.ask(arm, label, signal) };
        signal.throwIfAborted();
      }
    }, signal);
    if (!signal.aborted) this.show(columns);
    reportFailures([failure], (message) => this.box.showFailure(message));
  }

  private async ask(arm: DialArm, label: string, signal: AbortSignal): Promise<DialAnswer> {
    const key = this.keyOf(arm, label);
    const found = this.known.get(key);
    if (found) return found;
    const answer = await arm.answer(label, signal, this.choice?.value ?? '');
    if (this.known.size >= keptAnswers) this.known.delete(this.known.keys().next().value!);
    this.known.set(key, answer);
    return answer;
  }

  private keyOf(arm: DialArm, label: string): string {
    return JSON.stringify([arm.name, this.choice?.value ?? '', label]);
  }

  private show(columns: readonly DialColumn[]): void {
    this.answers.value = { trusted: dialHtml(this.label, columns, this.options.caption) };
  }
}

/** A label dial over the given arms; show it as a cell's value or with `display`. */
export function labelDial(options: LabelDialOptions): LabelDial {
  return new LabelDial(options);
}
