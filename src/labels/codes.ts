import { ConfigError, RandomStream } from '../core';

// No vowels, so that no code is a word; of the pairs left, those that name a country, a city or a currency are out.
const LETTERS = ['B', 'D', 'F', 'G', 'H', 'J', 'K', 'Q', 'V', 'X', 'Z'] as const;
const NAMED_PAIRS = new Set([
  'BD',
  'BF',
  'BG',
  'BH',
  'BJ',
  'BZ',
  'DJ',
  'DK',
  'DZ',
  'FJ',
  'FK',
  'GB',
  'GD',
  'HK',
  'KG',
  'KH',
  'KZ',
  'QB',
  'VG',
]);
const NAMED_NUMBERS = new Set([187, 247, 365, 420, 911]);

/**
 * A code without meaning for every value, such as `KV-417`: two letters without vowels and three different digits. No two codes
 * share letters or number; with three values or more, neither letters nor numbers run in the order of the values. The same
 * values and seed give the same codes. Throws ConfigError for values named twice or more than 60.
 */
export function nonSemanticCodes(values: readonly string[], seed: number | string): ReadonlyMap<string, string> {
  if (new Set(values).size !== values.length || values.length > 60)
    throw new ConfigError(
      `nonSemanticCodes: values must be distinct and at most 60, got ${values.length} (${values.join(', ')}). Give each once.`,
    );
  const pairs = LETTERS.flatMap((a) => LETTERS.map((b) => `${a}${b}`)).filter(
    (pair) => pair[0] !== pair[1] && !NAMED_PAIRS.has(pair),
  );
  const numbers = Array.from({ length: 900 }, (_, at) => at + 100).filter(
    (number) => new Set(String(number)).size === 3 && !NAMED_NUMBERS.has(number),
  );
  const random = new RandomStream(seed).fork('non-semantic');
  for (let attempt = 0; ; attempt++) {
    const stream = random.fork(attempt);
    const drawnPairs = stream.shuffled(pairs).slice(0, values.length);
    const drawnNumbers = stream.shuffled(numbers).slice(0, values.length);
    if (values.length >= 3 && (inOrder(drawnPairs) || inOrder(drawnNumbers))) continue;
    return new Map(values.map((value, at) => [value, `${drawnPairs[at]}-${drawnNumbers[at]}`]));
  }
}

function inOrder<T extends string | number>(items: readonly T[]): boolean {
  const steps = items.slice(1).map((item, at) => (item > items[at] ? 1 : -1));
  return steps.every((step) => step === steps[0]);
}
