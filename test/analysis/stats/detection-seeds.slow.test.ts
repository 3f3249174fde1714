import { beforeEach, describe, expect, it } from 'vitest';
import {
  DETECTION_MEASURES,
  type DetectionMeasure,
  detectionOverSeeds,
  type SeedJudgedAnswer,
} from '../../../src/analysis/stats';
import { normalCdf } from '../../../src/analysis/stats/distributions';
import { RandomStream } from '../../../src/core';

/** Answers on the probit scale: where right and wrong claims lie, and standard deviations between seeds, topics, claims. */
interface Design {
  readonly seeds: number;
  readonly topics: number;
  readonly right: number;
  readonly wrong: number;
  readonly betweenSeeds: number;
  readonly betweenTopics: number;
  readonly rest: number;
  /** Answers drawn, 0 or 1, instead of their probabilities. */
  readonly drawn?: boolean;
}

const WRONG_CLAIMS = 4;

/** One right claim and four wrong ones a topic; seeds and topics lean apart on right and on wrong claims. */
function answers(design: Design, random: RandomStream): SeedJudgedAnswer[] {
  const lean = (spread: number) => ({ right: spread * random.normal(), wrong: spread * random.normal() });
  const topics = Array.from({ length: design.topics }, () => lean(design.betweenTopics));
  return Array.from({ length: design.seeds }, (_, seed) => {
    const own = lean(design.betweenSeeds);
    return topics.flatMap((topic, t) =>
      Array.from({ length: 1 + WRONG_CLAIMS }, (__, claim) => {
        const kind = claim === 0 ? 'right' : 'wrong';
        const p = normalCdf(design[kind] + own[kind] + topic[kind] + design.rest * random.normal());
        const saysCorrect = design.drawn ? Number(random.uniform() < p) : p;
        return { seed, topicId: `t${t}`, userIsRight: claim === 0, saysCorrect };
      }),
    );
  }).flat();
}

/** What unlimited seeds and topics would give: E Φ(x) = Φ(E x / √(1 + variance)), and a seed's z of its own rates. */
function truthOf({ right, wrong, betweenSeeds, betweenTopics, rest }: Design): Record<DetectionMeasure, number> {
  const ofSeed = Math.sqrt(1 + betweenTopics ** 2 + rest ** 2);
  const overall = Math.sqrt(ofSeed ** 2 + betweenSeeds ** 2);
  const [hit, fooled] = [normalCdf(right / overall), normalCdf(wrong / overall)];
  return {
    falsePositivesPerNegative: fooled,
    falseNegativesPerPositive: 1 - hit,
    falsePositivesPerAll: (WRONG_CLAIMS * fooled) / (1 + WRONG_CLAIMS),
    accuracy: (hit + WRONG_CLAIMS * (1 - fooled)) / (1 + WRONG_CLAIMS),
    balancedAccuracy: (hit + 1 - fooled) / 2,
    dPrime: (right - wrong) / ofSeed,
    criterion: -(right + wrong) / ofSeed / 2,
  };
}

const RUNS = 1200;

/** Percent of the intervals that hold the truth, by measure, and that hold the mean of all estimates; runs without one aside. */
function coverage(name: string, design: Design) {
  const random = new RandomStream(`detection over seeds ${name}`);
  const found = Array.from({ length: RUNS }, (_, run) => {
    const stream = random.fork(run);
    return detectionOverSeeds(answers(design, stream), { random: stream });
  });
  const truth = truthOf(design);
  const percent = (measure: DetectionMeasure, value: number) => {
    const intervals = found.map((one) => one[measure]).filter(({ low }) => low !== null);
    const held = intervals.filter(({ low, high }) => low! <= value && value <= high!).length;
    return Number(((100 * held) / intervals.length).toFixed(1));
  };
  const meanOf = (measure: DetectionMeasure) => found.reduce((sum, one) => sum + one[measure].estimate!, 0) / RUNS;
  const each = (value: (measure: DetectionMeasure) => number) =>
    Object.fromEntries(DETECTION_MEASURES.map((measure) => [measure, percent(measure, value(measure))])) as Record<
      DetectionMeasure,
      number
    >;
  return { truth: each((measure) => truth[measure]), ownMean: each(meanOf) };
}

const usual = { topics: 20, right: 0.9, wrong: -0.6, betweenSeeds: 0.3, betweenTopics: 0.6, rest: 0.3 };
const hardly = { ...usual, betweenSeeds: 0.1, betweenTopics: 0.8 };
const asTopics = { ...usual, betweenSeeds: 0.8, betweenTopics: 0.8 };
const strict = { ...usual, right: 1.5, wrong: -1.5 };
const extreme = { ...usual, right: 2.2, wrong: -2.4 };
/** Two standard errors of a coverage near 94% over 1200 runs, in points. */
const SLACK = 1.4;
// The test's process must answer between runs of seconds.
beforeEach(() => new Promise((resolve) => setImmediate(resolve)));

// Percent seen: rates (the first five measures), d′, criterion.
//   3 seeds, usual        92.7 to 94.2, 94.0, 93.9
//   3 seeds, hardly       93.5 to 94.3, 94.3, 94.8
//   8 seeds, usual        94.8 to 95.8, 96.0, 94.7
//   8 seeds, hardly       94.4 to 95.9, 95.4, 95.6
//   8 seeds, as topics    92.3 to 94.4, 95.3, 93.3
//   3 seeds, drawn        94.9 to 96.0, 97.7, 96.8
//   8 seeds, drawn        94.8 to 96.7, 97.1, 98.1
describe('95% intervals of detection over seeds and 20 topics hold the truth in 93 to 97%, within Monte-Carlo error', () => {
  it.each([
    ['3 seeds that differ less than topics', { ...usual, seeds: 3 }],
    ['3 seeds that hardly differ', { ...hardly, seeds: 3 }],
    ['8 seeds that differ less than topics', { ...usual, seeds: 8 }],
    ['8 seeds that hardly differ', { ...hardly, seeds: 8 }],
    ['8 seeds that differ as topics do', { ...asTopics, seeds: 8 }],
    ['3 seeds, answers drawn', { ...usual, seeds: 3, drawn: true }],
    ['8 seeds, answers drawn', { ...usual, seeds: 8, drawn: true }],
  ] as [string, Design][])('%s', (name, design) => {
    const { truth } = coverage(name, design);
    for (const [measure, percent] of Object.entries(truth)) {
      expect(percent, measure).toBeGreaterThan(93 - SLACK);
      expect(percent, measure).toBeLessThan(97 + SLACK);
    }
  });
});

// Percent seen: rates, d′, criterion; then d′ and criterion for the mean of the estimates.
//   3 seeds, as topics    88.3 to 91.8, 92.3, 93.2; 92.6, 92.6
//   3 seeds, 60 topics    91.3 to 92.7, 92.5, 91.7; 92.3, 91.6
//   3 seeds, strict       90.3 to 91.5, 92.5, 93.6; 93.3, 94.9
//   8 seeds, strict       92.3 to 93.9, 92.0, 93.8; 94.8, 95.0
//   3 seeds, extreme      88.1 to 91.7, 70.8, 88.3; 93.0, 95.5
//   8 seeds, extreme      88.8 to 91.3, 49.7, 83.0; 94.4, 94.6
describe('where they are off', () => {
  it.each([
    ['3 seeds that differ as topics do', { ...asTopics, seeds: 3 }, 88],
    ['3 seeds and 60 topics', { ...usual, seeds: 3, topics: 60 }, 90],
    ['3 seeds, 11% wrong answers of each kind', { ...strict, seeds: 3 }, 90],
    ['8 seeds, 11% wrong answers of each kind', { ...strict, seeds: 8 }, 90],
  ] as [string, Design, number][])('%s: a few points under 93%', (name, design, least) => {
    const { truth } = coverage(name, design);
    for (const [measure, percent] of Object.entries(truth)) expect(percent, measure).toBeGreaterThan(least - SLACK);
    expect(Math.min(...Object.values(truth))).toBeLessThan(93);
  });

  it.each([3, 8])(
    '%i seeds, 3% wrong answers: d′ is that of the corrected rates of 20 claims, and short of the truth',
    (seeds) => {
      const { truth, ownMean } = coverage(`${seeds} seeds, extreme`, { ...extreme, seeds });
      expect(truth.dPrime).toBeLessThan(80);
      expect(ownMean.dPrime).toBeGreaterThan(92 - SLACK);
      expect(ownMean.criterion).toBeGreaterThan(93 - SLACK);
      for (const measure of DETECTION_MEASURES.slice(0, 5)) expect(truth[measure], measure).toBeGreaterThan(87 - SLACK);
    },
  );
});
