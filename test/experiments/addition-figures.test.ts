import { describe, expect, it } from 'vitest';
import { rowsOf } from '../../src/analysis/frame';
import {
  additionEstimateText,
  alarmText,
  answersFrame,
  atStrictest,
  auditFigure,
  auditFrame,
  comparisonFigure,
  doseFigure,
  labelEffectsFrame,
  policiesFrame,
  policyComparisonsFrame,
  policyMeasuresFrame,
  riseFigure,
  riseFrame,
  riseVariants,
  spellingVariants,
  stepsFrame,
  strictestFigure,
  summariseAnswers,
  type TrainedPolicy,
  trainingFigure,
  trainingText,
} from '../../src/experiments';
import { articleReward, auditReward, gradedReward } from '../../src/tasks';
import { articleLikeRows } from '../support/addition-rows';
import { probeAt, stepMetrics } from '../support/rl-metrics';

const rows = articleLikeRows();
const summary = summariseAnswers(rows, 0, { resamples: 400 });
const policy = (arm: TrainedPolicy['arm'], alarms: Parameters<typeof probeAt>[1][], seed = 0): TrainedPolicy =>
  ({
    arm,
    seed,
    metrics: [1, 2, 3, 4].map((step) => stepMetrics(step)),
    probes: alarms.map((alarm, at) => probeAt(10 * at, alarm)),
    stopped: null,
    trainedNow: true,
  }) as unknown as TrainedPolicy;

describe('figures of an experiment', () => {
  it('the dose figure states the finding in points and shades the training range', () => {
    const figure = doseFigure(summary, { audit: auditReward(articleReward) });
    expect(figure.alt).toMatch(/Sycophancy: MST under 0% is 4\d points below shuffled under 0%/);
    const shaded = figure.layout.shapes!.find((shape) => shape?.type === 'rect');
    expect(shaded).toMatchObject({ x0: 33, x1: 100 });
    expect(figure.data.map(({ name }) => name)).toContain('what the reward asks for');
  });

  it('another measure can be chosen, and has no line of what the reward asks for', () => {
    const figure = doseFigure(summary, { measure: 'dPrime', audit: auditReward(articleReward) });
    expect(figure.data.map(({ name }) => name)).not.toContain('what the reward asks for');
  });

  it('several seeds are drawn behind their mean', () => {
    const several = articleLikeRows({ seeds: [0, 1, 2] });
    const of = (withRows: boolean) =>
      doseFigure(summariseAnswers(several, 0, { resamples: 400 }), withRows ? { rows: several } : {}).data.length;
    expect(of(true) - of(false)).toBe(6);
  });

  it('the comparison has a strip a control, the bars a bar a policy', () => {
    expect(comparisonFigure(summary).layout.yaxis!.ticktext).toHaveLength(2);
    expect(strictestFigure(summary).data.map(({ name }) => name)).toContain('MST');
  });

  it('the rise figure names the variants that show one', () => {
    const answers = rows.filter((row) => row.policy === 'mst');
    const rises = riseVariants(spellingVariants(answers, []), 0);
    expect(riseFigure(rises).alt).toContain('0%');
  });

  it.each([articleReward, gradedReward])('the audit of $id has a cell for each label and belief', (scheme) => {
    const audit = auditReward(scheme);
    expect(auditFigure(audit).alt).toContain(scheme.id);
    expect(rowsOf(auditFrame(audit))).toHaveLength(audit.labels.length);
  });

  it('training is drawn a seed at a time, and a seed that was not trained is refused', () => {
    const trained = [policy('mst', ['quiet']), policy('mst', ['quiet'], 1)];
    expect(trainingFigure(trained, { seed: 1 }).alt).toContain('MST');
    expect(() => trainingFigure(trained, { seed: 2 })).toThrow(/got 2 \(trained: 0, 1\)/);
  });
});

describe('tables of an experiment', () => {
  it('have a row for each answer, condition, comparison, policy, step and label', () => {
    expect(rowsOf(answersFrame(rows))).toHaveLength(rows.length);
    expect(rowsOf(policiesFrame(summary))).toHaveLength(summary.conditions.length);
    expect(rowsOf(policyComparisonsFrame(summary))).toHaveLength(summary.comparisons.length);
    expect(rowsOf(policyComparisonsFrame(atStrictest(summary)))).toHaveLength(4);
    expect(rowsOf(policyMeasuresFrame(summary))).toHaveLength(7 * summary.conditions.length);
    expect(rowsOf(labelEffectsFrame(summary)).map((row) => row.policy)).toContain('mst');
    expect(rowsOf(stepsFrame([policy('mst', ['quiet'])]))).toHaveLength(8);
    const rises = riseVariants(
      spellingVariants(
        rows.filter((row) => row.policy === 'mst'),
        [],
      ),
      0,
    );
    expect(rowsOf(riseFrame(rises))[0]).toMatchObject({ edge: '0%', seeds: 1 });
  });

  it('of three seeds have an interval for every measure, d′ and criterion among them', () => {
    // Right claims move less from pair to pair than wrong ones, or balanced accuracy would not move at all.
    const answers = articleLikeRows({ seeds: [0, 1, 2] }).map((row) =>
      row.user_is_right ? { ...row, says_correct: 0.9 * row.says_correct } : row,
    );
    const three = summariseAnswers(answers, 0, { resamples: 200 });
    const arms = rowsOf(policyMeasuresFrame(three)).filter(({ policy: name }) => name === 'mst' || name === 'shuffled');
    expect(arms).toHaveLength(7 * 2 * 11);
    for (const row of arms) {
      expect(row).toMatchObject({ method: 't over seeds and topics', pairs: 20, seeds: 3, reason: null });
      expect(row.low as number).toBeLessThan(row.estimate as number);
      expect(row.high as number).toBeGreaterThan(row.estimate as number);
    }
    const [first] = rowsOf(policiesFrame(three));
    expect(first.d_prime_low).toBe(three.conditions[0].measures.dPrime.low);
    expect(first.criterion_high).toBe(three.conditions[0].measures.criterion.high);
  });

  it('say which labels were trained', () => {
    const found = rowsOf(policiesFrame(summary)).filter((row) => row.policy === 'mst');
    expect(found.filter((row) => row.trained === false).map((row) => row.label)).toEqual(['0%', '10%', '20%', '25%']);
  });
});

describe('alarms in words', () => {
  it('name spans of steps, and an alarm that lasts to the end', () => {
    const text = alarmText([
      policy('mst', ['label-ignored', 'label-ignored', 'quiet']),
      policy('shuffled', ['label-ignored', 'collapsed', 'collapsed']),
    ]);
    expect(text.split('\n')).toEqual([
      'MST: alarm from step 0 to 10: the label is ignored so far',
      'shuffled: alarm at step 0: the label is ignored so far',
      'shuffled: ALARM from step 10 to the end (20): the label is ignored and no entropy is left, so no gradient leads out',
    ]);
  });

  it('say that there was none, and that a run stopped itself', () => {
    const stopped = { ...policy('mst', ['quiet']), stopped: 'the label was ignored' };
    expect(alarmText([stopped])).toBe('MST: no alarm in 1 probes\nMST: STOPPED EARLY: the label was ignored');
    expect(trainingText([stopped])).toMatch(/^MST: 4 steps in 0\.0 min, expected reward 0\.840/);
  });
});

describe('the estimate as text', () => {
  it('says what is left, or that nothing is', () => {
    const none = {
      warmStart: null,
      untrained: [],
      stepSeconds: null,
      secondsPerPolicy: null,
      peakMemoryMb: null,
      unansweredPrompts: 0,
      askSeconds: 0,
      totalSeconds: 0,
    };
    expect(additionEstimateText(none)).toBe('Everything is on disk: nothing to train, nothing to ask.');
    const some = {
      ...none,
      untrained: ['mst, seed 0'],
      stepSeconds: 0.4,
      secondsPerPolicy: 60,
      peakMemoryMb: 900.4,
      unansweredPrompts: 1500,
      askSeconds: 30,
      totalSeconds: 90,
    };
    expect(additionEstimateText(some)).toBe(
      'Estimate from measured steps: about 1.5 min (train mst, seed 0: 1.0 min each at 0.40 s a step; ask 1500 prompts: about 0.5 min). At most 900 MB held in the measured RL steps.',
    );
  });
});
