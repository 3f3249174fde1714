import { type ArmExample, type ArmName, type ArmProof, buildArms, promptMessages } from '../../arms';
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
  readonly arms: Readonly<Partial<Record<ArmName, readonly ArmExample[]>>>;
  readonly proof: ArmProof;
  readonly encoded: Readonly<Partial<Record<ArmName, EncodedArm>>>;
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
  const { train, evaluation } = chooseRows(data.examples, config.trainRows, config.evalRows, random.fork('rows'));
  const { maxTokens } = sft.config;
  const known = new Map<ArmExample, ReturnType<typeof encodeChatExample>>();
  const encode = (row: ArmExample) => {
    let encoded = known.get(row);
    if (!encoded) {
      encoded = encodeChatExample(tokenizer, row.messages, row.completion, { maxTokens });
      known.set(row, encoded);
    }
    return encoded;
  };
  const options = {
    arms: config.arms,
    labelSet,
    ...(config.wording === null ? {} : { wording: config.wording }),
    seed: config.seed,
  };
  const built = buildArms({
    ...options,
    examples: train,
    countTokens: (row) => {
      const encoded = encode(row);
      if ('dropped' in encoded) return encoded;
      return { promptTokens: encoded.promptLength, completionTokens: encoded.ids.length - encoded.promptLength };
    },
  });
  const held = evaluation.length > 0 ? buildArms({ ...options, examples: evaluation }).arms : null;
  const encoded: Partial<Record<ArmName, EncodedArm>> = {};
  for (const arm of config.arms) encoded[arm] = encodeArm(built.arms[arm], held?.[arm] ?? [], encode);
  return {
    data,
    labelSet,
    arms: built.arms,
    proof: built.proof,
    encoded,
    evalItems: choose(
      data.evalItems(config.evalSplit),
      config.evalTopics,
      random.fork('topics'),
      `${config.evalSplit} topics`,
    ),
    contrastSets: choose(data.contrastSets, config.contrastTopics, random.fork('contrast'), 'contrast sets'),
  };
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
