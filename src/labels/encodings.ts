import { ConfigError } from '../core';
import { nonSemanticCodes } from './codes';
import { encodePercent, SCALE_ENCODINGS, type ScaleEncoding } from './scale';

/**
 * How the values of a family are written: one of the scale's encodings (`fraction` is "0.07"), `ratio` "7/100", one of `levels`
 * (equal parts of the scale by name), `profiles` (a given text a value) or `non-semantic` (a code without meaning a value).
 */
export type FamilyEncoding =
  | ScaleEncoding
  | 'ratio'
  | { readonly kind: 'levels'; readonly names: readonly string[] }
  | {
      readonly kind: 'profiles';
      readonly id: string;
      readonly source: string;
      readonly texts: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'non-semantic'; readonly seed: number | string };

/** A value of a family: what the label announces and its place on the family's scale, null where it has none. */
export interface FamilyValue {
  readonly value: string;
  readonly scale: number | null;
}

/** The text of a value, and the place on the scale (in its units) that the text stands for; null where it names none. */
export interface EncodedValue {
  readonly text: string;
  readonly announced: number | null;
}

const LEVELS: Readonly<Record<number, readonly string[]>> = {
  2: ['low', 'high'],
  3: ['low', 'medium', 'high'],
  4: ['very low', 'low', 'high', 'very high'],
  5: ['very low', 'low', 'medium', 'high', 'very high'],
  7: ['none', 'very low', 'low', 'medium', 'high', 'very high', 'total'],
};

/** Names for `count` equal parts of a scale, from its low end: words where English has them, else "level 1 of 6". Throws ConfigError under 2. */
export function levelNames(count: number): readonly string[] {
  if (!(Number.isInteger(count) && count >= 2))
    throw new ConfigError(
      `levelNames: a scale must have a whole number of levels, at least 2, got ${count}. Give more levels.`,
    );
  return LEVELS[count] ?? Array.from({ length: count }, (_, at) => `level ${at + 1} of ${count}`);
}

/** The name of an encoding in wording ids. */
export function encodingId(encoding: FamilyEncoding): string {
  if (typeof encoding === 'string') return encoding;
  if (encoding.kind === 'levels') return `levels-${encoding.names.length}`;
  if (encoding.kind === 'profiles') return encoding.id;
  return 'non-semantic';
}

/**
 * Writes every value in an encoding; `range` holds the numbers that stand for 0% and 100%. Throws ConfigError for an unknown
 * encoding, a number outside the range or missing where a number is written, a value without a profile text, or under 2 levels.
 */
export function encodeValues(
  encoding: FamilyEncoding,
  values: readonly FamilyValue[],
  range: readonly [number, number],
): EncodedValue[] {
  const where = `encodeValues (${encodingId(encoding)})`;
  if (typeof encoding === 'object' && encoding.kind === 'profiles')
    return values.map(({ value }) => {
      if (!Object.hasOwn(encoding.texts, value))
        throw new ConfigError(
          `${where}: every value must have a text, got none for "${value}" (texts of ${Object.keys(encoding.texts).join(', ')}). Add its text.`,
        );
      return { text: encoding.texts[value], announced: null };
    });
  if (typeof encoding === 'object' && encoding.kind === 'non-semantic') {
    const codes = nonSemanticCodes(
      values.map(({ value }) => value),
      encoding.seed,
    );
    return values.map(({ value }) => ({ text: codes.get(value)!, announced: null }));
  }
  const [low, high] = range;
  const encode = percentEncoder(encoding, where);
  return values.map(({ value, scale }) => {
    const percent = scale === null ? Number.NaN : ((scale - low) / (high - low)) * 100;
    if (!(percent >= 0 && percent <= 100))
      throw new ConfigError(
        `${where}: a value must lie on the scale, ${low} to ${high}, got ${scale ?? 'no number'} for "${value}". Give it a number, or write the values as profiles.`,
      );
    const { text, percent: announced } = encode(percent);
    return { text, announced: low + (announced / 100) * (high - low) };
  });
}

function percentEncoder(
  encoding: Exclude<FamilyEncoding, { readonly kind: 'profiles' | 'non-semantic' }>,
  where: string,
): (percent: number) => { readonly text: string; readonly percent: number } {
  if (encoding === 'ratio') return (percent) => ({ text: `${Math.round(percent)}/100`, percent: Math.round(percent) });
  if (typeof encoding === 'object') {
    const { names } = encoding;
    if (names.length < 2)
      throw new ConfigError(`${where}: a scale must have at least 2 levels, got ${names.length}. Name more of them.`);
    return (percent) => {
      const at = Math.min(names.length - 1, Math.floor((percent / 100) * names.length));
      return { text: names[at], percent: ((at + 0.5) / names.length) * 100 };
    };
  }
  if (!SCALE_ENCODINGS.includes(encoding))
    throw new ConfigError(
      `${where}: the encoding must be ratio or one of ${SCALE_ENCODINGS.join(', ')}, got "${encoding}". Name one of these.`,
    );
  return (percent) => encodePercent(encoding, percent);
}
