import { describe, expect, it } from 'vitest';
import {
  detection,
  type JudgedAnswer,
  riseAtEdge,
  type SeedTopicValue,
  seedsAndTopics,
  seedsAndTopicsDifference,
} from '../../../src/analysis/stats';
import { normalCdf } from '../../../src/analysis/stats/distributions';
import { RandomStream } from '../../../src/core';

/** Standard deviations between seeds, between topics and of single cells. */
interface Design {
  readonly seeds: number;
  readonly topics: number;
  readonly betweenSeeds: number;
  readonly betweenTopics: number;
  readonly rest: number;
}

function normals(design: Design, random: RandomStream): SeedTopicValue[] {
  const centres = Array.from({ length: design.topics }, () => design.betweenTopics * random.normal());
  return Array.from({ length: design.seeds }, (_, seed) => {
    const lean = design.betweenSeeds * random.normal();
    return centres.map((centre, topic) => ({
      seed,
      topicId: `t${topic}`,
      value: lean + centre + design.rest * random.normal(),
    }));
  }).flat();
}

/** Shares from normal values, skewed to 0 as the share of sycophantic answers is: Φ(value − 1). */
const shares = (design: Design, random: RandomStream) =>
  normals(design, random).map((row) => ({ ...row, value: normalCdf(row.value! - 1) }));
/** E Φ(X − 1) for X normal around 0. */
const meanShare = ({ betweenSeeds, betweenTopics, rest }: Design) =>
  normalCdf(-1 / Math.sqrt(1 + betweenSeeds ** 2 + betweenTopics ** 2 + rest ** 2));

function coverage(
  name: string,
  repeats: number,
  truth: number,
  interval: (random: RandomStream) => { low: number | null; high: number | null },
): number {
  const random = new RandomStream(`crossed coverage ${name}`);
  let held = 0;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const { low, high } = interval(random.fork(repeat));
    if (low !== null && high !== null && low <= truth && truth <= high) held++;
  }
  return held / repeats;
}

/** Owen's pigeonhole bootstrap, percentile ends: seeds and topics resampled apart from each other. */
function pigeonhole(rows: readonly SeedTopicValue[], { seeds, topics }: Design, random: RandomStream) {
  const means = Array.from({ length: 400 }, () => {
    const drawn = Array.from({ length: topics }, () => random.below(topics));
    let sum = 0;
    for (let s = 0; s < seeds; s++) {
      const from = random.below(seeds) * topics;
      for (const topic of drawn) sum += rows[from + topic].value!;
    }
    return sum / (seeds * topics);
  }).sort((a, b) => a - b);
  return { low: means[9], high: means[389] };
}

const designs: readonly (Design & { readonly name: string })[] = [
  { name: 'seeds hardly differ', seeds: 3, topics: 20, betweenSeeds: 0.1, betweenTopics: 1, rest: 0.5 },
  { name: 'seeds differ as topics do', seeds: 3, topics: 20, betweenSeeds: 1, betweenTopics: 1, rest: 0.5 },
  { name: 'many topics, seeds differ a little', seeds: 3, topics: 80, betweenSeeds: 0.3, betweenTopics: 1, rest: 0.5 },
  { name: 'only seeds differ', seeds: 5, topics: 20, betweenSeeds: 1, betweenTopics: 0.1, rest: 0.1 },
  { name: 'seeds differ as topics do', seeds: 5, topics: 20, betweenSeeds: 1, betweenTopics: 1, rest: 0.5 },
];

// Seen, in the order of `designs`: normal values 96.9, 93.0, 93.5, 95.7, 94.9%; shares 94.1, 88.5, 93.1, 90.7, 91.5%; without
// effects 99.0%; in the comparison 91.0% against 81.0% (crossed bootstrap) and 55.0% (topics alone).
describe('95% t intervals over seeds and topics', () => {
  it.each(designs)('normal values, $seeds seeds, $topics topics, $name', (design) => {
    const share = coverage(`normal ${JSON.stringify(design)}`, 1500, 0, (random) =>
      seedsAndTopics(normals(design, random)),
    );
    expect(share).toBeGreaterThan(0.9);
  });
  it.each(designs)('shares skewed to 0, $seeds seeds, $topics topics, $name', (design) => {
    const share = coverage(`share ${JSON.stringify(design)}`, 1500, meanShare(design), (random) =>
      seedsAndTopics(shares(design, random), { range: [0, 1] }),
    );
    expect(share).toBeGreaterThan(0.88);
  });
  it('no seed or topic effect at all: wide by design', () => {
    const design = { seeds: 3, topics: 20, betweenSeeds: 0, betweenTopics: 0, rest: 1 };
    const share = coverage('noise', 1500, 0, (random) => seedsAndTopics(normals(design, random)));
    expect(share).toBeGreaterThan(0.97);
  });
  it('where 3 seeds differ, the crossed percentile bootstrap and topics alone cover far less', () => {
    const design = designs[1];
    const [crossed, owen, topicsOnly] = [
      coverage('compare', 400, 0, (random) => seedsAndTopics(normals(design, random))),
      coverage('compare', 400, 0, (random) => pigeonhole(normals(design, random), design, random.fork('draws'))),
      coverage('compare', 400, 0, (random) => {
        const { topicMeans, estimate } = seedsAndTopics(normals(design, random));
        const square = topicMeans.reduce((sum, { value }) => sum + (value - estimate!) ** 2, 0);
        const half = 2.093 * Math.sqrt(square / (topicMeans.length - 1) / topicMeans.length);
        return { low: estimate! - half, high: estimate! + half };
      }),
    ];
    expect(owen).toBeLessThan(0.85);
    expect(topicsOnly).toBeLessThan(0.7);
    expect(crossed).toBeGreaterThan(Math.max(owen, topicsOnly) + 0.05);
  });
});

// Seen: difference 5.8% at 3 seeds and 4.1% at 5; rise 6.4% for the models and 1.6% over seeds; where seeds rise or fall
// by themselves 60% and 6.0%.
describe('tests at 5% of a true null', () => {
  it.each([3, 5])('paired difference at %i seeds, with an effect of seed and topic that both sides share', (seeds) => {
    const design = { seeds, topics: 20, betweenSeeds: 1, betweenTopics: 1, rest: 0.5 };
    const random = new RandomStream(`crossed size ${seeds}`);
    let [rejected, moved] = [0, 0];
    const runs = 1000;
    for (let run = 0; run < runs; run++) {
      const stream = random.fork(run);
      const common = normals(design, stream);
      // Each side also has an own effect of the seed: training is not the same twice.
      const side = (shift: number) => {
        const own = normals({ ...design, betweenSeeds: 0.3, betweenTopics: 0.3 }, stream);
        return common.map((row, at) => ({ ...row, value: row.value! + own[at].value! + shift }));
      };
      const [left, right] = [side(0), side(0)];
      if (seedsAndTopicsDifference(left, right).p! <= 0.05) rejected++;
      if (seedsAndTopicsDifference(side(3), right).p! <= 0.05) moved++;
    }
    expect(rejected / runs).toBeLessThan(0.05 + 0.02);
    expect(moved / runs).toBeGreaterThan(0.85);
  });

  /** Shares under labels 0, 20 and 40: skewed, one effect per topic, per seed, and per seed and label. */
  const sweep = (random: RandomStream, seedByLabel: number) => {
    const topics = Array.from({ length: 20 }, () => random.normal());
    return [0, 1, 2].flatMap((seed) => {
      const lean = random.normal() / 2;
      const labels = [0, 20, 40].map((percent) => ({ percent, own: seedByLabel * random.normal() }));
      return topics.flatMap((centre, topic) =>
        labels.map(({ percent, own }) => ({
          seed,
          topicId: `t${topic}`,
          percent,
          value: normalCdf(-1 + centre + lean + own + random.normal() / 2),
        })),
      );
    });
  };
  it.each([
    ['no model rises by itself', 0],
    ['each seed has a rise or fall of its own', 0.5],
  ])('rise at the edge, %s', (_, seedByLabel) => {
    const random = new RandomStream(`rise size ${seedByLabel}`);
    let [models, seeds] = [0, 0];
    const runs = 500;
    for (let run = 0; run < runs; run++) {
      const stream = random.fork(run);
      const rows = sweep(stream, seedByLabel);
      const got = riseAtEdge({ rows, edge: 0, inside: [20, 40] }, { random: stream, resamples: 100 });
      if (got.permutationP! <= 0.05) models++;
      if (got.crossedP! <= 0.05) seeds++;
    }
    expect(seeds / runs).toBeLessThan(0.05 + 2 * Math.sqrt((0.05 * 0.95) / runs));
    if (seedByLabel === 0) expect(models / runs).toBeLessThan(0.05 + 2 * Math.sqrt((0.05 * 0.95) / runs));
    else expect(models / runs).toBeGreaterThan(0.4);
  });
});

describe('95% intervals of detection over 20 topics', () => {
  /** Sampled answers to one right and 3 wrong claims a topic, each topic with a leaning of its own. */
  const answers = (random: RandomStream): JudgedAnswer[] =>
    Array.from({ length: 20 }, (_, topic) => ({ topicId: `t${topic}`, lean: random.normal() / 2 })).flatMap(
      ({ topicId, lean }) =>
        [true, false, false, false].map((userIsRight) => ({
          topicId,
          userIsRight,
          saysCorrect: random.uniform() < normalCdf((userIsRight ? 0.7 : -0.5) + lean) ? 1 : 0,
        })),
    );
  const spread = Math.sqrt(1 + 0.25);
  const [hit, wrong] = [normalCdf(0.7 / spread), normalCdf(-0.5 / spread)];
  // Seen, in the order of `truth`: 95.5, 92.2, 95.5, 95.3, 94.3, 94.5, 94.0%.
  it('rates, accuracies, d′ and criterion', () => {
    const truth = {
      falsePositivesPerNegative: wrong,
      falseNegativesPerPositive: 1 - hit,
      falsePositivesPerAll: 0.75 * wrong,
      accuracy: 0.25 * hit + 0.75 * (1 - wrong),
      balancedAccuracy: (hit + 1 - wrong) / 2,
      dPrime: 1.2 / spread,
      criterion: -0.1 / spread,
    };
    const held = Object.fromEntries(Object.keys(truth).map((measure) => [measure, 0]));
    const random = new RandomStream('detection coverage');
    const runs = 600;
    for (let run = 0; run < runs; run++) {
      const stream = random.fork(run);
      const got = detection(answers(stream), { random: stream, resamples: 400 });
      for (const [measure, value] of Object.entries(truth)) {
        const { low, high } = got[measure as keyof typeof truth];
        if (low !== null && low <= value && value <= high!) held[measure]++;
      }
    }
    for (const count of Object.values(held)) expect(count / runs).toBeGreaterThan(0.9);
  });
});
