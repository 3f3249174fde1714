import {
  type ArmExample,
  type ArmProof,
  armsToTrain,
  buildArms,
  type ControlLabels,
  type ControlSettings,
  promptMessages,
  type TrainedArmName,
} from '../../arms';
import { ConfigError, contentHash, RandomStream } from '../../core';
import { assertLabelsClean, type Label, type LabelSet, loadLabelSet } from '../../labels';
import { encodeChatExample, encodePrompt, type Tokenizer } from '../../model/tokens';
import { type ContrastSet, type EvalItem, type Example, loadNews, type NewsData } from '../../tasks';
import type { SftExample } from '../../train';
import { idsHash } from '../rows-hash';
import type { ResolvedNewsConfig } from './config';

/** The rows of one arm as the trainer takes them. */
export interface EncodedArm {
  readonly train: readonly SftExample[];
  readonly evaluation: readonly SftExample[];
  readonly dropped: readonly { readonly id: string; readonly reason: string }[];
  /** Content address of all ids and prompt lengths: label wording, template and tokenizer are in it. */
  readonly hash: string;
}

/** Data, labels and arms of an experiment, before any model is loaded. */
export interface PreparedNews {
  readonly data: NewsData;
  readonly labelSet: LabelSet;
  readonly arms: Readonly<Partial<Record<TrainedArmName, readonly ArmExample[]>>>;
  readonly proof: ArmProof;
  /** The labels of the controls among the arms, in training and when asked. */
  readonly controls: ControlLabels;
  readonly encoded: Readonly<Partial<Record<TrainedArmName, EncodedArm>>>;
  readonly evalItems: readonly EvalItem[];
  readonly contrastSets: readonly ContrastSet[];
}

/**
 * Reads data and labels, chooses rows and topics by seed, builds the arms with their proof and encodes them.
 * Throws what the readers and the proof throw; ConfigError if there are fewer rows or topics than the config asks for.
 */
export function prepareNews({ config, sft }: ResolvedNewsConfig, tokenizer: Tokenizer): PreparedNews {
  const data = loadNews({ form: config.form, ...(config.dataDir === null ? {} : { dir: config.dataDir }) });
  const labelSet = loadLabelSet(config.labelSet);
  assertLabelsClean(labelSet, { specialTokens: tokenizer.specialTokens });
  const random = new RandomStream(config.seed);
  const asked = new RandomStream(config.topicSeed ?? config.seed);
  const { train, evaluation } = chooseRows(data.examples, config.trainRows, config.evalRows, random.fork('rows'));
  const { maxTokens } = sft.config;
  const known = new Map<ArmExample | string, ReturnType<typeof encodeChatExample>>();
  const encode = (row: ArmExample) => {
    // Without a label the rows of an example are the same in every arm.
    const key = row.label === null ? row.exampleId : row;
    let encoded = known.get(key);
    if (!encoded) {
      encoded = encodeChatExample(tokenizer, row.messages, row.completion, { maxTokens });
      known.set(key, encoded);
    }
    return encoded;
  };
  const options = {
    labelSet,
    ...(config.wording === null ? {} : { wording: config.wording }),
    seed: config.seed,
    controls: controlSettings(config, tokenizer),
  };
  const built = buildArms({
    ...options,
    arms: config.arms,
    examples: train,
    countTokens: (row) => {
      const encoded = encode(row);
      if ('dropped' in encoded) return encoded;
      return { promptTokens: encoded.promptLength, completionTokens: encoded.ids.length - encoded.promptLength };
    },
  });
  const trained = armsToTrain(config.arms);
  // The subset is a choice of training rows; held-out rows are all of them, as the baseline has them.
  const heldAs = (arm: TrainedArmName): TrainedArmName => (arm === 'least-biased-subset' ? 'baseline' : arm);
  const heldArms = [...new Set(trained.map(heldAs))];
  const held =
    evaluation.length > 0 && trained.length > 0
      ? buildArms({ ...options, arms: heldArms, examples: evaluation }).arms
      : null;
  const encoded: Partial<Record<TrainedArmName, EncodedArm>> = {};
  for (const arm of trained) encoded[arm] = encodeArm(built.arms[arm], held?.[heldAs(arm)] ?? [], encode);
  return {
    data,
    labelSet,
    arms: built.arms,
    proof: built.proof,
    controls: built.controls,
    encoded,
    evalItems: choose(
      data.evalItems(config.evalSplit),
      config.evalTopics,
      asked.fork('topics'),
      `${config.evalSplit} topics`,
    ),
    contrastSets: choose(data.contrastSets, config.contrastTopics, asked.fork('contrast'), 'contrast sets'),
  };
}

function controlSettings(config: ResolvedNewsConfig['config'], tokenizer: Tokenizer): ControlSettings {
  return {
    constantValue: config.constantLabel,
    dropoutShare: config.labelDropoutShare,
    noiseShare: config.labelNoiseShare,
    deploymentValue: config.deploymentLabel,
    inoculation: config.arms.includes('inoculation') ? inoculationSet(config.inoculationSet, tokenizer) : null,
    // Between line breaks, as labels stand in a prompt: tokens may reach over them.
    countTextTokens: (text) => tokenizer.encode(`\n${text}\n`).length,
  };
}

function inoculationSet(source: string, tokenizer: Tokenizer): LabelSet {
  const set = loadLabelSet(source);
  assertLabelsClean(set, { specialTokens: tokenizer.specialTokens });
  return set;
}

/** The prompt of an item under a label, as ids: the same renderer as in training. */
export function promptIds(
  tokenizer: Tokenizer,
  item: { readonly instruction: string },
  label: Label | null,
  labelSet: Pick<LabelSet, 'format'>,
): Int32Array {
  return encodePrompt(tokenizer, promptMessages(item.instruction, label, labelSet));
}

/** The ids of a text as a completion of a prompt, its end of turn included. */
export function completionIds(tokenizer: Tokenizer, item: { readonly instruction: string }, text: string): Int32Array {
  const row = encodeChatExample(tokenizer, [{ role: 'user', content: item.instruction }], text, {
    maxTokens: Number.MAX_SAFE_INTEGER,
  });
  if ('dropped' in row) throw new ConfigError(`completionIds: a text must fit, got ${row.dropped}. Shorten it.`);
  return row.ids.slice(row.promptLength);
}

function encodeArm(
  train: readonly ArmExample[],
  evaluation: readonly ArmExample[],
  encode: (row: ArmExample) => ReturnType<typeof encodeChatExample>,
): EncodedArm {
  const dropped: { id: string; reason: string }[] = [];
  const rowsOf = (rows: readonly ArmExample[]): SftExample[] =>
    rows.flatMap((row) => {
      const encoded = encode(row);
      if ('dropped' in encoded) {
        dropped.push({ id: row.exampleId, reason: encoded.dropped });
        return [];
      }
      return [{ id: row.exampleId, ids: encoded.ids, promptLength: encoded.promptLength }];
    });
  const rows = { train: rowsOf(train), evaluation: rowsOf(evaluation) };
  return { ...rows, dropped, hash: contentHash([idsHash(rows.train), idsHash(rows.evaluation)]) };
}

/** The same number of rows of each label value where possible, in random order; the evaluation rows come from the rest. */
function chooseRows(
  examples: readonly Example[],
  trainRows: number | null,
  evalRows: number,
  random: RandomStream,
): { train: Example[]; evaluation: Example[] } {
  const wanted = (trainRows ?? examples.length - evalRows) + evalRows;
  if (wanted > examples.length)
    throw new ConfigError(
      `prepareNews: trainRows + evalRows must be at most ${examples.length}, got ${wanted}. Lower them or give a larger set.`,
    );
  const order = random.shuffled(examples);
  if (trainRows === null) return { train: order.slice(evalRows), evaluation: order.slice(0, evalRows) };
  const values = [...new Set(order.map((example) => example.labelValue))].sort();
  const queues = values.map((value) => order.filter((example) => example.labelValue === value));
  const taken: Example[] = [];
  for (let round = 0; taken.length < wanted; round++)
    for (const queue of queues) if (round < queue.length && taken.length < wanted) taken.push(queue[round]);
  return { train: random.fork('train').shuffled(taken.slice(0, trainRows)), evaluation: taken.slice(trainRows) };
}

function choose<T>(items: readonly T[], count: number, random: RandomStream, what: string): T[] {
  if (items.length < count)
    throw new ConfigError(
      `prepareNews: the config asks for ${count} ${what}, got ${items.length} in the data. Lower the number.`,
    );
  return random.shuffled(items).slice(0, count);
}
