import { beforeAll, describe, expect, it } from 'vitest';
import { notebookPath, SMOKE_PARAMETERS } from '../support/committed-notebooks';
import { cellsOf, printed } from '../support/notebook-cells';
import { declared, isCommittedExecuted, type Story, tellStory, tellsCleanly } from '../support/notebook-story';

const GRAPH = notebookPath('internals/01-graph-and-gradients.ipynb');
const PPO = notebookPath('internals/03-ppo-and-the-exact-gradient.ipynb');
const NF4 = notebookPath('internals/02-nf4-by-hand.ipynb');
const LOWERING = notebookPath('internals/04-savedmodel-lowering.ipynb');
const TIME = notebookPath('internals/05-where-the-time-goes.ipynb');

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
      batches: /300 batches: mean ([\d.]+)/,
    };
    expect(declared(story.text, pattern)).toEqual(declared(printed(cellsOf(PPO)), pattern));
  });
});

describe('the committed notebook on PPO', () => {
  isCommittedExecuted(PPO, 'REINFORCE, 8 draws');
});

describe('the notebook on the lowering, through the real kernel', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(LOWERING, { timeoutSeconds: 200 });
  }, 300_000);

  tellsCleanly(() => story, LOWERING);

  it('writes the file of the committed page, and computes with it what op by op computes', () => {
    const pattern = {
      bytes: /^(\d+) bytes, beginning/m,
      nodes: /^(\d+) nodes, as the protobuf classes/m,
      early: /runs, of which (\d+) saw/,
      first: /^loss ([\d.]+) to/m,
      last: /^loss [\d.]+ to ([\d.]+) in/m,
      rounds: /^from 3 in (\d+) rounds to 1536$/m,
    };
    const here = declared(story.text, pattern);
    expect(here).toEqual(declared(printed(cellsOf(LOWERING)), pattern));
    expect(here.early).toBe(0);
  });
});

describe('the committed notebook on the lowering', () => {
  isCommittedExecuted(LOWERING, 'in one call');
});

describe('the notebook on where the time goes, through the real kernel (two layers of the real model)', () => {
  let story: Story;

  beforeAll(async () => {
    story = await tellStory(TIME, {
      parameters: SMOKE_PARAMETERS['internals/05-where-the-time-goes.ipynb'],
      timeoutSeconds: 200,
    });
  }, 300_000);

  tellsCleanly(() => story, TIME);

  it('measures the machine and the step, and takes the step apart', () => {
    const found = declared(story.text, {
      rate: /: (\d+) · 10⁹ operations a second/,
      balance: /^balance: ([\d.]+) operations a byte$/m,
      values: /a graph of (\d+) values$/m,
      operations: /its (\d+) operations alone/,
      predicted: /^predicted (\d+) ms, measured/m,
    });
    for (const [name, value] of Object.entries(found)) expect(value, name).toBeGreaterThan(0);
    // Values that are there already are no operations.
    expect(found.operations).toBeLessThan(found.values);
  });
});

describe('the committed notebook on where the time goes', () => {
  isCommittedExecuted(TIME, '30 layers of width 576');
  const text = printed(cellsOf(TIME));

  it('has a profile that adds up to about the whole, and a prediction that held', () => {
    const { ratio, off } = declared(text, {
      ratio: /^sum over whole: (\d+\.\d+)/m,
      off: /measured \d+ ms: (\d+)% too/,
    });
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.4);
    expect(off).toBeLessThan(15);
  });
});
