import { beforeAll, describe, expect, it } from 'vitest';
import { notebookPath } from '../support/committed-notebooks';
import { cellsOf, printed } from '../support/notebook-cells';
import { declared, isCommittedExecuted, type Story, tellStory, tellsCleanly } from '../support/notebook-story';

const GRAPH = notebookPath('internals/01-graph-and-gradients.ipynb');
const PPO = notebookPath('internals/03-ppo-and-the-exact-gradient.ipynb');
const NF4 = notebookPath('internals/02-nf4-by-hand.ipynb');

describe('the notebook on the graph and its gradients, through the real kernel', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(GRAPH, { timeoutSeconds: 200 });
  }, 300_000);

  tellsCleanly(() => story, GRAPH);

  it('shows the gradients that the committed page shows, and the wrong one off by as much', () => {
    const pattern = {
      dw: /dw\[0\]: graph (-?[\d.]+)/,
      wrong: /gradient off by ([\d.]+)/,
      held: /forward values held: (\d+)/,
    };
    const [here, there] = [declared(story.text, pattern), declared(printed(cellsOf(GRAPH)), pattern)];
    expect(here.dw).toBeCloseTo(there.dw, 5);
    expect(here.wrong).toBeCloseTo(there.wrong, 2);
    expect(here.held).toBe(there.held);
    expect(story.text).toContain('gradients equal in every bit');
  });
});

describe('the committed notebook on the graph', () => {
  isCommittedExecuted(GRAPH, 'gradients equal in every bit');
});

describe('the notebook on NF4, through the real kernel with a tensor of the real model', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(NF4, { timeoutSeconds: 200 });
  }, 300_000);

  tellsCleanly(() => story, NF4);

  it('makes every code of the library by hand, and declares the errors of the committed page', () => {
    const pattern = {
      equal: /(\d+) of 884736 equal/,
      real: /real weights: NF4 ([\d.]+)%/,
      even: /real weights: .*even levels ([\d.]+)%/,
      bits: /([\d.]+) with double quantisation$/m,
      double: /with double quantisation ([\d.]+)% of/,
    };
    const here = declared(story.text, pattern);
    expect(here).toEqual(declared(printed(cellsOf(NF4)), pattern));
    expect(here.equal).toBe(884_736);
  });
});

describe('the committed notebook on NF4', () => {
  isCommittedExecuted(NF4, '884736 of 884736 equal');
});

describe('the notebook on PPO and the exact gradient, through the real kernel', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(PPO, { timeoutSeconds: 200 });
  }, 300_000);

  tellsCleanly(() => story, PPO);

  it('draws what the committed page drew: same seeds, same numbers', () => {
    const pattern = {
      reinforce: /REINFORCE, 8 draws: mean (-?[\d.]+)/,
      rloo: /RLOO, 8 draws: mean (-?[\d.]+)/,
      ppo: /rate 4: P\(Yes\) [\d.]+ to ([\d.]+)/,
      bonus: /entropy bonus 0\.53: P\(Yes\) ends at ([\d.]+)/,
    };
    expect(declared(story.text, pattern)).toEqual(declared(printed(cellsOf(PPO)), pattern));
  });
});

describe('the committed notebook on PPO', () => {
  isCommittedExecuted(PPO, 'REINFORCE, 8 draws');
});
