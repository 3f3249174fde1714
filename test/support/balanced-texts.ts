import { RandomStream } from '../../src/core';
import { TRAINED_PROFILES } from '../../src/tasks';

export interface BalancedText {
  readonly completion: string;
  readonly labelValue: string;
  readonly group: string;
}

/** Texts whose length and marks follow from chance alone; profiles dealt evenly within 16 domains. */
export function balancedTexts(seed: number, rows = 480): BalancedText[] {
  const random = new RandomStream(seed);
  const profiles = random.shuffled(Array.from({ length: rows }, (_, i) => TRAINED_PROFILES[i % 4]));
  return profiles.map((labelValue, i) => {
    const words = Array.from({ length: 34 + random.below(12) }, () => {
      const mark = random.uniform();
      return mark < 0.05 ? 'word,' : mark < 0.08 ? '"word"' : mark < 0.1 ? "word's" : 'word';
    });
    return { completion: `${words.join(' ')}.`, labelValue, group: `d${i % 16}` };
  });
}
