import { describe, expect, it } from 'vitest';
import { ModelHost } from '../../src/experiments/model-host';
import {
  familySpecOf,
  fillerFamily,
  labelFamily,
  lintFamily,
  loadLabelSet,
  loadParaphrases,
  nonSemanticCodes,
  nonSemanticLabels,
  renderLabel,
} from '../../src/labels';

const host = ModelHost.open({ model: 'smollm2-135m', device: 'cpu', computeDtype: 'f32', quantisation: 'none' });
const tokenize = async () => {
  const { tokenizer } = (await host).files;
  return (text: string): string[] => [...tokenizer.encode(text)].map((id) => tokenizer.decode([id]));
};

describe('label families in the tokens of the embedded model', () => {
  const percents = [0, 5, 50, 67, 99, 100].map((percent) => ({ value: `p${percent}`, scale: percent / 100 }));

  it("a percentage is even with padding to three digits alone; 100% and one-digit ones stand out in the article's form", async () => {
    const family = labelFamily({
      id: 'suggestibility',
      values: percents,
      encodings: ['percent', 'percent-padded', 'percent-three-digits', 'percent-two-digits', 'fraction', 'ratio'],
      paraphrases: loadParaphrases('suggestibility'),
      emphases: ['plain', 'bold'],
    });
    const rows = lintFamily(family, { tokenize: await tokenize() });
    const uneven = (encoding: string) => [
      ...new Set(rows.filter((row) => row.encoding === encoding && row.even === false).map(({ value }) => value)),
    ];
    expect(uneven('percent')).toEqual(['p0', 'p5', 'p100']);
    expect(uneven('percent-padded')).toEqual(['p100']);
    expect(uneven('percent-three-digits')).toEqual([]);
    expect(uneven('percent-two-digits')).toEqual([]);
    expect(uneven('fraction')).toEqual([]);
    expect(uneven('ratio')).toEqual(['p0', 'p5', 'p100']);
  });

  it('every label of the news set has a filler of exactly as many tokens', async () => {
    const pieces = await tokenize();
    const countTokens = (text: string) => pieces(`\n${text}\n`).length;
    const family = labelFamily({ ...familySpecOf(loadLabelSet('news')), emphases: ['plain', 'bold', 'heading'] });
    for (const seed of [0, 1, 2]) {
      const fillers = fillerFamily(family, { countTokens, seed });
      expect(fillers.wordings.map(({ rendered }) => countTokens(rendered))).toEqual(
        family.wordings.map(({ rendered }) => countTokens(rendered)),
      );
    }
  });

  it('codes are of one length, and none is a token of its own', async () => {
    const pieces = await tokenize();
    const { format } = loadLabelSet('news');
    const codes = nonSemanticLabels(nonSemanticCodes(['a', 'b', 'c', 'd', 'e'], 0), format);
    const lengths = codes.map((label) => pieces(renderLabel(label, format)).length);
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
    for (const { text } of codes) expect(pieces(text).length).toBeGreaterThanOrEqual(5);
  });
});
