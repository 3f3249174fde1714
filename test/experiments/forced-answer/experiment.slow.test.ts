import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ForcedAnswerExperiment, type ForcedAnswerTask } from '../../../src/experiments';

interface Coin {
  readonly wins: number;
}
const task: ForcedAnswerTask<Coin> = {
  id: 'test: bet',
  answers: ['Yes', 'No'],
  train: [{ wins: 20 }, { wins: 50 }, { wins: 80 }],
  heldOut: [{ wins: 30 }, { wins: 70 }],
  nameOf: ({ wins }) => `wins ${wins}`,
  question: ({ wins }) => `Wins ${wins}%. Bet?`,
  labelText: (level) => `Penalty: ${String(Math.min(99, Math.round(100 * level))).padStart(2, '0')}%`,
  trainRange: [0.1, 0.6],
  reward: (answer, { wins }, penalty) => (answer === 1 ? 0 : wins / 100 - penalty),
};

describe('a task of one’s own on the tiny model', () => {
  const runs = mkdtempSync(join(tmpdir(), 'mstlab-forced-'));
  let lab: ForcedAnswerExperiment<Coin>;

  beforeAll(async () => {
    lab = await ForcedAnswerExperiment.open(task, { runs, rl: { steps: 3, probeEvery: 1 } });
  }, 300_000);

  afterAll(() => lab?.dispose());

  it('shows the label above the question, and the question alone without one', () => {
    expect(lab.promptText(task.heldOut[0], 0.4)).toContain('Penalty: 40%\nWins 30%. Bet?');
    expect(lab.promptText(task.heldOut[0], null)).not.toContain('Penalty');
  });

  it('trains each arm once and reads it back, also in another process', async () => {
    expect((await lab.train()).map(({ arm, trainedNow }) => [arm, trainedNow])).toEqual([
      ['baseline', true],
      ['mst', true],
      ['shuffled', true],
    ]);
    const again = await ForcedAnswerExperiment.open(task, { runs, rl: { steps: 3, probeEvery: 1 } });
    expect((await again.train()).every(({ trainedNow }) => !trainedNow)).toBe(true);
    await again.dispose();
  });

  it('asks every policy about every held-out item: the baseline without a label, the others under each level', async () => {
    const rows = await lab.ask([0.1, 0.9]);
    const count = (arm: string) => rows.filter((row) => row.arm === arm).length;
    expect([count('untrained'), count('baseline'), count('mst'), count('shuffled')]).toEqual([4, 2, 4, 4]);
    expect(rows.filter(({ arm }) => arm === 'baseline').every(({ level }) => level === null)).toBe(true);
    for (const { first_answer, valid_mass } of rows) {
      expect(first_answer).toBeGreaterThan(0);
      expect(first_answer).toBeLessThan(1);
      expect(valid_mass).toBeGreaterThan(0);
    }
    await expect(lab.ask([])).rejects.toThrow(/at least one level/);
  });

  it('of another id has runs of its own', async () => {
    const other = await ForcedAnswerExperiment.open(
      { ...task, id: 'test: another' },
      { runs, rl: { steps: 3, probeEvery: 1 } },
    );
    expect((await other.train({ arms: ['mst'] }))[0].trainedNow).toBe(true);
    await other.dispose();
  });
});
