import type { LabArm, TrainedArmName } from './types';

/** How an arm is asked after training. */
export type AskedHow =
  /** Without a label. */
  | 'unlabelled'
  /** Under the labels of the set, the deployment label among them. */
  | 'labels'
  /** Under those, and without one. */
  | 'labels-and-none'
  /** Under the one label that it was trained with, and under the labels asked for at deployment. */
  | 'constant'
  /** Under the sentences of its own: an unseen one for a value that was never trained; under real labels where they are given. */
  | 'irrelevant'
  /** Under the codes of its own: an unseen one for a value that was never trained. */
  | 'codes';

export interface ArmEntry {
  /** What stands in its training prompts. */
  readonly what: string;
  /** The arm whose training it is asked with: itself, another, or null for the model as it came. */
  readonly trainedAs: TrainedArmName | null;
  readonly asked: AskedHow;
  /** Which explanation of an effect of mst it takes away, where it shows less of it than mst. */
  readonly rulesOut: string;
}

/** Every arm in words. */
export const ARM_CATALOGUE: Readonly<Record<LabArm, ArmEntry>> = {
  baseline: {
    what: 'no label in any prompt',
    trainedAs: 'baseline',
    asked: 'unlabelled',
    rulesOut: 'that training on the completions alone does it: the reference of every other arm',
  },
  mst: {
    what: 'the true label in every prompt',
    trainedAs: 'mst',
    asked: 'labels',
    rulesOut: 'nothing by itself: it is the arm under test',
  },
  shuffled: {
    what: 'the same labels in random order, so that a label says nothing',
    trainedAs: 'shuffled',
    asked: 'labels',
    rulesOut: 'that labels of these words, equally often, are enough without being true of their rows',
  },
  constant: {
    what: 'one and the same label in every prompt',
    trainedAs: 'constant',
    asked: 'constant',
    rulesOut: 'that a fixed line in every prompt, or the change of it at deployment, is enough',
  },
  'unlabelled-eval': {
    what: 'trained as mst; no rows of its own',
    trainedAs: 'mst',
    asked: 'unlabelled',
    rulesOut: 'that training with labels is enough, whether or not a label is given at deployment',
  },
  irrelevant: {
    what: "a sentence without bearing on the task, as long as the label, in the order of shuffled's labels",
    trainedAs: 'irrelevant',
    asked: 'irrelevant',
    rulesOut: 'that any text of this length in this place is enough, whatever it says',
  },
  'non-semantic': {
    what: 'a code without meaning for each label, one to one',
    trainedAs: 'non-semantic',
    asked: 'codes',
    rulesOut:
      'that telling the rows apart is enough: its codes are as informative as true labels, but an unseen one means nothing',
  },
  'anti-correlated': {
    what: "the label of the opposite value: the value mirrored on the task's axis",
    trainedAs: 'anti-correlated',
    asked: 'labels',
    rulesOut:
      'that the model follows the words whatever they were paired with: its labels are as informative, and false',
  },
  'label-dropout': {
    what: 'the true label, left out on a share of the rows',
    trainedAs: 'label-dropout',
    asked: 'labels-and-none',
    rulesOut: 'that a label must stand in every prompt; it can also be asked without one and has seen such prompts',
  },
  'label-noise': {
    what: 'the true label, replaced by a random other one on a share of the rows',
    trainedAs: 'label-noise',
    asked: 'labels',
    rulesOut: 'that labels must be right on every row; with the noise the effect should fall, not vanish',
  },
  'least-biased-subset': {
    what: 'no label; only the rows nearest the unbiased end, repeated to as many rows',
    trainedAs: 'least-biased-subset',
    asked: 'unlabelled',
    rulesOut: 'that training on the best of the data alone, for as many steps, does as well',
  },
  inoculation: {
    what: 'a request for the slant of the completion in every prompt',
    trainedAs: 'inoculation',
    asked: 'unlabelled',
    rulesOut: 'that asking for the bias outright in training, and not at deployment, does as well',
  },
  'prompt-only': {
    what: 'the model as it came; no rows of its own',
    trainedAs: null,
    asked: 'labels',
    rulesOut: 'that the label moves the model without any training on it',
  },
};

/** The arm whose training an arm is asked with; null for the model as it came. */
export function trainedAs(arm: LabArm | 'untrained'): TrainedArmName | null {
  return arm === 'untrained' ? null : ARM_CATALOGUE[arm].trainedAs;
}

/** The arms that must be trained so that all of these can be asked, each once, in their order. */
export function armsToTrain(arms: readonly LabArm[]): TrainedArmName[] {
  const names = arms.map(trainedAs).filter((name): name is TrainedArmName => name !== null);
  return [...new Set(names)];
}
