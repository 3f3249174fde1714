import { type Figure, rlCurves } from '../../analysis/charts';
import type { RlProbe, RlStepMetrics } from '../../train';
import { curveOf } from './figures';
import type { TrainingListener } from './train-arm';

/** Puts a figure where the last one was. `last`: none follows. */
export type ShowFigure = (figure: Figure, options: { readonly last: boolean }) => void | Promise<void>;

export interface LiveTrainingOptions {
  readonly show: ShowFigure;
  /** Least time between two figures, milliseconds. */
  readonly everyMs?: number;
  /** Steps that each arm will have, so that the axis stands still. */
  readonly totalSteps?: number;
  /** Milliseconds, from any origin. */
  readonly now?: () => number;
}

/** Listeners for `train`, and the end of the drawing. */
export interface LiveTraining extends Required<TrainingListener> {
  /** Draws what came last, if it is not drawn, and settles when it is shown. Throws what `show` threw: training goes on without it. */
  finish(): Promise<void>;
}

interface Course {
  readonly metrics: RlStepMetrics[];
  readonly probes: RlProbe[];
}

/**
 * A chart that grows while arms train: reward, entropy, answers by label and alarms of the seed in training, redrawn in one place.
 * One figure is drawn at a time; what comes meanwhile waits for the next.
 */
export function liveTraining(options: LiveTrainingOptions): LiveTraining {
  const { show, everyMs = 2000, totalSteps, now = () => performance.now() } = options;
  const bySeed = new Map<number, Map<string, Course>>();
  let current: number | null = null;
  let shownMs = Number.NEGATIVE_INFINITY;
  let isDue = false;
  let drawing: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let failure: unknown = null;

  function figure(): Figure {
    const arms = [...bySeed.get(current!)!];
    return rlCurves({
      curves: arms.map(([arm, { metrics, probes }]) => curveOf(arm, metrics, probes)),
      ...(totalSteps === undefined ? {} : { totalSteps }),
      ...(bySeed.size > 1 ? { note: `Seed ${current}.` } : {}),
    });
  }

  async function draw(last: boolean): Promise<void> {
    isDue = false;
    shownMs = now();
    try {
      await show(figure(), { last });
    } catch (error) {
      failure ??= error;
    }
  }

  function next(): void {
    if (drawing || timer || failure !== null) return;
    const begin = () => {
      timer = null;
      drawing = draw(false).finally(() => {
        drawing = null;
        if (isDue) next();
      });
    };
    const wait = everyMs - (now() - shownMs);
    if (wait <= 0) begin();
    else timer = setTimeout(begin, wait);
  }

  function courseOf(arm: string, seed: number): Course {
    current = seed;
    const arms = bySeed.get(seed) ?? new Map<string, Course>();
    bySeed.set(seed, arms);
    const course = arms.get(arm) ?? { metrics: [], probes: [] };
    arms.set(arm, course);
    isDue = true;
    return course;
  }

  return {
    onStep(arm, seed, metrics) {
      courseOf(arm, seed).metrics.push(metrics);
      next();
    },
    onProbe(arm, seed, probe) {
      courseOf(arm, seed).probes.push(probe);
      next();
    },
    async finish() {
      if (timer) clearTimeout(timer);
      timer = null;
      isDue = false;
      await drawing;
      if (current !== null && failure === null) await draw(true);
      if (failure !== null) throw failure;
    },
  };
}
