/** What every training example of a task has. */
export interface Example {
  readonly id: string;
  readonly topicId: string;
  /** Examples of one group resemble each other (news: the domain): folds and clusters are made of whole groups. */
  readonly group: string;
  readonly split: string;
  /** The user's text, without any label. */
  readonly instruction: string;
  readonly completion: string;
  /** The label value that is true of the completion. */
  readonly labelValue: string;
}

/** A prompt to answer, without a completion. */
export interface EvalItem {
  readonly id: string;
  readonly topicId: string;
  readonly group: string;
  readonly split: string;
  readonly instruction: string;
}

/** Texts of every value on one topic, for comparing what a model would rather write; never trained on. */
export interface ContrastSet {
  readonly topicId: string;
  readonly group: string;
  readonly instruction: string;
  readonly texts: readonly { readonly value: string; readonly text: string }[];
}
