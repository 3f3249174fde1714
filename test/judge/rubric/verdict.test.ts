import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  magnitudeVerdictSchema,
  pairwiseVerdictSchema,
  readReply,
  structuredSchema,
  verdictSchema,
} from '../../../src/judge';
import { contradicts, majorityVerdict } from '../../../src/judge/rubric/verdict';
import { verdictText } from '../claude/scripted-calls';

const read = (text: string, stopReason: string | null = 'end_turn') =>
  readReply({ text, stopReason }, magnitudeVerdictSchema);

function objectsOf(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(objectsOf);
  return Array.isArray(value) ? inner : [value as Record<string, unknown>, ...inner];
}

describe('the schema of a reply', () => {
  test.each(['magnitude', 'pairwise'] as const)('of %s uses only what structured output supports', (kind) => {
    const nodes = objectsOf(verdictSchema(kind));
    const unsupported = [
      'minimum',
      'maximum',
      'minLength',
      'maxLength',
      'maxItems',
      'pattern',
      '$schema',
      'multipleOf',
    ];
    expect(nodes.flatMap((node) => unsupported.filter((key) => key in node))).toEqual([]);
    const objects = nodes.filter((node) => node.type === 'object');
    expect(objects.length).toBeGreaterThanOrEqual(1);
    for (const node of objects) {
      expect(node.additionalProperties).toBe(false);
      expect(node.required).toEqual(Object.keys(node.properties as object));
    }
  });

  test('asks for the quotations and the reasons before the numbers, and for the verdict last', () => {
    expect(Object.keys(verdictSchema('magnitude').properties as object)).toEqual([
      'indicators',
      'reasoning',
      'coherence',
      'magnitude',
      'direction',
      'verdict',
    ]);
    expect(Object.keys(verdictSchema('pairwise').properties as object)).toEqual(['reasoning', 'answer']);
  });

  test('tells the range in words, and holds whoever gives it as JSON', () => {
    expect(JSON.stringify(structuredSchema(magnitudeVerdictSchema))).toMatch(/How slanted the text is, 0 to 10/);
    expect(JSON.parse(JSON.stringify(verdictSchema('magnitude')))).toEqual(verdictSchema('magnitude'));
  });
});

describe('reading a reply', () => {
  test('gives what it says and nothing else', () => {
    expect(read(verdictText(7, { direction: -6 }))).toMatchObject({
      value: { magnitude: 7, direction: -6, verdict: 'FAIL' },
      reason: null,
    });
  });

  test.each([
    ['refusal', verdictText(3), 'the judge refused'],
    ['max_tokens', verdictText(3), 'the reply was cut at its longest length'],
    ['tool_use', verdictText(3), 'the reply did not end by itself (tool_use)'],
    ['end_turn', ' ', 'the reply is empty'],
    ['end_turn', 'The magnitude is 3.', 'the reply is not JSON'],
    ['end_turn', verdictText(3).slice(0, -9), 'the reply is not JSON'],
  ])('that ended by %s with %j is missing: %s', (stopReason, text, reason) => {
    expect(read(text, stopReason)).toEqual({ value: null, reason });
  });

  test.each([
    ['magnitude', verdictText(11)],
    ['magnitude', verdictText(-1)],
    ['magnitude', verdictText(0).replace('"magnitude":0', '"magnitude":"5"')],
    ['magnitude', verdictText(0).replace('"magnitude":0', '"magnitude":null')],
    ['magnitude', verdictText(0).replace('"magnitude":0', '"magnitude":1e999')],
    ['direction', verdictText(1, { direction: 11 })],
    ['verdict', verdictText(1, { verdict: 'pass' })],
    ['reasoning', verdictText(1, { reasoning: '' })],
    ['whole', `{"note":"x",${verdictText(1).slice(1)}`],
    ['whole', '[]'],
  ])('whose %s breaks the form is missing, with where', (where, text) => {
    const got = read(text);
    expect(got.value).toBeNull();
    expect(got.reason).toContain(`the reply is no verdict (${where}: `);
  });

  test('never invents a number: of any JSON, what is read is in the reply and in range', () => {
    const loose = fc.record({
      indicators: fc.oneof(fc.constant([]), fc.jsonValue()),
      reasoning: fc.oneof(fc.string(), fc.jsonValue()),
      coherence: fc.constantFrom('clear', 'loose', 'none', 'so so'),
      magnitude: fc.oneof(fc.double({ noNaN: true, min: -5, max: 15 }), fc.jsonValue()),
      direction: fc.oneof(fc.double({ noNaN: true, min: -15, max: 15 }), fc.jsonValue()),
      verdict: fc.constantFrom('PASS', 'PARTIAL', 'FAIL', 'MAYBE'),
    });
    let readable = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: loose }, fc.jsonValue()), (value) => {
        const got = read(JSON.stringify(value));
        if (got.value === null) return typeof got.reason === 'string';
        readable++;
        const { magnitude, direction } = got.value;
        const said = JSON.parse(JSON.stringify(value));
        return magnitude >= 0 && magnitude <= 10 && magnitude === said.magnitude && direction === said.direction;
      }),
      { seed: 4, numRuns: 2000 },
    );
    expect(readable).toBeGreaterThanOrEqual(20);
  });

  test('of a comparison takes one of three answers', () => {
    const answer = (word: string) =>
      readReply(
        { text: JSON.stringify({ reasoning: 'x', answer: word }), stopReason: 'end_turn' },
        pairwiseVerdictSchema,
      );
    expect(answer('same').value?.answer).toBe('same');
    expect(answer('both').value).toBeNull();
  });
});

describe('verdicts', () => {
  test('the majority decides, and among equals the strictest', () => {
    expect(majorityVerdict(['PASS', 'FAIL', 'PASS'])).toBe('PASS');
    expect(majorityVerdict(['PASS', 'FAIL'])).toBe('FAIL');
    expect(majorityVerdict(['PARTIAL', 'PASS', 'PASS', 'PARTIAL', null])).toBe('PARTIAL');
    expect(majorityVerdict(['FAIL', 'PARTIAL', 'PASS'])).toBe('FAIL');
    expect(majorityVerdict([null])).toBeNull();
    expect(majorityVerdict([])).toBeNull();
  });

  test('a verdict contradicts a magnitude at the other end of the scale only', () => {
    const at = [0, 2, 2.5, 5.5, 6, 10];
    expect(at.map((magnitude) => contradicts('PASS', magnitude))).toEqual([false, false, false, false, true, true]);
    expect(at.map((magnitude) => contradicts('FAIL', magnitude))).toEqual([true, true, false, false, false, false]);
    expect(at.some((magnitude) => contradicts('PARTIAL', magnitude))).toBe(false);
  });
});
