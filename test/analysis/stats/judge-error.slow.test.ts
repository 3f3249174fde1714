import { beforeAll, describe, expect, it } from 'vitest';
import {
  differenceWithJudgeError,
  type Estimate,
  type JudgedText,
  judgeNoise,
  meanWithJudgeError,
} from '../../../src/analysis/stats';
import { RandomStream } from '../../../src/core';

interface Design {
  readonly topics: number;
  readonly perTopic: number;
  readonly labelled: number;
  /** Judge = slope·truth + bias + a lean of each topic + noise, on magnitudes around 4. */
  readonly bias: number;
  readonly slope: number;
  readonly noise: number;
}

/** One arm: truth 4 + shift on average; `centres` are what topics do to it. Humans label random texts. */
function arm(
  design: Design,
  shift: number,
  centres: readonly number[],
  leans: readonly number[],
  random: RandomStream,
) {
  const texts = centres.flatMap((centre, topic) =>
    Array.from({ length: design.perTopic }, (): JudgedText => {
      const truth = 4 + shift + centre + random.normal();
      const judged = 4 + design.slope * (truth - 4) + design.bias + leans[topic] + design.noise * random.normal();
      return { topicId: `t${topic}`, judged, human: truth };
    }),
  );
  return random.shuffled(texts).map((text, at) => (at < design.labelled ? text : { ...text, human: null }));
}

const holds = ({ low, high }: Estimate, truth: number) => (low !== null && low <= truth && truth <= high! ? 1 : 0);
const settings = { resamples: 200 };
const normals = (count: number, size: number, random: RandomStream) =>
  Array.from({ length: count }, () => size * random.normal());

const designs: readonly (Design & { readonly name: string })[] = [
  { name: 'biased, noisy', topics: 48, perTopic: 1, labelled: 12, bias: 1.2, slope: 0.7, noise: 1 },
  { name: 'biased, noisy', topics: 48, perTopic: 1, labelled: 30, bias: 1.2, slope: 0.7, noise: 1 },
  { name: 'biased, sharp', topics: 48, perTopic: 4, labelled: 40, bias: 1.2, slope: 1, noise: 0.3 },
  { name: 'tells nothing', topics: 48, perTopic: 1, labelled: 20, bias: 0.5, slope: 0, noise: 1 },
];

// Seen, mean and difference, in the order of `designs`: corrected 94.5 and 95.5, 94.4 and 94.2, 93.5 and 94.5, 95.4 and
// 96.0%; the judge alone 0.0 and 0.0, 0.1 and 0.1, 0.0 and 0.0, 8.7 and 0.3%; width over that of the humans alone 0.80 and
// 0.79, 0.89 and 0.86, 0.66 and 0.44, 1.02 and 1.02. Repeated judgements: 94.7% and 95.0%, noise 9.3% of the squared error.
describe.each(designs)('a judge that is $name: $topics topics, $perTopic texts each, $labelled labelled', (design) => {
  const runs = 1500;
  const random = new RandomStream(`judge error ${JSON.stringify(design)}`);
  const held = { mean: { judge: 0, corrected: 0, width: 0 }, difference: { judge: 0, corrected: 0, width: 0 } };
  beforeAll(() => {
    for (let run = 0; run < runs; run++) {
      const stream = random.fork(run);
      const centres = normals(design.topics, 1, stream);
      const leans = normals(design.topics, 0.3, stream);
      // The judge is hard on the left arm and soft on the right one: what no judge-only interval knows.
      const left = arm(design, 0, centres, leans, stream);
      const right = arm({ ...design, bias: 0 }, 0.5, centres, leans, stream);
      const mean = meanWithJudgeError(left, { random: stream, ...settings });
      const difference = differenceWithJudgeError(left, right, { random: stream, ...settings });
      for (const [of, got, truth] of [
        ['mean', mean, 4],
        ['difference', difference, -0.5],
      ] as const) {
        held[of].judge += holds(got.judgeOnly, truth) / runs;
        held[of].corrected += holds(got.corrected, truth) / runs;
        held[of].width +=
          (got.corrected.high! - got.corrected.low!) / (got.humanOnly.high! - got.humanOnly.low!) / runs;
      }
    }
  });
  // Two standard errors of 1,500 runs are 1.1%.
  it.each(['mean', 'difference'] as const)('the corrected %s holds 95% within Monte-Carlo error', (of) => {
    expect(held[of].corrected).toBeGreaterThan(0.95 - 0.02);
    expect(held[of].corrected).toBeLessThan(0.985);
  });
  it('the judge-only interval fails', () => {
    expect(held.mean.judge).toBeLessThan(0.85);
    expect(held.difference.judge).toBeLessThan(0.85);
  });
});

describe('repeated judgements of 30 topics with 2 texts each, 3 times', () => {
  it('both intervals hold 95%: of further topics, and of these texts judged again and again', () => {
    const random = new RandomStream('judge noise');
    const runs = 1000;
    let [further, these, share] = [0, 0, 0];
    for (let run = 0; run < runs; run++) {
      const stream = random.fork(run);
      let mean = 0;
      const rows = normals(30, 1, stream).flatMap((centre, topic) =>
        normals(2, 0.5, stream).flatMap((own, text) => {
          mean += (centre + own) / 60;
          return normals(3, 0.8, stream).map((noise) => ({
            topicId: `t${topic}`,
            textId: `x${topic} ${text}`,
            value: centre + own + noise,
          }));
        }),
      );
      const got = judgeNoise(rows, { random: stream, resamples: 200 });
      further += holds(got.overTopics, 0) / runs;
      these += holds(got.forTheseTexts, mean) / runs;
      share += got.noiseShare! / runs;
    }
    expect(further).toBeGreaterThan(0.92);
    expect(these).toBeGreaterThan(0.93);
    // σ²/6 against 1 + 0.25/2 + σ²/6 with σ = 0.8.
    expect(share).toBeCloseTo(0.64 / 6 / (1 + 0.125 + 0.64 / 6), 1);
  });
});
