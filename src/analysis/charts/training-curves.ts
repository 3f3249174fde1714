import type { Data } from 'plotly.js';
import { ConfigError } from '../../core';
import { armStyles } from './arm-style';
import type { Figure } from './figure';
import { chartLayout } from './layout';
import { plotText } from './plot-text';
import { runningMean, smoothingSteps } from './running-mean';

/** The loss of one arm, in nats per supervised token. */
export interface TrainingCurve {
  readonly arm: string;
  readonly steps: readonly { readonly step: number; readonly loss: number | null }[];
  /** Loss on examples never trained on, where it was measured. */
  readonly evaluations?: readonly { readonly step: number; readonly loss: number | null }[];
}

export interface TrainingCurvesInput {
  readonly curves: readonly TrainingCurve[];
  readonly title?: string;
  readonly note?: string;
}

/**
 * Loss by step: each arm's raw loss thin, its running mean bold, evaluations as markers. The running mean is an
 * exponential one over about 10 steps with bias correction (Kingma and Ba 2015, section 3), so that it starts at the
 * first loss. Without a title the figure states first and last smoothed loss. Throws ConfigError without curves.
 */
export function trainingCurves({ curves, title, note }: TrainingCurvesInput): Figure {
  if (curves.length === 0) throw new ConfigError('trainingCurves: needs at least 1 curve, got 0.');
  const styles = armStyles(curves.map(({ arm }) => arm));
  const said: string[] = [];
  const data = curves.flatMap(({ arm, steps, evaluations = [] }): Data[] => {
    const style = styles.get(arm)!;
    const shown = steps.filter((point): point is { step: number; loss: number } => point.loss !== null);
    const smooth = runningMean(shown.map(({ loss }) => loss));
    if (smooth.length > 0)
      said.push(`${style.name} ${smooth[0].toFixed(2)} to ${smooth[smooth.length - 1].toFixed(2)}`);
    const traces: Data[] = [
      {
        type: 'scatter',
        mode: 'lines',
        x: shown.map(({ step }) => step),
        y: shown.map(({ loss }) => loss),
        line: { color: style.colour, width: 1 },
        opacity: 0.25,
        showlegend: false,
        hoverinfo: 'skip',
      },
      {
        type: 'scatter',
        mode: smooth.length > 1 ? 'lines' : 'lines+markers',
        name: plotText(style.name),
        x: shown.map(({ step }) => step),
        y: smooth,
        line: { color: style.colour, width: 2.4, dash: style.dash },
        marker: { color: style.colour, size: 8, symbol: style.symbol },
        hovertemplate: `${plotText(style.name)}, step %{x}: %{y:.3f}<extra></extra>`,
      },
    ];
    if (evaluations.length > 0)
      traces.push({
        type: 'scatter',
        mode: 'markers',
        name: plotText(`${style.name}, held out`),
        x: evaluations.map(({ step }) => step),
        y: evaluations.map(({ loss }) => loss),
        marker: { color: '#ffffff', size: 10, symbol: style.symbol, line: { color: style.colour, width: 2 } },
        hovertemplate: `${plotText(style.name)} held out, step %{x}: %{y:.3f}<extra></extra>`,
      });
    return traces;
  });
  const finding = title ?? `Training loss: ${said.join(', ') || 'no step yet'}`;
  const layout = chartLayout({
    title: finding,
    caption: `Thin: each step; bold: running mean over about ${smoothingSteps} steps.${note ? ` ${note}` : ''}`,
    plotHeightPx: 300,
    legend: curves.flatMap(({ arm, evaluations = [] }) => {
      const { name } = styles.get(arm)!;
      return evaluations.length > 0 ? [name, `${name}, held out`] : [name];
    }),
    xTitle: 'optimiser step',
    yTitle: 'loss (nats per supervised token)',
    xaxis: { zeroline: false },
    yaxis: { zeroline: false },
  });
  return { data, layout, alt: `Loss by step. ${finding}.` };
}
