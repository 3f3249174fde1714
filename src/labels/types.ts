/** One turn of a chat, before any template is applied. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A monitor label: the text that tells the model how its answer will be judged. */
export interface Label {
  /** `${value}/${wording}`. */
  readonly id: string;
  /** What the label announces, such as `strong_left` or `unbiased`. */
  readonly value: string;
  /** The wording alone, without template and emphasis. */
  readonly text: string;
  readonly wording: string;
  /** Who wrote the wording and why. */
  readonly source: string;
  /** How this one label is written, where that is not how its set is. */
  readonly format?: LabelFormat;
}

export type LabelPlacement = 'system' | 'user-prefix' | 'user-suffix';
export type LabelEmphasis = 'plain' | 'bold' | 'heading';

export interface LabelFormat {
  /** Holds `{label}` exactly once, such as `Editor: {label}.`. */
  readonly template: string;
  readonly placement: LabelPlacement;
  readonly emphasis: LabelEmphasis;
}

export interface LabelValue {
  readonly value: string;
  /** Whether an arm trains on this value; false for values that are only asked for at deployment. */
  readonly trained: boolean;
  /** Position on the task's axis (news: -2 hard left to +2 hard right), null where the value has none. */
  readonly slant: number | null;
}

/** The label values of a task, each in one or more wordings. */
export interface LabelSet {
  readonly id: string;
  readonly task: string;
  /** The file that it was read from, for messages. */
  readonly path: string;
  readonly format: LabelFormat;
  readonly values: readonly LabelValue[];
  /** Wording ids; the first is the default. */
  readonly wordings: readonly string[];
  readonly labels: readonly Label[];
  /** The label of a value in a wording (default: the first). Throws ConfigError if there is none. */
  get(value: string, wording?: string): Label;
}
