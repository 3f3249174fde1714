import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { SMOKE_PARAMETERS } from '../support/committed-notebooks';
import { cellsOf, printed } from '../support/notebook-cells';
import { declared, isCommittedExecuted, type Story, tellStory, tellsCleanly } from '../support/notebook-story';

const PATH = join(__dirname, '../../notebooks/guide/02-what-a-label-is.ipynb');

describe('the notebook on what a label is, through the real kernel with the tiny model (preset smoke)', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(PATH, {
      parameters: SMOKE_PARAMETERS['guide/02-what-a-label-is.ipynb'],
      timeoutSeconds: 500,
    });
  }, 560_000);

  tellsCleanly(() => story, PATH);

  it('counts the information of made-up answers by its formula', () => {
    const { deaf, leans, decided } = declared(story.text, {
      deaf: /deaf to the label: .* gives ([\d.]+) nats/,
      leans: /leans with it: .* gives ([\d.]+) nats/,
      decided: /decided by it: .* gives ([\d.]+) nats/,
    });
    expect(deaf).toBe(0);
    // H(.45) − (H(.3) + H(.6))/2
    expect(leans).toBeCloseTo(0.0462, 3);
    expect(decided).toBeCloseTo(Math.LN2, 3);
  });

  it('shows that a plain 10% begins as 100% does, and a two-digit one does not', () => {
    const { plain, here } = declared(story.text, {
      plain: /first tokens in common: plain (\d+)/,
      here: /first tokens in common: plain \d+, here (\d+)/,
    });
    expect(plain).toBeGreaterThan(here);
  });
});

describe('the committed notebook on what a label is', () => {
  isCommittedExecuted(PATH, /^tiny: arms mst, shuffled; 400 steps each$/m);
  const text = printed(cellsOf(PATH));

  it('reads its label in mst, after training and from drawn answers, more than in any policy beside it', () => {
    expect(text.match(/^mst above [a-z-]+: true$/gm)).toHaveLength(3);
    const { mst, shuffled, p } = declared(text, {
      mst: /^mst, last reading on training problems: ([\d.]+) nats/m,
      shuffled: /^shuffled, last reading on training problems: ([\d.]+) nats/m,
      p: /^mst: .* bits counted, .* left; p ([\d.]+) after Holm/m,
    });
    expect(mst).toBeGreaterThan(shuffled + 0.1);
    expect(p).toBeLessThan(0.05);
  });

  it('decides most of what a label can in mst, and next to nothing where labels were shuffled or never trained', () => {
    const shares = declared(text, {
      mst: /^mst: the label decides ([\d.]+)%/m,
      shuffled: /^shuffled: the label decides ([\d.]+)%/m,
      untrained: /^untrained: the label decides ([\d.]+)%/m,
    });
    expect(shares.mst).toBeGreaterThan(60);
    expect(shares.shuffled).toBeLessThan(10);
    expect(shares.untrained).toBeLessThan(10);
  });

  it('has a small p for a shift of next to nothing in the untrained model, so that size is looked at, too', () => {
    const { shift, p } = declared(text, {
      shift: /^untrained: 80% minus 40%: (-?[\d.]+) /m,
      p: /^untrained: 80% minus 40%: .* p ([\d.]+) after Holm/m,
    });
    expect(Math.abs(shift)).toBeLessThan(0.05);
    expect(p).toBeLessThan(0.05);
  });
});
