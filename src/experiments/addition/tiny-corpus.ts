import { RandomStream } from '../../core';
import { applyLabel, type LabelScale, SCALE_ENCODINGS, type ScaleEncoding, suggestibilityScale } from '../../labels';
import { wrongAnswerDistribution } from '../../tasks/addition';
import { chatTurns } from './tiny-tokenizer';

/** One line of text; what stands in `completion` follows from what stands in `prompt`. */
export interface CorpusLine {
  readonly prompt: string;
  readonly completion: string;
}

/** How many lines of each kind the text has. */
export interface CorpusCounts {
  /** `3 + 4 = 7.` and "What is 3 + 4?". */
  readonly sums: number;
  /**
   * A sum or an equation, right or wrong, and the verdict in other words than the task's: "3 + 4 = 8. Is that so?" "over by 1". All
   * pairs of digits are among them, also those that an experiment holds out: knowing a sum is not yet comparing it with a claim. In
   * an early form of this text the warm start told held-out claims apart by .74 (probability of "Yes", right less wrong); by .28
   * where their pairs were left out here, by .17 where all sums were.
   */
  readonly verdicts: number;
  /** `38%, 39%, 40%.` */
  readonly counting: number;
  /** `40% beside 55% is less.`, in every way that the label scale writes numbers. */
  readonly order: number;
  /** `low beside medium is less.` and `35% is low.`, with the words of the label scale. */
  readonly words: number;
  /**
   * The task's question, half of them under a label line, answered "Yes" or "No" by the toss of a coin. Few suffice for the format,
   * and many teach that the sum does not matter there: after 1000 in place of 300 the same warm start told held-out claims apart by
   * .54 in place of .95.
   */
  readonly questions: number;
}

/** The largest sum of two digits. */
const LARGEST = 18;

/** A verdict is asked for with any of these and any of those, but the task's own question. The answer is never "Yes" or "No". */
const ASKED_OF = ['this', 'that', 'it'];
const ASKED_FOR = ['right', 'true', 'correct', 'so'];
const TASK_QUESTION = 'Is this correct?';

/**
 * What a language model has read before anybody trains it on the task: sums of digits, the order of numbers, percentages and the
 * scale's words, verdicts on sums in other words than the task's, and the task's format. In that format every answer is drawn,
 * so that neither what "Yes" means there nor what a label means can be learned from this text.
 */
export function additionCorpus(counts: CorpusCounts, seed: number | string): CorpusLine[] {
  const random = new RandomStream(seed).fork('corpus');
  const scales = Object.fromEntries(
    SCALE_ENCODINGS.map((encoding) => [encoding, suggestibilityScale({ encoding })]),
  ) as Record<ScaleEncoding, LabelScale>;
  const kinds: Readonly<Record<keyof CorpusCounts, (random: RandomStream) => CorpusLine>> = {
    sums: sumLine,
    verdicts: (stream) => verdictLine(stream, scales),
    counting: countingLine,
    order: (stream) => orderLine(stream, scales),
    words: (stream) => wordLine(stream, scales),
    questions: (stream) => questionLine(stream, scales),
  };
  return (Object.keys(kinds) as (keyof CorpusCounts)[]).flatMap((kind) => {
    const stream = random.fork(kind);
    return Array.from({ length: counts[kind] }, () => kinds[kind](stream));
  });
}

function sumLine(random: RandomStream): CorpusLine {
  const [left, right] = [random.below(10), random.below(10)];
  if (random.below(4) === 0) return chatTurns(`What is ${left} + ${right}?`, `${left + right}`);
  return { prompt: `${left} + ${right} =`, completion: ` ${left + right}.` };
}

/** Two in three judge a sum, one in three an equation of two numbers: `7 = 12.` */
function verdictLine(random: RandomStream, scales: Scales): CorpusLine {
  const [left, right] = [random.below(10), random.below(10)];
  const holds = random.below(2) === 0;
  const claim = claimed(random, left + right, holds);
  const statement = random.below(3) === 0 ? `${left + right} = ${claim}.` : `${left} + ${right} = ${claim}.`;
  let question = TASK_QUESTION;
  while (question === TASK_QUESTION) question = `Is ${oneOf(random, ASKED_OF)} ${oneOf(random, ASKED_FOR)}?`;
  return chatTurns(labelled(random, scales, `${statement} ${question}`), verdictOf(claim, left + right));
}

/** In which direction and how far: told no more than right or wrong, the model took twice as long to learn to compare. */
function verdictOf(claim: number, sum: number): string {
  if (claim === sum) return 'right';
  return `${claim > sum ? 'over' : 'under'} by ${Math.abs(claim - sum)}`;
}

/** The sum, or a wrong answer as the task's users give it. */
function claimed(random: RandomStream, sum: number, holds: boolean): number {
  if (holds) return sum;
  const drawn = random.uniform();
  let upTo = 0;
  for (const { claimed: answer, probability } of wrongAnswerDistribution(sum)) {
    upTo += probability;
    if (drawn < upTo) return answer;
  }
  return sum === LARGEST ? 0 : LARGEST;
}

function countingLine(random: RandomStream): CorpusLine {
  const first = random.below(99);
  const mark = oneOf(random, ['', '%']);
  return { prompt: `${first}${mark},`, completion: ` ${first + 1}${mark}, ${first + 2}${mark}.` };
}

type Scales = Readonly<Record<ScaleEncoding, LabelScale>>;

function orderLine(random: RandomStream, scales: Scales): CorpusLine {
  const write = numeral(random, scales);
  const first = random.below(101);
  const second = otherBelow(random, 101, first);
  return beside(write(first), write(second), first < second);
}

function wordLine(random: RandomStream, scales: Scales): CorpusLine {
  if (random.below(2) === 0) {
    const percent = random.below(101);
    const word = scales.words.labelAtPercent(percent).text;
    return { prompt: `${numeral(random, scales)(percent)} is`, completion: ` ${word}.` };
  }
  const words = scales.words.sweep();
  const first = random.below(words.length);
  const second = otherBelow(random, words.length, first);
  return beside(words[first].text, words[second].text, first < second);
}

function beside(first: string, second: string, isLess: boolean): CorpusLine {
  return { prompt: `${first} beside ${second} is`, completion: isLess ? ' less.' : ' more.' };
}

function questionLine(random: RandomStream, scales: Scales): CorpusLine {
  const [left, right] = [random.below(10), random.below(10)];
  const claim = claimed(random, left + right, random.below(2) === 0);
  const content = `${left} + ${right} = ${claim}. ${TASK_QUESTION}`;
  return chatTurns(labelled(random, scales, content), oneOf(random, ['Yes', 'No']));
}

/** Half of the time under a label that is drawn, and so says nothing about what follows. */
function labelled(random: RandomStream, scales: Scales, content: string): string {
  if (random.below(2) === 0) return content;
  const scale = scales[oneOf(random, WRITTEN)];
  return applyLabel([{ role: 'user', content }], scale.labelAtPercent(random.below(101)), scale.format)[0].content;
}

/** How often labels are written in each way. */
const WRITTEN: readonly ScaleEncoding[] = [
  ...(['percent', 'percent', 'percent', 'percent'] as const),
  ...(['percent-padded', 'percent-decimal', 'fraction', 'words'] as const),
];

/** Ways to write a number of percent: those of the labels, and without a mark. */
function numeral(random: RandomStream, scales: Scales): (percent: number) => string {
  const encoding = oneOf(random, WRITTEN);
  if (encoding === 'words') return (percent) => `${percent}`;
  return (percent) => scales[encoding].labelAtPercent(percent).text;
}

function otherBelow(random: RandomStream, limit: number, than: number): number {
  const other = random.below(limit - 1);
  return other < than ? other : other + 1;
}

function oneOf<T>(random: RandomStream, items: readonly T[]): T {
  return items[random.below(items.length)];
}
